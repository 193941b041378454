import ArgumentParser
import CondenseEngine
import CondensePipelines
import CondenseReports

struct WhyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Tells why each action of a pipeline's last build ran or was reused.")

  @Argument(help: "A pipeline's name.")
  var pipeline: String

  @Argument(help: "Only this tensor, or those that the pattern matches.")
  var tensor: String?

  @OptionGroup var location: WorkspaceOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let console = Console()
    let workspace = try location.resolvedWorkspace()
    guard var explanation = Explanation(of: pipeline, in: workspace) else {
      let known = Set(BuildLog(workspace)?.entries(limit: 1000).flatMap(\.pipelines).map(\.name) ?? []).sorted()
      let nearest = Spelling.nearest(to: pipeline, in: known).map { "; did you mean '\($0)'?" } ?? ""
      console.error("no build of '\(pipeline)' is on record in \(workspace.root)\(nearest)")
      throw ExitCode.failure
    }
    if let tensor {
      let pattern: Glob
      do { pattern = try Glob(tensor) } catch { throw ValidationError("'\(tensor)' is no pattern: \(error.message)") }
      explanation.actions = explanation.actions.filter { $0.tensor.map { pattern.matches($0) } ?? false }
      guard !explanation.actions.isEmpty else {
        console.error("no stage of '\(pipeline)' acts on a tensor '\(tensor)'")
        throw ExitCode.failure
      }
    }
    console.result(
      json
        ? try JSONOutput.text(ExplanationDocument(explanation))
        : ExplanationText.text(explanation, workspace: workspace, namesTensors: tensor != nil))
  }
}
