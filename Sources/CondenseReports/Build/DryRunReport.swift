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
      } else {
        lines.append("  nothing to run; its outputs are looked at")
      }
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
    var actions: PlannedPipeline.Actions
    var reasons: [ExplanationDocument.Action]
  }

  package init(_ run: DryRun) {
    pipelines = run.pipelines.map { pipeline in
      Pipeline(
        name: pipeline.name, file: pipeline.file, unchanged: pipeline.isUnchanged, actions: pipeline.actions,
        reasons: (pipeline.explanation?.actions ?? []).map { ExplanationDocument.Action($0) })
    }
    actions = run.actions
  }
}
