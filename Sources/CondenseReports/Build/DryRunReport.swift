import CondenseEngine

/// What a build would do, as people read it.
package struct DryRunReport {
  package let run: DryRun
  package let workspace: Workspace

  package init(run: DryRun, workspace: Workspace) {
    self.run = run
    self.workspace = workspace
  }

  package var text: String {
    var lines: [String] = []
    for pipeline in run.pipelines where !pipeline.isUnchanged {
      let actions = pipeline.actions
      lines.append("\(pipeline.name)  \(workspace.displayPath(pipeline.file))")
      if let explanation = pipeline.explanation, actions.run + actions.depend > 0 {
        lines += ExplanationText.table(explanation, workspace: workspace, ran: "would run", namesTensors: false)
      }
      for output in pipeline.outputs {
        guard let forecast = output.forecast else { continue }
        let verdict =
          switch forecast {
          case .unchanged: "is up to date"
          case .held: "would not be published"
          default: "would be \(forecast.text)"
          }
        lines.append("  → \(workspace.displayPath(output.path))  \(verdict)")
      }
      for check in pipeline.checks where !check.held { lines.append("  ✗ \(check.description)") }
    }
    let unchanged = run.pipelines.count { $0.isUnchanged }
    if unchanged > 0 { lines.append("\(unchanged) unchanged") }
    let total = run.actions
    lines.append(
      "\(total.total) actions: \(total.run) to run, \(total.depend) depend on those, \(total.cached) cached")
    return lines.joined(separator: "\n")
  }

  package var document: DryRunDocument { DryRunDocument(run) }
}

/// What `condense build --dry-run --json` prints.
package struct DryRunDocument: Encodable {
  package var dryRun = true
  package var pipelines: [Pipeline]
  package var actions: PlannedPipeline.Actions

  package struct Pipeline: Encodable {
    var name: String
    var file: String
    var unchanged: Bool
    /// Whether a build would run an action, write an output or fail.
    var outOfDate: Bool
    var outputs: [Output]
    var actions: PlannedPipeline.Actions
    var reasons: [ExplanationDocument.Action]

    package struct Output: Encodable {
      var path: String
      /// What a build would do with it, as `why` says what one did; null before actions have run.
      var reason: Nullable<String>
    }
  }

  package init(_ run: DryRun) {
    pipelines = run.pipelines.map { pipeline in
      Pipeline(
        name: pipeline.name, file: pipeline.file, unchanged: pipeline.isUnchanged, outOfDate: pipeline.isOutOfDate,
        outputs: pipeline.outputs.map { output in
          let reason = pipeline.isUnchanged ? .unchanged : output.forecast
          return Pipeline.Output(path: output.path, reason: Nullable(reason?.word))
        }, actions: pipeline.actions,
        reasons: (pipeline.explanation?.actions ?? []).map { ExplanationDocument.Action($0) })
    }
    actions = run.actions
  }
}
