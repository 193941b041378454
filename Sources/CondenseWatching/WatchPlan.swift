/// What is to be watched. Absolute paths, without `.` and `..` and a slash at the end; nothing need exist.
public struct WatchPlan: Equatable, Sendable {
  /// Folders with everything below them, new folders and what links lead to included. Hidden folders below are not
  /// entered.
  public var trees: Set<String>
  /// Single files, there or not, also through symbolic links.
  public var files: Set<String>
  /// Folders whose direct entries matter.
  public var folders: Set<String>

  public init(trees: Set<String> = [], files: Set<String> = [], folders: Set<String> = []) {
    self.trees = trees
    self.files = files
    self.folders = folders
  }

  public var isEmpty: Bool { trees.isEmpty && files.isEmpty && folders.isEmpty }

  /// A folder that is reached deeper below a tree than this is not watched: links can lead in circles.
  static let deepest = 32
}

extension WatchPlan {
  /// Those entries that `other` has not.
  func subtracting(_ other: WatchPlan) -> WatchPlan {
    WatchPlan(
      trees: trees.subtracting(other.trees), files: files.subtracting(other.files),
      folders: folders.subtracting(other.folders))
  }

  func intersection(_ other: WatchPlan) -> WatchPlan {
    WatchPlan(
      trees: trees.intersection(other.trees), files: files.intersection(other.files),
      folders: folders.intersection(other.folders))
  }

  func union(_ other: WatchPlan) -> WatchPlan {
    WatchPlan(
      trees: trees.union(other.trees), files: files.union(other.files), folders: folders.union(other.folders))
  }
}
