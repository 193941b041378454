import CondenseFiles
import CondenseTensors
import Foundation

/// How a daemon can be reached, and what it is: written when it is ready, removed when it ends. One that is found says only
/// that there was a daemon; the lock says whether there is.
package struct DaemonRecord: Codable, Equatable, Sendable {
  package var pid: Int32
  /// When the daemon started, in seconds since 1970.
  package var started: Double
  /// The program's version.
  package var version: String
  /// Stands for everything in the program that decides what a build makes, in hexadecimal.
  package var program: String
  /// The store that it builds with.
  package var store: String
  /// The Unix socket's path.
  package var socket: String
  /// For example `http://127.0.0.1:4117`; nil where it listens on no port.
  package var address: String?

  package init(
    pid: Int32, started: Double, version: String, program: String, store: String, socket: String, address: String?
  ) {
    self.pid = pid
    self.started = started
    self.version = version
    self.program = program
    self.store = store
    self.socket = socket
    self.address = address
  }

  /// The record in a folder; nil where there is none that can be read.
  package init?(in folder: DaemonFolder) {
    guard let file = try? OpenFile.reading(folder.recordPath), let bytes = try? file.read(0..<DaemonRecord.largest),
      let record = try? JSONDecoder().decode(DaemonRecord.self, from: Data(bytes.array))
    else { return nil }
    self = record
  }

  private static let largest = 64 << 10

  /// Needs the daemon's lock.
  func keep(in folder: DaemonFolder) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let bytes = Bytes(Array(try encoder.encode(self)))
    try FileSystem.replace(folder.recordPath, with: bytes, through: folder.recordPath + ".new")
  }
}
