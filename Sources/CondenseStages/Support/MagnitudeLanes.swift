/// Sixteen magnitudes at a time, as bit patterns: of non-negative floats these order like the numbers, and below the
/// sign bit they order like signed integers too, which is the comparison that every processor has.
///
/// Loops over these vectors are what the compiler turns into machine vectors without further flags; it does not for
/// `max` or `map` over arrays. Tails shorter than a vector are padded with zeros.
enum MagnitudeLanes {
  typealias Bits = SIMD16<UInt32>

  static let signless: UInt32 = 0x7FFF_FFFF
  /// The least pattern that is no finite number.
  static let infinity: UInt32 = 0x7F80_0000
  /// Added to a magnitude, sets the top bit where that is no finite number.
  static let overflow: UInt32 = 0x0080_0000

  @inline(__always)
  static func load(_ pointer: UnsafePointer<UInt32>) -> Bits {
    UnsafeRawPointer(pointer).loadUnaligned(as: Bits.self) & signless
  }

  /// Ones where the magnitude is greater than the bar. A bar of −1 is below zero.
  @inline(__always)
  static func isGreater(_ bits: Bits, than bar: SIMD16<Int32>) -> Bits {
    Bits(repeating: 0).replacing(with: 1, where: bits.signed .> bar)
  }

  /// The lowest bits of sixteen numbers, the first lowest.
  @inline(__always)
  static func packed(_ ones: Bits) -> UInt64 {
    let bytes = unsafeBitCast(ones.truncated(to: UInt8.self), to: SIMD2<UInt64>.self)
    return packed(bytes[0]) | packed(bytes[1]) << 8
  }

  /// The lowest bits of eight bytes that are 0 or 1.
  @inline(__always)
  static func packed(_ bytes: UInt64) -> UInt64 { (bytes &* 0x0102_0408_1020_4080) >> 56 }

  /// Whether a magnitude was not finite that was added to ``overflow`` and or-ed into `seen`.
  @inline(__always)
  static func hasNotFinite(_ seen: Bits) -> Bool { any(seen.signed .< SIMD16<Int32>(repeating: 0)) }
}
