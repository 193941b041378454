import ArgumentParser
import CondenseEngine
import CondenseFiles
import CondensePipelines
import CondenseReports
import CondenseStore
import Foundation

/// Which pipelines a command is about.
struct PipelineOptions: ParsableArguments {
  @Argument(
    help:
      "Pipeline files, or folders of them. Without any: the workspace's, in 'pipelines' or where 'condense.yaml' says.",
    completion: .file())
  var paths: [String] = []

  @OptionGroup var location: WorkspaceOptions

  func resolvedWorkspace() throws -> Workspace { try location.resolvedWorkspace() }

  /// The pipeline files, and what kept others from being among them. A path that names nothing is among the files: reading
  /// it tells so.
  func listing(in workspace: Workspace) throws -> PipelineListing {
    BuildInvocation(paths: try checkedPaths(in: workspace)).listing(in: workspace)
  }

  /// The paths, absolute; none for the whole workspace, which has pipelines then.
  func checkedPaths(in workspace: Workspace) throws -> [String] {
    let current = FileManager.default.currentDirectoryPath
    guard paths.isEmpty else { return paths.map { AbsolutePath.resolve($0, from: current) } }
    guard workspace.configuration.pipelines != nil || FileSystem.isFolder(workspace.pipelinesFolder) else {
      throw ValidationError(
        "there is no folder '\(workspace.pipelinesFolder)'; name pipeline files, or make it and drop one in")
    }
    return []
  }
}

extension LocalStore {
  /// The folder that the environment names, else the workspace's configuration.
  static func folder(for workspace: Workspace) -> String {
    let environment = ProcessInfo.processInfo.environment
    let named = environment["CONDENSE_CACHE_DIR"].flatMap { $0.isEmpty ? nil : $0 }
    let folder =
      named ?? workspace.configuration.cacheFolder?.absolutePath ?? LocalStore.defaultFolder(environment: environment)
    return AbsolutePath.resolve(folder, from: FileManager.default.currentDirectoryPath)
  }

  /// The store in that folder.
  static func fromEnvironment(for workspace: Workspace) throws(StoreError) -> LocalStore {
    let folder = folder(for: workspace)
    let store = try LocalStore(folder: folder)
    if !store.otherVersions.isEmpty {
      Console().note(
        "note: the store '\(folder)' holds \(store.otherVersions.joined(separator: ", ")) of another version of condense; "
          + "left as it is, and a new store started beside it")
    }
    return store
  }
}
