extension PipelineReader {
  mutating func checks(_ node: Node) -> [CheckUse] {
    guard let pairs = node.mapping else {
      report("expected checks such as {ratio: {min: 12}}, found \(node.kind)", node.place)
      return []
    }
    var checks: [CheckUse] = []
    for pair in pairs {
      // Stages have metrics of their own: whether there is one of this name is seen when they are known.
      let metric = Metric.all.first { $0.name == pair.key.value } ?? .ofStage(pair.key.value)
      guard let bounds = pair.value.mapping else {
        report("expected bounds such as {min: 12}, found \(pair.value.kind)", pair.value.place)
        continue
      }
      var check = CheckUse(metric: pair.key, min: nil, max: nil)
      for bound in bounds {
        switch bound.key.value {
        case "min": check.min = quantity(bound.value, metric)
        case "max": check.max = quantity(bound.value, metric)
        default: diagnostics.append(.unknown("key", bound.key, known: ["min", "max"]))
        }
      }
      if bounds.isEmpty { report("the check has neither min nor max", pair.value.place) }
      if let min = check.min, let max = check.max, min.value > max.value {
        report("min is above max: nothing passes", min.place)
      }
      checks.append(check)
    }
    return checks
  }

  private mutating func quantity(_ node: Node, _ metric: Metric) -> Located<Double>? {
    if node.isOpen { return nil }
    guard let value = node.number ?? node.string.flatMap({ Quantity.value($0, in: metric.unit) }) else {
      let meant = node.string.flatMap { Quantity.nearest(to: $0, in: metric.unit) }
      report(
        "expected \(Quantity.expectation(metric.unit)), found \(node.kind)\(meant.map { "; did you mean '\($0)'?" } ?? "")",
        node.place)
      return nil
    }
    guard metric.range.contains(value) else {
      let isPercentage = metric.unit == .share && node.number != nil && value > 1 && value <= 100
      report(
        "\(metric.name) is never \(value < metric.range.lowerBound ? "below" : "above") \(metric.bound(for: value))"
          + (isPercentage ? "; did you mean '\(node.string ?? "")%'?" : ""), node.place)
      return nil
    }
    return Located(value, at: node.place)
  }
}
