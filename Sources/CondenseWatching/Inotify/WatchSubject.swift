#if os(Linux)
  import CondenseFiles
  import Glibc

  /// One thing that is watched, and what of it.
  struct WatchSubject: Hashable {
    enum Reach { case tree, file, folder }

    var reach: Reach
    var path: String
    /// The tree of the plan that it belongs to: the path itself, or for a link in a tree that of the tree.
    var tree: String?

    static func entries(of plan: WatchPlan) -> [WatchSubject] {
      plan.trees.map { WatchSubject(reach: .tree, path: $0, tree: $0) }
        + plan.folders.map { WatchSubject(reach: .folder, path: $0) }
        + plan.files.map { WatchSubject(reach: .file, path: $0) }
    }

    /// Whether the plan does not name it.
    var isInner: Bool { tree.map { $0 != path } ?? false }
  }

  extension WatchPlan {
    func contains(_ subject: WatchSubject) -> Bool {
      switch subject.reach {
      case .tree: trees.contains(subject.path)
      case .folder: folders.contains(subject.path)
      case .file: files.contains(subject.path)
      }
    }

    mutating func insert(_ subject: WatchSubject) {
      switch subject.reach {
      case .tree: trees.insert(subject.path)
      case .folder: folders.insert(subject.path)
      case .file: files.insert(subject.path)
      }
    }
  }

  /// What a folder, under its real path, is watched for on behalf of one subject.
  struct FolderUse: Equatable {
    /// Entries that decide where the subject's path leads, the file at its end among them.
    var names: Set<String> = []
    /// Where every entry matters: the paths under which the plan knows the folder.
    var shownAs: Set<String> = []

    /// Whether the folder is more than one of those below a tree.
    func isWay(of subject: WatchSubject) -> Bool {
      !names.isEmpty || shownAs.isEmpty || shownAs.contains(subject.path)
    }
  }

  /// Where a path leads.
  enum PathEnd: Equatable {
    case missing
    /// The real paths.
    case file(String)
    case folder(String)
  }

  /// How a subject is reached.
  struct WatchRoute: Equatable {
    /// By the folders' real paths.
    var uses: [String: FolderUse] = [:]
    var end = PathEnd.missing
  }

  /// Whether `path` is `folder` or below it.
  func isPath(_ path: String, atOrBelow folder: String) -> Bool {
    path.utf8.starts(with: folder.utf8)
      && (path.utf8.count == folder.utf8.count || folder == "/"
        || path.utf8[path.utf8.index(path.utf8.startIndex, offsetBy: folder.utf8.count)] == UInt8(ascii: "/"))
  }

  /// What is at a path, a link for itself; nil where there is nothing.
  func entryKind(_ path: String) -> FolderEntry.Kind? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return .folder
    case S_IFLNK: return .link
    case S_IFREG: return .file
    default: return .other
    }
  }

  func joined(_ folder: String, _ name: some StringProtocol) -> String {
    folder == "/" ? "/" + name : folder + "/" + name
  }
#endif
