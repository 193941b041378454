import ArgumentParser
import CondenseEngine
import CondensePipelines

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Validates pipelines and the models they name, without building.")

  @OptionGroup var pipelines: PipelineOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let console = Console()
    let workspace = pipelines.resolvedWorkspace()
    let loader = PipelineLoader(
      stages: Toolbox.current.stages, formats: Toolbox.current.formats, workspace: workspace)
    let loaded = loader.load(try pipelines.files(in: workspace))
    console.show(loaded.diagnostics, workspace: workspace)
    if json {
      console.result(try JSONOutput.text(CheckDocument(loaded)))
    } else {
      let valid = loaded.files.count { $0.isValid }
      console.result("\(valid) of \(loaded.files.count) pipeline file\(loaded.files.count == 1 ? "" : "s") valid")
    }
    if loaded.files.contains(where: { !$0.isValid }) { throw ExitCode.invalidInput }
  }
}

/// What `condense check --json` prints.
struct CheckDocument: Encodable {
  var pipelines: [Pipeline]
  var diagnostics: [DiagnosticDocument]

  struct Pipeline: Encodable {
    var file: String
    var name: Nullable<String>
    var valid: Bool
  }

  init(_ loaded: LoadedPipelines) {
    pipelines = loaded.files.map { Pipeline(file: $0.file, name: Nullable($0.name), valid: $0.isValid) }
    diagnostics = loaded.diagnostics.map { DiagnosticDocument($0.diagnostic) }
  }
}
