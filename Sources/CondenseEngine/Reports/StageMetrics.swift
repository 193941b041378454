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

extension PipelinePlan {
  /// The numbers that the stages on the way to an output reported, by what the nodes yielded; of several stages with one
  /// metric the last one's.
  func stageMetrics(leadingTo input: StageInput, _ outcomes: [BuildGraph.NodeID: Outcome]) -> [String: Double] {
    var metrics: [String: Double] = [:]
    var next = input
    while case .stage(let index) = next {
      let stage = pipeline.stages[index]
      let totals = stage.description.totals(of: stages[index]?.actions ?? []) { outcomes[$0] }
      metrics.merge(totals) { later, _ in later }
      next = stage.input
    }
    return metrics
  }
}
