import CondenseFiles
import CondenseTensors
import Foundation

/// The builds that run over a store: each holds a lock on a file of its own in `running/`, which names the hour in which
/// the build began.
///
/// What such a build uses counts as used in that hour or later, so whoever evicts spares all that was used since the
/// oldest of them began. A killed build's lock is gone with it.
struct RunningBuilds: Sendable {
  let folder: String
  /// Held while a build enters, and while something is evicted: neither can fall into the middle of the other.
  let gatePath: String

  private static let suffix = ".lock"

  init(root: String) {
    folder = root + "/running"
    gatePath = root + "/running.lock"
  }

  func enter(hour: Int) throws(FileError) -> StoreHold {
    try FileSystem.makeFolders(folder)
    let gate = try FileLock.waiting(gatePath)
    defer { withExtendedLifetime(gate) {} }
    // What killed builds left goes with the next one.
    _ = oldest()
    while true {
      let path = "\(folder)/\(UUID().uuidString)\(RunningBuilds.suffix)"
      guard let lock = try FileLock.attempt(path) else { continue }
      let hold = StoreHold(lock)
      try OpenFile.updating(path).write([Bytes("\(hour)".utf8)])
      return hold
    }
  }

  /// Calls `body` with the hour in which the oldest running build began, while no other can begin.
  func withOldest<T>(_ body: (Int?) throws -> T) throws -> T {
    let gate = try FileLock.waiting(gatePath)
    defer { withExtendedLifetime(gate) {} }
    return try body(oldest())
  }

  /// What cannot be read is a build from the beginning of time: then nothing is evicted.
  private func oldest() -> Int? {
    let names = (try? FileSystem.names(in: folder)) ?? []
    return names.compactMap { name -> Int? in
      let path = folder + "/" + name
      do {
        if let abandoned = try FileLock.attempt(path) {
          try abandoned.removeFile()
          return nil
        }
        return Int(String(decoding: try OpenFile.reading(path).read(0..<32).array, as: UTF8.self)) ?? 0
      } catch {
        return (error as? FileError)?.isMissing == true ? nil : 0
      }
    }.min()
  }
}

/// While it is there, nothing that is used from its making on is evicted from the store.
public final class StoreHold: Sendable {
  private let lock: FileLock

  init(_ lock: FileLock) { self.lock = lock }

  deinit { try? lock.removeFile() }
}
