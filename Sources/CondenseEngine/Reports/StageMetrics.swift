import CondenseStages

extension StageDescription {
  /// One number for each metric, of those that the stage's actions reported; none where none did.
  func totals(
    of actions: [StageAction], _ outcome: (BuildGraph.NodeID) -> Outcome?
  ) -> [String: Double] {
    // Most stages report nothing.
    guard !metrics.isEmpty else { return [:] }
    let reports = actions.compactMap { outcome($0.node)?.stageMetrics }
    var totals: [String: Double] = [:]
    for metric in metrics {
      let values = reports.compactMap { $0[metric.name] }
      totals[metric.name] = metric.combined(values)
    }
    return totals
  }
}

extension MetricDescription {
  fileprivate func combined(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    return switch total {
    case .sum: values.reduce(0, +)
    case .mean: values.reduce(0, +) / Double(values.count)
    case .min: values.min()
    case .max: values.max()
    }
  }
}

/// What the stages on the way to an output report.
struct ReportedMetrics {
  /// All that they can report.
  var names: Set<String> = []
  /// What they did report; of several stages with one metric the last one's.
  var values: [String: Double] = [:]
}

extension PipelinePlan {
  /// The numbers that the stages on the way to an output report, by what the nodes yielded.
  func reportedMetrics(leadingTo input: StageInput, _ outcomes: [BuildGraph.NodeID: Outcome]) -> ReportedMetrics {
    var metrics = ReportedMetrics()
    var next = input
    while case .stage(let index) = next {
      let stage = pipeline.stages[index]
      metrics.names.formUnion(stage.description.metrics.map(\.name))
      let totals = stage.description.totals(of: stages[index]?.actions ?? []) { outcomes[$0] }
      metrics.values.merge(totals) { later, _ in later }
      next = stage.input
    }
    return metrics
  }
}
