/// Bins a thirty-second of a step wide, in which weights are counted and decided: far narrower than what decides.
///
/// A bin has one sign, so that a weight however small is on its own side of zero; zeros have a bin of their own, the last.
struct StepBins {
  static let perStep = 32

  /// Bins on either side of zero. The outermost ones take what is farther away too.
  let half: Int

  /// For codes up to `steps` from zero.
  init(steps: Int32) { half = (Int(steps) + 1) * StepBins.perStep }

  var count: Int { 2 * half + 1 }
  var zero: Int { 2 * half }

  /// The middle of a bin, in steps.
  func middle(_ bin: Int) -> Double { (Double(bin - half) + 0.5) / Double(StepBins.perStep) }

  @inline(__always)
  func bin(_ value: Float, scale: Float) -> Int {
    let steps = (value / scale).magnitude * Float(StepBins.perStep)
    let last = Float(half - 1)
    let bin = Int(Int32(steps < last ? steps : last))
    // All ones where the value is negative, which makes −1 of 0, −2 of 1 and so on.
    return value == 0 ? zero : half + (bin ^ Int(Int32(bitPattern: value.bitPattern) >> 31))
  }
}
