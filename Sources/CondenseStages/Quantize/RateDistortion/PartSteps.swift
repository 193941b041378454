/// A step for each part of a tensor, and the rule by which its weights are decided.
struct PartSteps {
  var scales: [Float] = []
  /// For each part, which of ``rules``.
  var kinds: [Int] = []
  var rules: [DecisionRule] = []

  /// Rules of slopes that differ by less than an eighth of an octave are one, that of the first part. Beyond these many
  /// octaves nothing changes: the error alone decides, or the bits.
  private static let farthest = 20

  /// - Parameters:
  ///   - slope: what a bit may cost in squared error.
  ///   - least: for a step, the fewest that a weight may be rounded to.
  init(_ scales: [Float], slope: Double, least: (Float) -> Int32) {
    self.scales = scales
    var known: [DecisionRule: Int] = [:]
    kinds.reserveCapacity(scales.count)
    // Parts mostly have the step of the one before.
    var (last, lastKind) = (Float.nan, 0)
    for scale in scales {
      if scale != last {
        let inSteps = slope / Double(scale) / Double(scale)
        let octaves = Double(8 * PartSteps.farthest)
        let eighth = max(-octaves, min(octaves, (8 * Logarithm.base2(max(inSteps, 0x1p-500))).rounded(.down)))
        let rule = DecisionRule(slope: inSteps, least: least(scale))
        let key = DecisionRule(slope: eighth, least: rule.least)
        lastKind = known[key] ?? rules.count
        if lastKind == rules.count {
          known[key] = lastKind
          rules.append(rule)
        }
        last = scale
      }
      kinds.append(lastKind)
    }
  }
}
