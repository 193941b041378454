import Foundation

/// Locks on single bytes of a file, between processes and within one, gone with their holder however that ends.
///
/// They belong to the open file description (`fcntl` with `F_OFD_SETLK`): classic POSIX locks would be lost as soon as
/// anything else in the process closes the file. The bytes need not be there.
public final class RangeLock: Sendable {
  private let descriptor: Int32

  // Neither platform's module gives these to Swift on all versions. Linux: include/uapi/asm-generic/fcntl.h;
  // Darwin: bsd/sys/fcntl.h.
  #if canImport(Darwin)
    private static let setWithoutWaiting: Int32 = 90
    private static let setWaiting: Int32 = 91
  #else
    private static let setWithoutWaiting: Int32 = 37
    private static let setWaiting: Int32 = 38
  #endif

  /// Opens the file at `path`, or makes it; holds nothing yet.
  public init(_ path: String) throws(FileError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError("open", path, code: errno) }
  }

  /// Lets go of all of them.
  deinit { close(descriptor) }

  public enum Outcome: Sendable {
    case taken
    /// Another has it.
    case busy
    /// The file system has no such locks.
    case unsupported
  }

  /// Takes the byte at `offset`, from 0 to 2⁶² - 1.
  public func take(_ offset: UInt64, waits: Bool) -> Outcome {
    var request = flock()
    request.l_type = Int16(F_WRLCK)
    request.l_whence = Int16(SEEK_SET)
    request.l_start = off_t(offset & (1 << 62 - 1))
    request.l_len = 1
    // The process number must be zero for locks of this kind.
    request.l_pid = 0
    while true {
      let result = withUnsafeMutablePointer(to: &request) {
        fcntl(descriptor, waits ? RangeLock.setWaiting : RangeLock.setWithoutWaiting, UnsafeMutableRawPointer($0))
      }
      if result == 0 { return .taken }
      switch errno {
      case EINTR: continue
      case EAGAIN, EACCES: return .busy
      default: return .unsupported
      }
    }
  }
}
