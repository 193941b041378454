import ArgumentParser
import CondenseEngine
import CondenseFiles
import CondensePipelines
import CondenseStore
import Foundation

struct GraphCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph", abstract: "Shows a pipeline's stages, with sizes and what is cached.")

  @Argument(help: "A pipeline's name or file.", completion: .file())
  var pipeline: String

  @OptionGroup var location: WorkspaceOptions

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, dot, mermaid, json }

  @Option(help: "text, dot (Graphviz), mermaid or json.")
  var format = Format.text

  func run() throws {
    let console = Console()
    let workspace = try location.resolvedWorkspace()
    let engine = Engine(
      stages: Toolbox.current.stages, formats: Toolbox.current.formats,
      store: try LocalStore.fromEnvironment(for: workspace))
    let planned = try PipelineSearch(workspace: workspace, engine: engine, console: console).find(pipeline)
    let graphs = planned.map { StageGraph($0, workspace: workspace) }
    switch format {
    case .text: console.result(graphs.map(\.text).joined(separator: "\n\n"))
    case .dot: console.result(graphs.map(\.dot).joined(separator: "\n"))
    case .mermaid: console.result(graphs.map(\.mermaid).joined(separator: "\n"))
    case .json: console.result(try JSONOutput.text(GraphDocument(pipelines: graphs.map(\.document))))
    }
  }
}

/// Finds the builds that a name or a file stands for, and plans them.
struct PipelineSearch {
  let workspace: Workspace
  let engine: Engine
  let console: Console

  func find(_ name: String) throws -> [PlannedPipeline] {
    let path = AbsolutePath.resolve(name, from: FileManager.default.currentDirectoryPath)
    if name.hasSuffix(".yaml") || name.hasSuffix(".yml"), FileSystem.exists(path) {
      let run = plan([path])
      guard !run.pipelines.isEmpty, !run.hasInvalidInput else { return try refuse(run) }
      return run.pipelines
    }
    // A pipeline is mostly called what its file is called; then the others need not be read.
    let files = workspace.allPipelines().files
    let likely = files.filter { PipelineName.stem($0) == name.prefix { $0 != "[" } }
    var known: [String] = []
    for files in [likely, files] where !files.isEmpty {
      let run = plan(files)
      let found = run.pipelines.filter { $0.name == name || $0.name.hasPrefix(name + "[") }
      if !found.isEmpty { return found }
      if run.hasInvalidInput && files == likely { return try refuse(run) }
      known = run.pipelines.map(\.name)
    }
    let nearest = Spelling.nearest(to: name, in: known).map { "; did you mean '\($0)'?" } ?? ""
    console.error("there is no pipeline '\(name)' in \(workspace.root)\(nearest)")
    throw ExitCode.failure
  }

  private func plan(_ files: [String]) -> DryRun {
    var request = BuildRequest(workspace: workspace, files: files, jobs: 1)
    request.usesRecords = false
    return engine.dryRun(request)
  }

  private func refuse(_ run: DryRun) throws -> [PlannedPipeline] {
    console.show(run.diagnostics, workspace: workspace)
    throw run.hasInvalidInput ? ExitCode.invalidInput : ExitCode.failure
  }
}
