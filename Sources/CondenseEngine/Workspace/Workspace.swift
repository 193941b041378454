import CondenseFiles
import CondensePipelines
import Foundation

/// The folder that pipelines and their outputs belong to.
public struct Workspace: Sendable {
  /// An absolute path.
  public let root: String
  /// What `condense.yaml` at the root says; what is wrong with it is in it.
  public let configuration: Configuration
  /// The configuration's file as it was when it was read.
  let configurationFile: TrackedFile

  /// Reads the configuration, if there is one.
  public init(root: String) {
    self.root = AbsolutePath.resolve(root, from: FileManager.default.currentDirectoryPath)
    (configuration, configurationFile) = Workspace.configuration(at: Workspace.configurationPath(in: self.root))
  }

  /// Where the configuration is, or would be.
  public var configurationPath: String { Workspace.configurationPath(in: root) }

  static func configurationPath(in root: String) -> String { AbsolutePath.resolve(configurationName, from: root) }

  private static func configuration(at path: String) -> (Configuration, TrackedFile) {
    do {
      let (bytes, file) = try InputFiles.read(path)
      return (Configuration(SourceText(file: path, bytes: bytes)), file)
    } catch {
      var configuration = Configuration()
      guard !error.isMissing else { return (configuration, TrackedFile(missing: path)) }
      configuration.diagnostics = [
        Diagnostic(.error, "cannot \(error.operation): \(error.reason)", file: path, range: nil)
      ]
      return (configuration, TrackedFile(folder: path))
    }
  }

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

  /// Whether a path, links followed, is the root's or below it.
  public func contains(realPath path: String) -> Bool {
    let real = FileSystem.realPath(root) ?? root
    return path == real || path.hasPrefix(real == "/" ? real : real + "/")
  }

  /// A path as people know it: relative to the root where it is below it.
  public func displayPath(_ path: String) -> String {
    path.hasPrefix(root + "/") ? String(path.dropFirst(root.count + 1)) : path
  }

  /// The pipeline files at `paths`: files as they are, of folders all `.yaml` and `.yml` files below.
  ///
  /// Hidden files and folders are left out, and so are the workspace's configuration and what it says to ignore.
  public func pipelines(at paths: [String]) -> PipelineListing {
    var walk = PipelineWalk(root: root, ignore: configuration.ignore.map(\.value))
    for path in paths { walk.add(path) }
    return walk.listing
  }

  /// All pipeline files of the workspace: those in its `pipelines` folder, or wherever its configuration says.
  public func allPipelines() -> PipelineListing {
    guard let patterns = configuration.pipelines else {
      return FileSystem.isFolder(pipelinesFolder) ? pipelines(at: [pipelinesFolder]) : PipelineListing()
    }
    var folders: [String] = []
    var looked: Set<String> = []
    var problems: [Diagnostic] = []
    for pattern in patterns {
      var search = PathSearch(for: .folder)
      search.find(pattern.value, from: root)
      looked.formUnion(search.folders.keys)
      if let problem = search.problem {
        problems.append(Diagnostic(problem, at: pattern.place))
      } else if search.found.isEmpty {
        problems.append(
          Diagnostic(
            "there is no folder \(Diagnostic.quoted(pattern.value)) (looked for \(pattern.absolutePath))",
            at: pattern.place))
      }
      folders += search.sorted
    }
    var listing = pipelines(at: folders)
    listing.folders = Set(listing.folders).union(looked).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    listing.problems = problems + listing.problems
    return listing
  }

  /// Where pipelines are looked for unless paths are given, or the configuration says something else.
  public var pipelinesFolder: String { root + "/pipelines" }
}
