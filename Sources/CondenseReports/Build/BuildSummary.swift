import CondenseEngine

/// A build's report as people read it.
package struct BuildSummary {
  package var report: BuildReport
  package var workspace: Workspace
  package var style: TextStyle
  /// Tables of single tensors are shown for models with at most this many.
  package var largestTensorTable: Int

  package init(report: BuildReport, workspace: Workspace, style: TextStyle, largestTensorTable: Int) {
    self.report = report
    self.workspace = workspace
    self.style = style
    self.largestTensorTable = largestTensorTable
  }

  package func text() -> String {
    var lines: [String] = []
    for pipeline in report.pipelines where report.pipelines.count == 1 || !pipeline.isUntouched {
      lines += self.lines(pipeline)
      lines.append("")
    }
    lines.append(closingLine)
    return lines.joined(separator: "\n")
  }

  private func lines(_ pipeline: PipelineReport) -> [String] {
    var lines = [style.emphasized(pipeline.name) + "  " + style.dimmed(workspace.displayPath(pipeline.file))]
    if pipeline.status != .failed || pipeline.metrics != nil {
      // Read out of the record each time that they are asked for.
      let tensors = pipeline.tensors
      lines += stageTable(pipeline, tensorCount: tensors.count).lines(indent: "  ")
      for stage in pipeline.stages where !stage.values.isEmpty {
        let values = stage.values.sorted { $0.key < $1.key }.map { "\($0.key) \(Figures.number($0.value))" }
        lines.append("  \(stage.id) reports \(values.joined(separator: ", "))")
      }
      if tensors.count <= largestTensorTable {
        for stages in pipeline.outputStages {
          lines.append("")
          lines += tensorTable(tensors, stages).lines(indent: "  ")
        }
      }
      lines.append("")
    }
    for output in pipeline.outputs {
      let metrics = output.metrics
      lines.append(
        "  → \(workspace.displayPath(output.path))  \(Figures.bytes(output.bytes))"
          + "  \(style.emphasized(Figures.ratio(metrics.ratio) + " smaller"))"
          + "  density \(Figures.share(metrics.density))  SQNR \(Figures.decibels(metrics.sqnr))"
          + (output.wasWritten ? "" : "  (unchanged)"))
    }
    for check in pipeline.checks { lines.append("  \(check.held ? "✓" : "✗") \(check.description)") }
    if let error = pipeline.error { lines.append("  failed: \(error)") }
    lines.append("  " + counts(pipeline.actions))
    return lines
  }

  private func stageTable(_ pipeline: PipelineReport, tensorCount: Int) -> TextTable {
    var table = TextTable([.left, .right, .right, .right, .right, .right, .left])
    table.add("stage", "tensors", "bytes", "ratio", "density", "SQNR", "actions")
    if let first = pipeline.stages.first {
      table.add("source", "\(tensorCount)", Figures.bytes(first.metrics.sourceBytes))
    }
    for stage in pipeline.stages {
      table.add(
        stage.id, "\(stage.tensors)", Figures.bytes(stage.bytes), Figures.ratio(stage.metrics.ratio),
        Figures.share(stage.metrics.density), Figures.decibels(stage.metrics.sqnr),
        stage.actions.ran == 0 ? "cached" : "\(stage.actions.ran) ran, \(stage.actions.cached) cached")
    }
    return table
  }

  /// What each tensor went through on its way to an output.
  private func tensorTable(_ tensors: [TensorReport], _ stages: [String]) -> TextTable {
    var table = TextTable([.left, .left, .right, .left, .right, .right])
    table.add("tensor", "shape", "bytes", "through \(stages.joined(separator: ", "))", "density", "SQNR")
    for tensor in tensors {
      let steps = tensor.steps.filter { stages.contains($0.stage) }
      let sizes = steps.map { "\($0.stage) \(Figures.bytes($0.bytes))" }
      table.add(
        tensor.name, "\(tensor.dtype) \(tensor.shape)", Figures.bytes(tensor.sourceBytes),
        sizes.isEmpty ? "untouched" : "→ " + sizes.joined(separator: " → "),
        steps.last.map { Figures.share($0.density) } ?? "", steps.last.map { Figures.decibels($0.sqnr) } ?? "")
    }
    return table
  }

  private var closingLine: String {
    let failed = report.pipelines.count { $0.status == .failed }
    let count = report.pipelines.count
    let pipelines = "\(count) pipeline\(count == 1 ? "" : "s")"
    let outcome =
      failed > 0
      ? "\(failed) of \(pipelines) failed" : report.actions.ran == 0 ? "\(pipelines), all cached" : "\(pipelines) built"
    return "\(outcome) · \(counts(report.actions)) · \(Figures.seconds(report.seconds))"
  }

  private func counts(_ actions: ActionCounts) -> String {
    "\(actions.total) action\(actions.total == 1 ? "" : "s"): \(actions.ran) ran, \(actions.cached) cached"
  }
}
