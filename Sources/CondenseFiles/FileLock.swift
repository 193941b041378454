import Foundation

/// A lock between processes that is gone with its holder, however that ends (`flock`, on a file of its own).
///
/// The file stays where it is while the lock is held; whoever removes it must hold the lock.
public final class FileLock: Sendable {
  public let path: String
  private let descriptor: Int32

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Takes the lock, or returns nil where another has it.
  public static func attempt(_ path: String) throws(FileError) -> FileLock? { try take(path, LOCK_EX | LOCK_NB) }

  /// Takes the lock, waiting for whoever has it.
  public static func waiting(_ path: String) throws(FileError) -> FileLock {
    while true {
      if let lock = try take(path, LOCK_EX) { return lock }
    }
  }

  /// Nil where another has the lock, or the file was removed by its last holder meanwhile.
  private static func take(_ path: String, _ operation: Int32) throws(FileError) -> FileLock? {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError("open", path, code: errno) }
    let lock = FileLock(path: path, descriptor: descriptor)
    while flock(descriptor, operation) != 0 {
      if errno == EWOULDBLOCK { return nil }
      guard errno == EINTR else { throw FileError("lock", path, code: errno) }
    }
    // A lock on a file that is not under the name any more keeps nobody out.
    var (held, named) = (stat(), stat())
    guard fstat(descriptor, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino,
      held.st_dev == named.st_dev
    else { return nil }
    return lock
  }

  /// Removes the lock's file. The lock itself goes with the last reference.
  public func removeFile() throws(FileError) { try FileSystem.remove(path) }
}
