import CondenseFiles
import Foundation

/// That this process is the one daemon of its workspace.
///
/// The system lets go of it when the process ends, however that is: nothing is stale after a crash, and a number that
/// another process has meanwhile misleads nobody.
final class DaemonLock: Sendable {
  private let folder: DaemonFolder
  private let lock: FileLock

  /// - Throws: ``DaemonIsRunning`` where another has it, ``FileError``.
  init(_ folder: DaemonFolder) throws {
    self.folder = folder
    guard let lock = try FileLock.attempt(folder.lockPath) else {
      throw DaemonIsRunning(record: DaemonRecord(in: folder))
    }
    self.lock = lock
    // What is there was left by a daemon that did not come to its end.
    try FileSystem.remove(folder.recordPath)
  }

  /// Removes the record: the daemon takes no more requests.
  func retire() { try? FileSystem.remove(folder.recordPath) }
}

/// Another daemon serves the workspace.
package struct DaemonIsRunning: Error, CustomStringConvertible {
  /// Nil while it is still starting.
  package var record: DaemonRecord?

  package var description: String {
    guard let record else { return "a daemon serves this workspace already; it is just starting" }
    let date = Date(timeIntervalSince1970: record.started).formatted(
      Date.ISO8601FormatStyle(timeZone: .current).dateSeparator(.dash).dateTimeSeparator(.space))
    return "a daemon serves this workspace already: process \(record.pid), since \(date) ('condense status' asks it)"
  }
}
