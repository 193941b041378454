/// Scales that neither vanish nor overflow.
enum Scale {
  /// `largest` over `steps`; 1 where all values are zero.
  static func of(largest: Float, steps: Float, limit: Float) -> Float {
    let scale = largest / steps
    if largest > 0 && scale < .leastNormalMagnitude { return roundedUp(Double(largest) / Double(steps)) }
    return guarded(scale, steps: steps, limit: limit, isZero: largest == 0)
  }

  /// The least float that is no less. Scales below the normal numbers have few bits, and one that is too small would
  /// leave the largest weights out of reach.
  static func roundedUp(_ scale: Double) -> Float {
    let rounded = Float(scale)
    return Double(rounded) < scale ? rounded.nextUp : rounded
  }

  /// A scale of which `steps` are no more than `limit`, so that the largest code does not decode to an infinity.
  static func guarded(_ scale: Float, steps: Float, limit: Float, isZero: Bool? = nil) -> Float {
    if isZero ?? (scale == 0) { return 1 }
    var scale = max(scale, .leastNonzeroMagnitude)
    if !(scale * steps <= limit) { scale = limit / steps }
    while !(scale * steps <= limit) { scale = scale.nextDown }
    return scale
  }

  /// To the nearest whole number, halves to even, for magnitudes below 2^22; adding 1.5 · 2^23 leaves no room for a
  /// fraction. (`rounded()` is a library call without SSE4.1.)
  @inline(__always)
  static func rounded(_ value: Float) -> Float { (value + 12_582_912) - 12_582_912 }
}
