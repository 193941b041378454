import CondenseEngine

/// What a build would do, as people read it.
struct DryRunReport {
  let run: DryRun
  let workspace: Workspace

  var text: String {
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

  var document: DryRunDocument { DryRunDocument(run) }
}

/// What `condense build --dry-run --json` prints.
struct DryRunDocument: Encodable {
  var dryRun = true
  var pipelines: [Pipeline]
  var actions: PlannedPipeline.Actions

  struct Pipeline: Encodable {
    var name: String
    var file: String
    var unchanged: Bool
    var actions: PlannedPipeline.Actions
    var reasons: [ExplanationDocument.Action]
  }

  init(_ run: DryRun) {
    pipelines = run.pipelines.map { pipeline in
      Pipeline(
        name: pipeline.name, file: pipeline.file, unchanged: pipeline.isUnchanged, actions: pipeline.actions,
        reasons: (pipeline.explanation?.actions ?? []).map { ExplanationDocument.Action($0) })
    }
    actions = run.actions
  }
}
