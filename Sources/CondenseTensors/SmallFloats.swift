// Conversions between float32 and the small floating-point formats, written on integers so that the results are the
// same on every machine (Float16 is missing on some) and loops over them vectorise.
// All conversions to a small format round to nearest, ties to even.

/// A floating-point storage format narrower than float32.
public protocol SmallFloat {
  associatedtype Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable
  static func float(from bits: Bits) -> Float
  static func bits(from value: Float) -> Bits
  /// The largest finite value.
  static var greatestFinite: Float { get }
  /// The smallest positive value, a subnormal.
  static var leastNonzero: Float { get }
}

/// IEEE 754 binary16.
public enum Half: SmallFloat {
  @inlinable @inline(__always) public static func float(from bits: UInt16) -> Float {
    MiniFloat.float(UInt32(bits), exponentBits: 5, mantissaBits: 10, hasInfinity: true)
  }
  @inlinable @inline(__always) public static func bits(from value: Float) -> UInt16 {
    UInt16(truncatingIfNeeded: MiniFloat.bits(value, exponentBits: 5, mantissaBits: 10, hasInfinity: true))
  }
  public static var greatestFinite: Float { 65504 }
  public static var leastNonzero: Float { 0x1p-24 }
}

/// bfloat16: the upper half of a float32.
public enum BFloat16: SmallFloat {
  @inlinable @inline(__always) public static func float(from bits: UInt16) -> Float {
    Float(bitPattern: UInt32(bits) << 16)
  }
  @inlinable @inline(__always) public static func bits(from value: Float) -> UInt16 {
    let pattern = value.bitPattern
    // A NaN keeps its sign and upper payload, with the quiet bit set so that it cannot turn into an infinity.
    if value.isNaN { return UInt16(truncatingIfNeeded: pattern >> 16) | 0x40 }
    let rounded = pattern &+ 0x7FFF &+ ((pattern >> 16) & 1)
    return UInt16(truncatingIfNeeded: rounded >> 16)
  }
  public static var greatestFinite: Float { Float(bitPattern: 0x7F7F_0000) }
  public static var leastNonzero: Float { Float(bitPattern: 0x0001_0000) }
}

/// FP8 with 4 exponent and 3 mantissa bits, no infinity, one NaN a sign (OCP 8-bit Floating Point Specification 1.0).
public enum Float8E4M3: SmallFloat {
  @inlinable @inline(__always) public static func float(from bits: UInt8) -> Float {
    MiniFloat.float(UInt32(bits), exponentBits: 4, mantissaBits: 3, hasInfinity: false)
  }
  @inlinable @inline(__always) public static func bits(from value: Float) -> UInt8 {
    UInt8(truncatingIfNeeded: MiniFloat.bits(value, exponentBits: 4, mantissaBits: 3, hasInfinity: false))
  }
  public static var greatestFinite: Float { 448 }
  public static var leastNonzero: Float { 0x1p-9 }
}

/// FP8 with 5 exponent and 2 mantissa bits (OCP 8-bit Floating Point Specification 1.0).
public enum Float8E5M2: SmallFloat {
  @inlinable @inline(__always) public static func float(from bits: UInt8) -> Float {
    MiniFloat.float(UInt32(bits), exponentBits: 5, mantissaBits: 2, hasInfinity: true)
  }
  @inlinable @inline(__always) public static func bits(from value: Float) -> UInt8 {
    UInt8(truncatingIfNeeded: MiniFloat.bits(value, exponentBits: 5, mantissaBits: 2, hasInfinity: true))
  }
  public static var greatestFinite: Float { 57344 }
  public static var leastNonzero: Float { 0x1p-16 }
}

/// The arithmetic that the IEEE-like formats share. Always inlined: a call for each element costs six times as much as
/// the vectors that loops over it become.
@usableFromInline
enum MiniFloat {
  @inlinable @inline(__always)
  static func float(_ bits: UInt32, exponentBits: UInt32, mantissaBits: UInt32, hasInfinity: Bool) -> Float {
    let sign = (bits >> (exponentBits + mantissaBits)) << 31
    let magnitude = bits & ((1 << (exponentBits + mantissaBits)) - 1)
    let exponentMask: UInt32 = (1 << exponentBits) - 1
    let exponent = magnitude >> mantissaBits
    let isSpecial =
      hasInfinity ? exponent == exponentMask : magnitude == (1 << (exponentBits + mantissaBits)) - 1
    if isSpecial {
      let mantissa = hasInfinity ? (magnitude & ((1 << mantissaBits) - 1)) << (23 - mantissaBits) : 0x40_0000
      return Float(bitPattern: sign | 0x7F80_0000 | mantissa)
    }
    // Placing the bits in a float32's exponent field and scaling by a power of two also handles subnormals exactly.
    let bias = Int32(bitPattern: (1 << (exponentBits - 1)) - 1)
    let scale = Float(bitPattern: UInt32(bitPattern: 127 + 127 - bias) << 23)
    let value = Float(bitPattern: magnitude << (23 - mantissaBits)) * scale
    return Float(bitPattern: value.bitPattern | sign)
  }

  @inlinable @inline(__always)
  static func bits(_ value: Float, exponentBits: UInt32, mantissaBits: UInt32, hasInfinity: Bool) -> UInt32 {
    let pattern = value.bitPattern
    let sign = (pattern >> 31) << (exponentBits + mantissaBits)
    let magnitude = pattern & 0x7FFF_FFFF
    let all: UInt32 = (1 << (exponentBits + mantissaBits)) - 1
    let infinity: UInt32 = ((1 << exponentBits) - 1) << mantissaBits
    if magnitude > 0x7F80_0000 {
      return hasInfinity
        ? sign | infinity | ((magnitude >> (23 - mantissaBits)) & ((1 << mantissaBits) - 1)) | (1 << (mantissaBits - 1))
        : sign | all
    }
    let bias: UInt32 = (1 << (exponentBits - 1)) - 1
    let shift = 23 - mantissaBits
    let smallestNormal = (127 - bias + 1) << 23
    var result: UInt32
    if magnitude < smallestNormal {
      // Adding a power of two whose unit in the last place is the subnormal step makes the hardware round.
      let magic = Float(bitPattern: (127 - bias + 1 + shift) << 23)
      let sum = Float(bitPattern: magnitude) + magic
      result = sum.bitPattern &- magic.bitPattern
    } else {
      let rebased = magnitude &- ((127 - bias) << 23)
      result = (rebased &+ (1 << (shift - 1)) &- 1 &+ ((rebased >> shift) & 1)) >> shift
    }
    // Past the largest finite value: infinity where the format has one, else NaN.
    let limit = hasInfinity ? infinity : all
    if result > limit { result = limit }
    return sign | result
  }
}
