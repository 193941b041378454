import CondenseFiles

/// What of a file moves while it is being written.
public struct FileStamp: Hashable, Sendable {
  public var byteCount: Int
  /// Nanoseconds since 1970.
  public var modificationTime: Int64

  public init(byteCount: Int, modificationTime: Int64) {
    self.byteCount = byteCount
    self.modificationTime = modificationTime
  }

  /// Of the file at `path`, links followed; nil where there is none.
  public init?(of path: String) {
    guard let identity = try? FileIdentity(of: path) else { return nil }
    self.init(byteCount: identity.byteCount, modificationTime: identity.modificationTime)
  }
}
