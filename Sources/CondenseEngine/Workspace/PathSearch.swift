import CondenseFiles
import CondensePipelines

/// Finds the files or folders that a pattern names, in bounded time whatever is on the disk.
///
/// `**` follows no links, so that a loop of them ends; hidden names are matched only by patterns that begin with a dot.
struct PathSearch {
  let wanted: FolderEntry.Kind
  /// Absolute, normalised.
  private(set) var found: Set<String> = []
  /// Where a new name could change what is found, as it was before it was looked into: also folders that are not there.
  private(set) var folders: [String: TrackedFile] = [:]
  private(set) var problem: String?

  private var visited: Set<Step> = []
  private var entriesLeft = PathSearch.mostEntries

  private struct Step: Hashable {
    var folder: String
    var rest: ArraySlice<PathPattern.Component>
  }

  /// Folders in each other.
  private static let deepest = 32
  /// Names that are looked at.
  private static let mostEntries = 1_000_000

  init(for wanted: FolderEntry.Kind) { self.wanted = wanted }

  /// What was found, sorted by bytes.
  var sorted: [String] { found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

  /// Looks for a pattern that is relative to `folder`, unless it begins with a slash.
  mutating func find(_ pattern: String, from folder: String) {
    do {
      let start = pattern.hasPrefix("/") ? "" : AbsolutePath.resolve(folder, from: "/")
      for components in try PathPattern(pattern).alternatives {
        visit(start == "/" ? "" : start, components[...], depth: 0, isBelowPattern: false)
      }
    } catch {
      problem = "the pattern \(Diagnostic.quoted(pattern)) is none: \(error.message)"
    }
  }

  /// `folder` is absolute, and empty for the root.
  private mutating func visit(
    _ folder: String, _ rest: ArraySlice<PathPattern.Component>, depth: Int, isBelowPattern: Bool
  ) {
    guard problem == nil, let component = rest.first, visited.insert(Step(folder: folder, rest: rest)).inserted else {
      return
    }
    let after = rest.dropFirst()
    switch component {
    case .name(let name):
      if isBelowPattern { look(folder.isEmpty ? "/" : folder) }
      let path = AbsolutePath.resolve(name, from: folder)
      if after.isEmpty {
        add(path, FileSystem.kind(at: path))
      } else {
        visit(path == "/" ? "" : path, after, depth: depth, isBelowPattern: isBelowPattern)
      }
    case .glob(let glob):
      for entry in entries(folder) where matches(glob, entry) {
        guard isNamed(entry, in: folder) else { return }
        let path = folder + "/" + entry.name
        let kind = FileSystem.resolvedKind(of: entry, in: folder)
        if after.isEmpty {
          add(path, kind)
        } else if kind == .folder {
          visit(path, after, depth: depth, isBelowPattern: true)
        }
      }
    case .anyFolders:
      guard depth < PathSearch.deepest else {
        problem = "folders are more than \(PathSearch.deepest) deep at '\(folder)'"
        return
      }
      if after.isEmpty, wanted == .folder { add(folder, .folder) }
      if !after.isEmpty { visit(folder, after, depth: depth, isBelowPattern: true) }
      for entry in entries(folder) where !entry.isHidden {
        if after.isEmpty, wanted == .file, entry.isUTF8 {
          add(folder + "/" + entry.name, FileSystem.resolvedKind(of: entry, in: folder))
        }
        guard entry.kind == .folder else { continue }
        guard isNamed(entry, in: folder) else { return }
        visit(folder + "/" + entry.name, rest, depth: depth + 1, isBelowPattern: true)
      }
    }
  }

  private func matches(_ glob: Glob, _ entry: FolderEntry) -> Bool {
    (!entry.isHidden || glob.pattern.hasPrefix(".")) && glob.matches(entry.name)
  }

  private mutating func isNamed(_ entry: FolderEntry, in folder: String) -> Bool {
    guard !entry.isUTF8 else { return true }
    problem = "a name in '\(folder)' is not UTF-8: \(Diagnostic.quoted(entry.name))"
    return false
  }

  private mutating func add(_ path: String, _ kind: FolderEntry.Kind?) {
    if kind == wanted { found.insert(path) }
  }

  private mutating func look(_ folder: String) {
    if folders[folder] == nil { folders[folder] = TrackedFile(folder: folder) }
  }

  private mutating func entries(_ folder: String) -> [FolderEntry] {
    let path = folder.isEmpty ? "/" : folder
    look(path)
    do {
      let entries = try FileSystem.entries(in: path)
      entriesLeft -= entries.count
      if entriesLeft < 0 { problem = "more than \(PathSearch.mostEntries) files to look through" }
      return problem == nil ? entries : []
    } catch {
      if !error.isMissing { problem = "\(error)" }
      return []
    }
  }
}
