import ArgumentParser
import CondenseEngine
import CondenseFiles
import CondensePipelines
import CondenseStore
import Foundation

/// Which pipelines a command is about.
struct PipelineOptions: ParsableArguments {
  @Argument(
    help: "Pipeline files, or folders of them. Without any: the workspace's 'pipelines' folder.", completion: .file())
  var paths: [String] = []

  @Option(
    help: ArgumentHelp(
      "The workspace; by default the nearest parent with 'condense.yaml' or '.git', else the current folder.",
      valueName: "dir"), completion: .directory)
  var workspace: String?

  func resolvedWorkspace() -> Workspace {
    workspace.map { Workspace(root: $0) } ?? Workspace.nearest(to: FileManager.default.currentDirectoryPath)
  }

  /// The pipeline files, and what kept others from being among them. A path that names nothing is among the files: reading
  /// it tells so.
  func listing(in workspace: Workspace) throws -> PipelineListing {
    let current = FileManager.default.currentDirectoryPath
    guard paths.isEmpty else { return workspace.pipelines(at: paths.map { AbsolutePath.resolve($0, from: current) }) }
    guard FileSystem.isFolder(workspace.pipelinesFolder) else {
      throw ValidationError(
        "there is no folder '\(workspace.pipelinesFolder)'; name pipeline files, or make it and drop one in")
    }
    return workspace.allPipelines()
  }
}

extension LocalStore {
  /// The store that the environment names.
  static func fromEnvironment() throws -> LocalStore {
    do {
      let folder = LocalStore.defaultFolder(environment: ProcessInfo.processInfo.environment)
      let store = try LocalStore(folder: AbsolutePath.resolve(folder, from: FileManager.default.currentDirectoryPath))
      if !store.otherVersions.isEmpty {
        Console().note(
          "note: the store '\(folder)' holds \(store.otherVersions.joined(separator: ", ")) of another version of condense; "
            + "left as it is, and a new store started beside it")
      }
      return store
    } catch {
      Console().error("\(error)")
      throw ExitCode.failure
    }
  }
}
