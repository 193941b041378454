import CondenseFiles
import CondensePipelines
import Foundation

/// The folder that pipelines and their outputs belong to.
public struct Workspace: Sendable {
  /// An absolute path.
  public var root: String

  public init(root: String) { self.root = AbsolutePath.resolve(root, from: FileManager.default.currentDirectoryPath) }

  /// The file that configures a workspace; it need not be there.
  static let configurationName = "condense.yaml"

  /// The nearest folder at or above `folder` that holds `condense.yaml` or `.git`, else `folder` itself.
  public static func nearest(to folder: String) -> Workspace {
    let start = AbsolutePath.resolve(folder, from: FileManager.default.currentDirectoryPath)
    var candidate = start
    while true {
      if [configurationName, ".git"].contains(where: { FileSystem.exists(candidate + "/" + $0) }) {
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

  /// The pipeline files at `paths`: files as they are, of folders all `.yaml` and `.yml` files below.
  ///
  /// Hidden files and folders are left out, and so is the workspace's configuration.
  public func pipelines(at paths: [String]) -> PipelineListing {
    var walk = PipelineWalk(root: root, ignore: [])
    for path in paths { walk.add(path) }
    return walk.listing
  }

  /// All pipeline files of the workspace.
  public func allPipelines() -> PipelineListing {
    FileSystem.isFolder(pipelinesFolder) ? pipelines(at: [pipelinesFolder]) : PipelineListing()
  }
}
