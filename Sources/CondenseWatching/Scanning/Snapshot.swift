import CondenseFiles

/// What a plan's paths looked like at one time.
struct Snapshot: Sendable {
  /// What was at a path, links followed.
  enum Look: Hashable, Sendable {
    case file(FileIdentity)
    /// A folder is another one when its inode is; what is in it is looked at for itself.
    case folder(device: UInt64, inode: UInt64)
  }

  private(set) var trees: [String: [String: Look]] = [:]
  private(set) var folders: [String: [String: Look]] = [:]
  private(set) var files: [String: [String: Look]] = [:]
  /// The paths that were looked at.
  private(set) var lookCount = 0

  init() {}

  init(of plan: WatchPlan) {
    for path in plan.trees { trees[path] = treeLooks(path) }
    for path in plan.folders { folders[path] = folderLooks(path) }
    for path in plan.files { files[path] = look(path).map { [path: $0] } ?? [:] }
  }

  private mutating func look(_ path: String) -> Look? {
    lookCount += 1
    guard let identity = try? FileIdentity(of: path) else { return nil }
    guard FileSystem.isFolder(path) else { return .file(identity) }
    return .folder(device: identity.device, inode: identity.inode)
  }

  private mutating func folderLooks(_ folder: String) -> [String: Look] {
    var looks: [String: Look] = [:]
    looks[folder] = look(folder)
    for entry in (try? FileSystem.entries(in: folder)) ?? [] {
      let path = Snapshot.path(of: entry, in: folder)
      looks[path] = look(path)
    }
    return looks
  }

  /// As for a folder, for all below it that are not hidden. A folder that links lead to too is entered once, by its own
  /// name if it has one in the tree: or else two scans might take it by two names.
  private mutating func treeLooks(_ root: String) -> [String: Look] {
    var looks: [String: Look] = [:]
    var visited: Set<Look> = []
    var folders = [(path: root, depth: 0)]
    var links: [(path: String, depth: Int)] = []
    while let folder = folders.popLast() ?? links.popLast() {
      guard let own = look(folder.path) else { continue }
      looks[folder.path] = own
      guard case .folder = own, visited.insert(own).inserted, folder.depth <= WatchPlan.deepest else { continue }
      for entry in (try? FileSystem.entries(in: folder.path)) ?? [] {
        let path = Snapshot.path(of: entry, in: folder.path)
        if entry.isHidden {
          looks[path] = look(path)
        } else if entry.kind == .link {
          links.append((path, folder.depth + 1))
        } else {
          folders.append((path, folder.depth + 1))
        }
      }
    }
    return looks
  }

  private static func path(of entry: FolderEntry, in folder: String) -> String {
    folder == "/" ? "/" + entry.name : folder + "/" + entry.name
  }
}

extension Snapshot {
  /// What differs from an earlier snapshot, of what is in both; sorted by path. A file that changed counts as being
  /// written: a scan cannot tell.
  func changes(since earlier: Snapshot) -> [FileChange] {
    var changes: Set<FileChange> = []
    Snapshot.compare(earlier.trees, trees, into: &changes)
    Snapshot.compare(earlier.folders, folders, into: &changes)
    Snapshot.compare(earlier.files, files, into: &changes)
    return changes.sorted { ($0.path, "\($0.kind)") < ($1.path, "\($1.kind)") }
  }

  private static func compare(
    _ earlier: [String: [String: Look]], _ later: [String: [String: Look]], into changes: inout Set<FileChange>
  ) {
    for (entry, new) in later {
      guard let old = earlier[entry] else { continue }
      for (path, look) in new where old[path] != look {
        switch look {
        case .file: changes.insert(FileChange(path: path, kind: .modified))
        case .folder: changes.insert(FileChange(path: path, kind: .folder))
        }
        if case .folder = old[path] { changes.insert(FileChange(path: path, kind: .folder)) }
      }
      for (path, look) in old where new[path] == nil {
        switch look {
        case .file: changes.insert(FileChange(path: path, kind: .settled))
        case .folder: changes.insert(FileChange(path: path, kind: .folder))
        }
      }
    }
  }
}
