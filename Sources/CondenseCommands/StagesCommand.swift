import ArgumentParser
import CondenseReports
import CondenseEngine
import CondenseStages

struct StagesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stages", abstract: "Lists the stages, or explains one with its parameters and examples.")

  @Argument(help: "A stage's name.")
  var name: String?

  @Flag(help: "Print JSON.")
  var json = false

  @Flag(help: "Print Markdown, as in docs/stages.md.")
  var markdown = false

  @OptionGroup var location: WorkspaceOptions

  func run() throws {
    let console = Console()
    let workspace = try location.resolvedWorkspace(allowsErrors: true)
    let registry = Toolbox.current.stages(of: workspace).registry
    var stages = registry.stages.map(\.description)
    if let name {
      stages = stages.filter { $0.name == name }
      guard !stages.isEmpty else {
        throw ValidationError("unknown stage '\(name)'; there are \(registry.names.joined(separator: ", "))")
      }
    }
    if json {
      console.result(try JSONOutput.text(StagesDocument(stages: stages.map { StagesDocument.Stage($0) })))
    } else if markdown {
      console.result(StagePage.document(stages))
    } else if name != nil, let stage = stages.first {
      console.result(StagePage(stage: stage).text)
    } else {
      var table = TextTable([.left, .left, .left])
      for stage in stages {
        table.add(stage.name, stage.parameters.map(\.name).joined(separator: ", "), stage.summary)
      }
      console.result(table.lines().joined(separator: "\n"))
    }
  }
}

/// A stage's page: what `condense stages NAME` prints.
struct StagePage {
  var stage: StageDescription

  var text: String {
    var lines = ["\(stage.name) (version \(stage.version)): \(stage.summary)"]
    if !stage.parameters.isEmpty {
      var table = TextTable([.left, .left, .left, .left])
      for parameter in stage.parameters {
        table.add(
          parameter.name, parameter.type.text, parameter.defaultValue.map { "default \($0.canonical)" } ?? "",
          parameter.summary)
      }
      lines += ["", "Parameters:"] + table.lines(indent: "  ")
    }
    for example in stage.examples {
      lines += ["", "\(example.title):", "  stages: \(example.stages)"]
      lines.append("  \(StagePage.list(example.input)) → \(StagePage.list(example.output))")
    }
    return lines.joined(separator: "\n")
  }

  /// Pages of several stages as one Markdown document.
  static func document(_ stages: [StageDescription]) -> String {
    var lines = [
      "# Stages", "", "What `condense stages --markdown` prints. The examples are run as tests.", "",
      "| stage | what it does |", "|---|---|",
    ]
    lines += stages.map { "| [`\($0.name)`](#\($0.name)) | \($0.summary) |" }
    for stage in stages { lines += [""] + StagePage(stage: stage).markdown }
    return lines.joined(separator: "\n")
  }

  private var markdown: [String] {
    var lines = ["## \(stage.name)", "", stage.summary]
    if !stage.parameters.isEmpty {
      lines += ["", "| parameter | values | default | |", "|---|---|---|---|"]
      for parameter in stage.parameters {
        let values = parameter.type.text.replacing("|", with: "\\|")
        let standard = parameter.defaultValue.map { "`\($0.canonical)`" } ?? "–"
        lines.append("| `\(parameter.name)` | \(values) | \(standard) | \(parameter.summary) |")
      }
    }
    for example in stage.examples {
      lines += ["", "\(example.title):", "", "```yaml", "stages: \(example.stages)", "```", ""]
      let shape = example.shape.map(String.init).joined(separator: " × ")
      lines.append("`\(StagePage.list(example.input))` → `\(StagePage.list(example.output))` (\(shape))")
    }
    return lines
  }

  private static func list(_ values: [Float]) -> String {
    "[" + values.map { $0 == $0.rounded() && abs($0) < 1e6 ? "\(Int($0))" : "\($0)" }.joined(separator: ", ") + "]"
  }
}

/// What `condense stages --json` prints.
struct StagesDocument: Encodable {
  var stages: [Stage]

  struct Stage: Encodable {
    var name: String
    var version: Int
    var summary: String
    var lossless: Bool
    var parameters: [Parameter]
    var examples: [Example]

    init(_ stage: StageDescription) {
      name = stage.name
      version = stage.version
      summary = stage.summary
      lossless = stage.isLossless
      parameters = stage.parameters.map {
        Parameter(
          name: $0.name, type: $0.type.text, default: Nullable($0.defaultValue?.canonical), summary: $0.summary)
      }
      examples = stage.examples.map { Example(title: $0.title, stages: $0.stages) }
    }
  }

  struct Parameter: Encodable {
    var name: String
    var type: String
    var `default`: Nullable<String>
    var summary: String
  }

  struct Example: Encodable {
    var title: String
    var stages: String
  }
}
