import ArgumentParser
import CondenseEngine
import CondenseFiles
import CondensePipelines
import CondenseStore
import Foundation

/// Which pipelines a command is about.
struct PipelineOptions: ParsableArguments {
  @Argument(
    help:
      "Pipeline files, or folders of them. Without any: the workspace's, in 'pipelines' or where 'condense.yaml' says.",
    completion: .file())
  var paths: [String] = []

  @OptionGroup var place: WorkspaceOptions

  func resolvedWorkspace() throws -> Workspace { try place.resolvedWorkspace() }

  /// The pipeline files, and what kept others from being among them. A path that names nothing is among the files: reading
  /// it tells so.
  func listing(in workspace: Workspace) throws -> PipelineListing {
    let current = FileManager.default.currentDirectoryPath
    guard paths.isEmpty else { return workspace.pipelines(at: paths.map { AbsolutePath.resolve($0, from: current) }) }
    guard workspace.configuration.pipelines != nil || FileSystem.isFolder(workspace.pipelinesFolder) else {
      throw ValidationError(
        "there is no folder '\(workspace.pipelinesFolder)'; name pipeline files, or make it and drop one in")
    }
    return workspace.allPipelines()
  }
}

/// Which workspace a command is about.
struct WorkspaceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The workspace; by default the nearest parent with 'condense.yaml' or '.git', else the current folder.",
      valueName: "dir"), completion: .directory)
  var workspace: String?

  /// The workspace; one whose configuration has errors ends the command.
  func resolvedWorkspace() throws -> Workspace {
    let found = workspace.map { Workspace(root: $0) } ?? Workspace.nearest(to: FileManager.default.currentDirectoryPath)
    let configuration = found.configuration
    Console().show(
      configuration.diagnostics.map { PlacedDiagnostic(diagnostic: $0, source: configuration.source) },
      workspace: found)
    guard !configuration.diagnostics.contains(where: { $0.severity == .error }) else { throw ExitCode.invalidInput }
    return found
  }
}

extension BuildLog {
  /// The log of a workspace; nil where it keeps no state.
  init?(_ workspace: Workspace) {
    guard let folder = try? workspace.makeStateFolder() else { return nil }
    self.init(folder: folder)
  }
}

extension LocalStore {
  /// The store that the environment names, else the workspace's configuration.
  static func fromEnvironment(for workspace: Workspace) throws(StoreError) -> LocalStore {
    let environment = ProcessInfo.processInfo.environment
    let named = environment["CONDENSE_CACHE_DIR"].flatMap { $0.isEmpty ? nil : $0 }
    let folder =
      named ?? workspace.configuration.cacheFolder?.absolutePath ?? LocalStore.defaultFolder(environment: environment)
    let store = try LocalStore(folder: AbsolutePath.resolve(folder, from: FileManager.default.currentDirectoryPath))
    if !store.otherVersions.isEmpty {
      Console().note(
        "note: the store '\(folder)' holds \(store.otherVersions.joined(separator: ", ")) of another version of condense; "
          + "left as it is, and a new store started beside it")
    }
    return store
  }
}
