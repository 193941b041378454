import ArgumentParser
import CondenseReports
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
    let workspace = try pipelines.resolvedWorkspace()
    let stages = Toolbox.current.stages(of: workspace)
    let loader = PipelineLoader(
      stages: stages.registry, formats: Toolbox.current.formats, workspace: workspace)
    let listing = try pipelines.listing(in: workspace)
    let loaded = loader.load(listing.files)
    let problems = listing.problems.map {
      PlacedDiagnostic(diagnostic: $0, source: workspace.configuration.source(of: $0))
    }
    console.show(stages.problems + problems + loaded.diagnostics, workspace: workspace)
    if json {
      console.result(
        try JSONOutput.text(CheckDocument(loaded, problems: stages.problems.map(\.diagnostic) + listing.problems)))
    } else {
      let valid = loaded.files.count { $0.isValid }
      console.result("\(valid) of \(loaded.files.count) pipeline file\(loaded.files.count == 1 ? "" : "s") valid")
    }
    let areFilesValid = loaded.files.allSatisfy(\.isValid)
    if !areFilesValid || !listing.problems.isEmpty || stages.problems.hasErrors { throw ExitCode.invalidInput }
  }
}

/// What `condense check --json` prints.
struct CheckDocument: Encodable {
  var pipelines: [Pipeline]
  var diagnostics: [DiagnosticDocument]

  struct Pipeline: Encodable {
    var file: String
    var name: Nullable<String>
    var builds: [String]
    var valid: Bool
  }

  init(_ loaded: LoadedPipelines, problems: [Diagnostic]) {
    pipelines = loaded.files.map {
      Pipeline(file: $0.file, name: Nullable($0.name), builds: $0.builds, valid: $0.isValid)
    }
    diagnostics = (problems + loaded.diagnostics.map(\.diagnostic)).map { DiagnosticDocument($0) }
  }
}
