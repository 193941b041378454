import Foundation

/// A folder for files that are being written: of this process alone, and removed by the next one if this one dies.
///
/// Beside the folder `NAME` stands `NAME.lock`, which its owner holds; what is left of a process that is gone is told by
/// a lock that can be taken. Process numbers would not do: they come round, and mean nothing in another container.
public final class ScratchFolder: Sendable {
  public let path: String
  private let lock: FileLock

  private static let lockSuffix = ".lock"

  /// Makes a folder in `parent`, and removes those of processes that are gone.
  public init(in parent: String) throws(FileError) {
    try FileSystem.makeFolders(parent)
    ScratchFolder.removeAbandoned(in: parent)
    (path, lock) = try ScratchFolder.newName(in: parent)
    do {
      try FileSystem.makeFolders(path)
    } catch {
      try? lock.removeFile()
      throw error
    }
  }

  private static func newName(in parent: String) throws(FileError) -> (path: String, lock: FileLock) {
    while true {
      let path = "\(parent)/\(UUID().uuidString)"
      // Another process may look into a lock between its making and its taking; then this one tries another name.
      if let lock = try FileLock.attempt(path + lockSuffix) { return (path, lock) }
    }
  }

  deinit { remove() }

  /// Removes the folder and what is left in it. Nothing may be written to it any more.
  public func remove() { ScratchFolder.remove(path, lock) }

  /// A name in the folder that is not taken.
  public func newFile() -> String { path + "/" + UUID().uuidString }

  /// Removes the folders of processes that are gone; does nothing where `parent` is missing.
  public static func removeAbandoned(in parent: String) {
    for name in (try? FileSystem.names(in: parent)) ?? [] where name.hasSuffix(lockSuffix) {
      let lockPath = parent + "/" + name
      guard let lock = try? FileLock.attempt(lockPath) else { continue }
      remove(String(lockPath.dropLast(lockSuffix.count)), lock)
    }
  }

  /// The lock's file goes last, so that a folder without one never stays behind.
  private static func remove(_ path: String, _ lock: FileLock) {
    try? FileManager.default.removeItem(atPath: path)
    guard !FileSystem.exists(path) else { return }
    try? lock.removeFile()
  }
}
