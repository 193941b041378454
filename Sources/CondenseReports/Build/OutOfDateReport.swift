import CondenseEngine
import CondensePipelines

/// Which outputs are not what a build would leave there, and why.
package struct OutOfDateReport {
  package let run: DryRun
  package let workspace: Workspace

  package init(run: DryRun, workspace: Workspace) {
    self.run = run
    self.workspace = workspace
  }

  package var outOfDate: [PlannedPipeline] { run.pipelines.filter(\.isOutOfDate) }

  /// An error for each output, where its pipeline names it.
  package var diagnostics: [PlacedDiagnostic] {
    outOfDate.flatMap { pipeline in
      pipeline.outputs.filter { $0.forecast != .unchanged }.map { output in
        let message = "\(workspace.displayPath(output.path)) is out of date: \(reason(output, of: pipeline))"
        let place = output.place
        return PlacedDiagnostic(
          diagnostic: Diagnostic(.error, message, file: place?.file ?? pipeline.file, range: place?.range), source: nil)
      }
    }
  }

  package var text: String {
    let count = run.pipelines.count
    let pipelines = "\(count) pipeline\(count == 1 ? "" : "s")"
    guard !outOfDate.isEmpty else { return "\(pipelines), all up to date" }
    return "\(outOfDate.count) of \(pipelines) out of date: \(outOfDate.map(\.name).joined(separator: ", "))"
  }

  private func reason(_ output: PlannedOutput, of pipeline: PlannedPipeline) -> String {
    switch output.forecast {
    case .held: return pipeline.checks.filter { !$0.held }.map(\.description).joined(separator: "; ")
    case .missing: return "it is not there"
    case .edited: return "it was changed by somebody else"
    case .newContent: return "what goes into it is not what it was"
    case .unknownFile: return "it is none that a build here has written"
    case .unchanged, nil: break
    }
    guard let action = pipeline.explanation?.actions.first(where: \.ran) else { return "a build has to look at it" }
    return "\(action.stage) would run: \(ExplanationText.cause(of: action, workspace: workspace))"
  }
}
