import CondenseTensors

/// What one bit may cost in squared error: the λ of the Lagrangian Σ (w − ŵ)² + λ · bits.
///
/// The same slope in all tensors gives the least error over all for the bits over all (Shoham and Gersho, "Efficient Bit
/// Allocation for an Arbitrary Set of Quantizers", 1988). It is a whole number, so that a tensor runs again only when a
/// change elsewhere has moved the slope by a sixteenth of an octave, which is 0.19 dB.
struct Slope: Hashable {
  /// The slope is 2^(sixteenths / 16).
  let sixteenths: Int

  /// Squares of float64 numbers have no larger exponents.
  private static let range = -16 * 1000...16 * 1000

  /// The largest slope that is no more than `value`; nil where that is nothing.
  init?(atMost value: Double) {
    guard value > 0 else { return nil }
    let value = min(value, 0x1p1000)
    guard value >= 0x1p-1000 else { return nil }
    let significand = value.significand
    let part = Slope.roots.lastIndex { $0 <= significand } ?? 0
    sixteenths = 16 * Int(value.exponent) + part
  }

  /// - Throws: ``StageError`` for an allocation that none of this kind of stage has made.
  init?(_ allocation: Allocation?) throws(StageError) {
    guard let allocation else { throw StageError("rate_distortion needs an allocation: one slope for all tensors") }
    guard let sixteenths = allocation.values.first else { return nil }
    guard allocation.values.count == 1, Slope.range.contains(sixteenths) else {
      throw StageError("the allocation does not fit the stage")
    }
    self.sixteenths = sixteenths
  }

  /// Nothing stands for no slope: bits are free.
  static func allocation(_ slope: Slope?) -> Allocation { Allocation(slope.map { [$0.sixteenths] } ?? []) }

  /// In units of the squared weights, per bit.
  var value: Double {
    let (whole, part) = (sixteenths >> 4, sixteenths & 15)
    return Slope.roots[part] * Double(sign: .plus, exponent: whole, significand: 1)
  }

  /// The step of a uniform quantizer that has this slope where it is fine: its error is Δ² / 12, a bit more halves the
  /// step, and so Δ² = 6 · slope / ln 2.
  var step: Double { (6 / Logarithm.ln2 * value).squareRoot() }

  /// 2^(i / 16).
  private static let roots = [
    1, 1.044_273_782_427_413_8, 1.090_507_732_665_257_7, 1.138_788_634_756_691_6, 1.189_207_115_002_721,
    1.241_857_812_073_484_1, 1.296_839_554_651_009_6, 1.354_255_546_936_892_7, 1.414_213_562_373_095_1,
    1.476_826_145_939_499_2, 1.542_210_825_407_940_8, 1.610_490_331_949_254_3, 1.681_792_830_507_429,
    1.756_252_160_373_299_5, 1.834_008_086_409_342_4, 1.915_206_561_397_147_2,
  ]
}
