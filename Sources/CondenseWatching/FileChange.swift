/// Something that happened to a watched path.
public struct FileChange: Hashable, Sendable {
  public enum Kind: Sendable {
    /// Written to, and maybe still open for writing.
    case modified
    /// Closed after writing, moved here or away, made as a link, deleted, or its attributes changed.
    case settled
    /// A folder appeared, went or was replaced: whatever is in it, at any depth, may differ.
    case folder
  }

  /// As the plan knows it: below the tree or folder that was asked for, whatever links lead there.
  public var path: String
  public var kind: Kind

  public init(path: String, kind: Kind) {
    self.path = path
    self.kind = kind
  }
}

/// What a watcher tells.
public enum WatchNotice: Equatable, Sendable {
  /// In the order in which they happened. A change may be told that made no difference; none is left out.
  case changes([FileChange])
  /// Changes were missed, so everything may differ. To be answered by a look at everything and by giving the plan again.
  case rescan(reason: String)
  /// Scanning takes the place of the kernel's events, and why: names the limit that was reached or the file system.
  case degraded(String)
}
