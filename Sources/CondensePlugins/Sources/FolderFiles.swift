import CondenseFiles

/// The regular files of a folder and those below it, links followed, that can decide what a plugin does: all but hidden
/// ones and what Python compiles.
struct FolderFiles {
  /// Absolute, sorted within each folder.
  private(set) var paths: [String] = []
  private(set) var folders: [String] = []
  private let root: String
  private var visited: Set<String> = []
  private var byteCount = 0

  /// A plugin's folder holds programs: one with more is a workspace by mistake.
  static let mostFiles = 2000
  static let mostBytes = 1 << 30
  private static let ignored = ["__pycache__", "node_modules"]

  /// - Parameter isLeftOut: whether a name in the folder itself does not count.
  /// - Throws: ``PluginFailure`` where it holds too much, or cannot be read.
  init(_ folder: String, isLeftOut: (String) -> Bool = { _ in false }) throws(PluginFailure) {
    root = folder
    try add(folder, isLeftOut)
  }

  private mutating func add(_ folder: String, _ isLeftOut: (String) -> Bool) throws(PluginFailure) {
    // Links can lead in circles.
    guard visited.insert(FileSystem.realPath(folder) ?? folder).inserted else { return }
    folders.append(folder)
    let entries: [FolderEntry]
    do { entries = try FileSystem.entries(in: folder) } catch { throw PluginFailure("\(error)") }
    for entry in entries where !entry.isHidden && !FolderFiles.ignored.contains(entry.name) && !isLeftOut(entry.name) {
      guard entry.isUTF8 else { throw PluginFailure("a name in '\(folder)' is not UTF-8") }
      let path = folder + "/" + entry.name
      switch FileSystem.resolvedKind(of: entry, in: folder) {
      case .folder: try add(path) { _ in false }
      case .file:
        paths.append(path)
        byteCount += (try? FileIdentity(of: path).byteCount) ?? 0
      case .link, .other: break
      }
      guard paths.count <= FolderFiles.mostFiles, byteCount <= FolderFiles.mostBytes else {
        throw PluginFailure(
          "its folder '\(root)' holds more than \(FolderFiles.mostFiles) files or 1 GiB, all of which would decide what "
            + "the stage yields; give the plugin a folder of its own")
      }
    }
  }
}
