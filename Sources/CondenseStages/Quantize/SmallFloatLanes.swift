import CondenseTensors

/// Rounds sixteen finite float32 numbers at a time to a smaller format, to nearest, halves to even: the same arithmetic
/// as ``SmallFloat/bits(from:)``, without branches.
struct SmallFloatLanes<Code: FixedWidthInteger & SIMDScalar & BitwiseCopyable>: LaneRounding {
  /// What numbers are divided by first.
  private let scale: Float?
  private let exponentBits: UInt32
  private let mantissaBits: UInt32
  /// The largest magnitude, which larger ones are set to.
  private let limit: UInt32
  /// The least magnitude's code.
  private let least: UInt32

  private var bias: UInt32 { (1 << (exponentBits - 1)) - 1 }
  private var shift: UInt32 { 23 - mantissaBits }

  /// - Parameters:
  ///   - scale: what numbers are divided by first.
  ///   - limit: what no quotient may be rounded to more than.
  ///   - least: the least code that a number may get, sign aside; 0 where zero is allowed.
  init<F: SmallFloat>(
    _: F.Type, exponentBits: UInt32, mantissaBits: UInt32, scale: Float? = nil, limit: Float, least: UInt32
  ) where F.Bits == Code {
    self.scale = scale
    self.exponentBits = exponentBits
    self.mantissaBits = mantissaBits
    self.least = least
    // The largest number that both types have: rounding up to the next one would decode to an infinity.
    var largest = F.bits(from: min(limit, F.greatestFinite))
    if F.float(from: largest) > limit { largest -= 1 }
    self.limit = F.float(from: largest).bitPattern
  }

  @inline(__always)
  func codes(_ values: SIMD16<Float>) -> SIMD16<Code> {
    typealias Bits = SIMD16<UInt32>
    let bits = (scale.map { values / $0 } ?? values).bits
    var magnitude = bits & 0x7FFF_FFFF
    let limits = Bits(repeating: limit)
    magnitude.replace(with: limits, where: isLess(limits, magnitude))
    let rebased = magnitude &- (127 - bias) << 23
    let odd = (rebased &>> shift) & 1
    var code = (rebased &+ (1 << (shift - 1) - 1) &+ odd) &>> shift
    if exponentBits < 8 {
      // Adding a power of two whose unit in the last place is the subnormal step makes the hardware round.
      let magic = Float(bitPattern: (127 - bias + 1 + shift) << 23)
      let sum = unsafeBitCast(magnitude, to: SIMD16<Float>.self) + magic
      code.replace(
        with: sum.bits &- magic.bitPattern,
        where: isLess(magnitude, Bits(repeating: (127 - bias + 1) << 23)))
    }
    if least > 0 { code.replace(with: Bits(repeating: least), where: isLess(code, Bits(repeating: least))) }
    let sign = (bits & 0x8000_0000) &>> (31 - exponentBits - mantissaBits)
    return (code | sign).truncated(to: Code.self)
  }

  /// For numbers below 2^31, which processors compare with their sign.
  @inline(__always)
  private func isLess(_ a: SIMD16<UInt32>, _ b: SIMD16<UInt32>) -> SIMDMask<SIMD16<Int32>> {
    a.signed .< b.signed
  }
}
