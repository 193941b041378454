import ArgumentParser
import CondenseReports
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
      stages: Toolbox.current.stages(of: workspace).registry, formats: Toolbox.current.formats,
      store: try LocalStore.fromEnvironment(for: workspace))
    let path = AbsolutePath.resolve(pipeline, from: FileManager.default.currentDirectoryPath)
    let planned: [PlannedPipeline]
    do {
      planned = try PipelineSearch(workspace: workspace, engine: engine).find(pipeline, path: path)
    } catch {
      console.show(error.diagnostics, workspace: workspace)
      if let message = error.message { console.error(message) }
      throw error.hasInvalidInput ? ExitCode.invalidInput : ExitCode.failure
    }
    let graphs = planned.map { StageGraph($0, workspace: workspace) }
    switch format {
    case .text: console.result(graphs.map(\.text).joined(separator: "\n\n"))
    case .dot: console.result(graphs.map(\.dot).joined(separator: "\n"))
    case .mermaid: console.result(graphs.map(\.mermaid).joined(separator: "\n"))
    case .json: console.result(try JSONOutput.text(GraphDocument(graphs)))
    }
  }
}
