import CondenseFiles
import CondensePipelines
import Foundation

/// The folder that pipelines and their outputs belong to.
public struct Workspace: Sendable {
  /// An absolute path.
  public var root: String

  public init(root: String) { self.root = AbsolutePath.resolve(root, from: FileManager.default.currentDirectoryPath) }

  /// The nearest folder at or above `folder` that holds `condense.yaml` or `.git`, else `folder` itself.
  public static func nearest(to folder: String) -> Workspace {
    let start = AbsolutePath.resolve(folder, from: FileManager.default.currentDirectoryPath)
    var candidate = start
    while true {
      if ["condense.yaml", ".git"].contains(where: { FileSystem.exists(candidate + "/" + $0) }) {
        return Workspace(root: candidate)
      }
      guard candidate != "/" else { return Workspace(root: start) }
      candidate = (candidate as NSString).deletingLastPathComponent
    }
  }

  /// Where pipelines are looked for unless paths are given.
  public var pipelinesFolder: String { root + "/pipelines" }

  private var allStates: String { root + "/.condense" }
  private var state: LayoutFolder { LayoutFolder(in: allStates, version: 1) }

  /// State that another version of `condense` left here, by its folder's name; empty once this version has its own.
  public var otherStateVersions: [String] { state.othersIfNew }

  /// Makes the folder of the workspace's own state; it ignores itself in Git.
  public func makeStateFolder() throws(FileError) -> String {
    let folder = state.path
    try FileSystem.makeFolders(folder)
    let ignore = allStates + "/.gitignore"
    if !FileSystem.exists(ignore) {
      do {
        try OpenFile.creating(ignore).write([.init("*\n".utf8)])
      } catch  where error.code == EEXIST {
        // Another build was faster.
      }
    }
    return folder
  }

  /// A path as people know it: relative to the root where it is below it.
  public func displayPath(_ path: String) -> String {
    path.hasPrefix(root + "/") ? String(path.dropFirst(root.count + 1)) : path
  }

  /// The pipeline files at `paths`: files as they are, of folders all `.yaml` and `.yml` files below, sorted.
  ///
  /// Hidden files and folders are left out.
  public static func pipelineFiles(at paths: [String]) throws(FileError) -> [String] {
    var files: [String] = []
    for path in paths {
      if FileSystem.isFolder(path) {
        try addFiles(below: path, to: &files, depth: 0)
      } else {
        guard FileSystem.exists(path) else { throw FileError("open", path, code: ENOENT) }
        files.append(path)
      }
    }
    var seen: Set<String> = []
    return files.filter { seen.insert($0).inserted }
  }

  private static func addFiles(below folder: String, to files: inout [String], depth: Int) throws(FileError) {
    // Deeper than any tree of pipelines; a symbolic link that leads back up would never end.
    guard depth < 32 else { return }
    for name in try FileSystem.names(in: folder) where !name.hasPrefix(".") {
      let path = folder + "/" + name
      if FileSystem.isFolder(path) {
        try addFiles(below: path, to: &files, depth: depth + 1)
      } else if name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
        files.append(path)
      }
    }
  }
}
