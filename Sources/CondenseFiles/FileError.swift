import Foundation

/// A system call on a file that failed: what was tried, where, and what the system said.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// For example `open` or `write`.
  public var operation: String
  public var path: String
  /// The system's `errno`.
  public var code: Int32

  public init(_ operation: String, _ path: String, code: Int32) {
    self.operation = operation
    self.path = path
    self.code = code
  }

  /// Whether there is nothing at the path.
  public var isMissing: Bool { code == ENOENT || code == ENOTDIR }

  /// Whether the disk, or the user's share of it, is full.
  public var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }

  public var reason: String { String(cString: strerror(code)) }

  public var description: String {
    isDiskFull
      ? "cannot \(operation) '\(path)': the disk is full (\(reason))" : "cannot \(operation) '\(path)': \(reason)"
  }
}
