/// Looks for the steps with which a tensor costs the least in squared error and bits.
///
/// One step for all parts is the rule: their weights share one code, and one slope asks for one step. Where the codes do
/// not reach a part's largest weight with it, the part has a larger step of its own, up to the one that plain rounding
/// takes; the weights beyond get the last code. What is tried is about the step that high resolution asks for, from
/// larger ones to far finer ones, of which few codes stay in use, then shorter reaches, then plain rounding's steps.
struct StepSearch {
  let rounding: Rounding
  let slope: Slope
  let range: ClosedRange<Int32>
  let keepsNonzero: Bool
  /// For each part the least step with which codes reach all of it; 0 where it is all zeros.
  let reaches: [Float]
  /// The largest magnitude.
  let largest: Float

  private static let triedSteps = -12...2
  private static let mostShorter = 24
  /// Shorter reaches in a row that were no better.
  private static let patience = 3

  /// The best fit to all weights.
  func best(_ pieces: [Piece], _ values: UnsafeBufferPointer<Float>) -> StepFit {
    let sample = Piece.sample(pieces)
    var best: StepFit?
    var least = Double.infinity
    /// Whether it is the best so far.
    func tried(_ steps: PartSteps) -> Bool {
      let fit = StepFit(steps, range: range, pieces: sample, values: values)
      let cost = fit.error(sample, values) + slope.value * fit.bits
      guard cost < least || best == nil else { return false }
      (least, best) = (cost, fit)
      return true
    }
    let shortest = reaches.min() ?? 0
    let longest = reaches.max() ?? 0
    // Where all would be zero, or none may be, a step above all weights is as good as any.
    let step = Float(min(slope.step, Double(largest)))
    var common = step
    for eighths in StepSearch.triedSteps.reversed() {
      let candidate = min(largest, step * StepSearch.power(eighths))
      if tried(steps(common: candidate, share: 1)) { common = candidate }
      // Below all reaches, one step is like the other.
      if candidate <= shortest { break }
    }
    if longest > common {
      var misses = 0
      for shorter in 1...StepSearch.mostShorter where misses < StepSearch.patience {
        misses = tried(steps(common: common, share: StepSearch.power(-shorter))) ? 0 : misses + 1
      }
    }
    let plain = steps(common: 0, share: 1)
    _ = tried(plain)
    // Codes that the sample has no weight for take what the only weight of its kind would.
    let alone = Logarithm.base2(Double(max(2, pieces.last?.range.upperBound ?? 0)))
    let rates = best?.rates.map { min($0, alone) }
    return StepFit(best?.steps ?? plain, range: range, rates: rates, pieces: pieces, values: values)
  }

  /// The common step, and where it does not reach, a share of what does.
  private func steps(common: Float, share: Float) -> PartSteps {
    let furthest = Float(max(-range.lowerBound, range.upperBound))
    let scales = reaches.map { reach in
      reach == 0 && common == 0
        ? 1 : Scale.guarded(max(common, reach * share), steps: furthest, limit: rounding.limit, isZero: false)
    }
    return PartSteps(scales, slope: slope.value) { keepsNonzero ? rounding.leastStep(of: $0) : 0 }
  }

  /// 2^(eighths / 8).
  private static func power(_ eighths: Int) -> Float {
    let roots: [Float] = [1, 1.0905077, 1.1892071, 1.2968396, 1.4142135, 1.5422108, 1.6817929, 1.8340081]
    return roots[eighths & 7] * Float(sign: .plus, exponent: eighths >> 3, significand: 1)
  }
}
