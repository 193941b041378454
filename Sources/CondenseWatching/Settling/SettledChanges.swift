/// Changes that come out together.
public struct SettledChanges: Equatable, Sendable {
  public var paths: Set<String>
  /// Those of which whatever is in them, at any depth, may differ.
  public var folders: Set<String>
  /// Whether everything may differ.
  public var needsRescan: Bool

  public init(paths: Set<String> = [], folders: Set<String> = [], needsRescan: Bool = false) {
    self.paths = paths
    self.folders = folders
    self.needsRescan = needsRescan
  }

  public var isEmpty: Bool { paths.isEmpty && folders.isEmpty && !needsRescan }
}
