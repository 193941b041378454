import CondenseCodecs
import CondenseTensors

/// Rounds runs of values to codes of a small type, each run with its own scale and zero point.
struct Rounding {
  let settings: QuantizeParameters
  /// The type that codes are decoded to: a step that it cannot tell from zero does not count as one.
  let dtype: DType

  /// `counts` says how many values belong to each part. Where `keepsNonzero`, no value gets the code of zero.
  func quantized(_ values: FloatInput, counts: [Int], keepsNonzero: Bool) -> Quantized {
    var scales: [Float] = []
    var zeroPoints: [Int32] = []
    let codes = Bytes(count: values.count * settings.type.codeWidth) { target in
      values.withValues { values in
        var next = 0
        for count in counts {
          let part = UnsafeBufferPointer(rebasing: values[next..<next + count])
          switch settings.type {
          case .int8, .uint8, .int4:
            let grid = IntegerGrid(part, settings: settings)
            scales.append(grid.scale)
            zeroPoints.append(grid.zeroPoint)
            let least = keepsNonzero ? leastStep(grid) : 0
            for index in 0..<count {
              target[next + index] = UInt8(truncatingIfNeeded: grid.code(part[index], least: least))
            }
          case .float8e4m3:
            let scale = Scale.of(part, steps: Float8E4M3.greatestFinite)
            scales.append(scale)
            let least = keepsNonzero ? leastFloat8(scale) : 0
            for index in 0..<count { target[next + index] = Rounding.float8(part[index] / scale, least: least) }
          case .float16: Rounding.round(part, Half.self, into: target, at: next, keepsNonzero: keepsNonzero)
          case .bfloat16: Rounding.round(part, BFloat16.self, into: target, at: next, keepsNonzero: keepsNonzero)
          }
          next += count
        }
      }
    }
    return Quantized(
      type: settings.type, codes: codes, granularity: settings.granularity, scales: scales,
      zeroPoints: settings.isSymmetric ? nil : zeroPoints)
  }

  /// The fewest steps from zero that are not zero once decoded.
  private func leastStep(_ grid: IntegerGrid) -> Int32 {
    (1...Int32(127)).first { !isZeroOnceDecoded(Float($0) * grid.scale) } ?? 127
  }

  private func leastFloat8(_ scale: Float) -> UInt8 {
    (1...UInt8(0x7E)).first { !isZeroOnceDecoded(Float8E4M3.float(from: $0) * scale) } ?? 0x7E
  }

  private func isZeroOnceDecoded(_ value: Float) -> Bool {
    guard value != 0 else { return true }
    guard dtype != .f32 && dtype != .f64 else { return false }
    return dtype.bytes([value]).flatMap { dtype.floats($0) }?.first == 0
  }

  private static func float8(_ value: Float, least: UInt8) -> UInt8 {
    let limit = Float8E4M3.greatestFinite
    let code = Float8E4M3.bits(from: max(-limit, min(limit, value)))
    return code & 0x7F < least ? least | (value < 0 ? 0x80 : 0) : code
  }

  private static func round<F: SmallFloat>(
    _ values: UnsafeBufferPointer<Float>, _: F.Type, into target: UnsafeMutableRawBufferPointer, at start: Int,
    keepsNonzero: Bool
  ) where F.Bits == UInt16 {
    let limit = F.greatestFinite
    for index in 0..<values.count {
      let value = max(-limit, min(limit, values[index]))
      var code = F.bits(from: value)
      if keepsNonzero && code & 0x7FFF == 0 { code = 1 | (value < 0 ? 0x8000 : 0) }
      target.storeBytes(of: code.littleEndian, toByteOffset: 2 * (start + index), as: UInt16.self)
    }
  }
}

/// Equally spaced numbers with whole-number codes: `value = (code − zeroPoint) × scale`.
struct IntegerGrid {
  var scale: Float
  var zeroPoint: Int32
  var codes: ClosedRange<Int32>

  init(_ values: UnsafeBufferPointer<Float>, settings: QuantizeParameters) {
    if settings.isSymmetric {
      let steps: Int32 = settings.type == .int4 ? 7 : 127
      scale = Scale.of(values, steps: Float(steps))
      zeroPoint = settings.type.symmetricZeroPoint
      codes = zeroPoint - steps...zeroPoint + steps
      return
    }
    codes =
      switch settings.type {
      case .int4: -8...7
      case .uint8: 0...255
      default: -128...127
      }
    var low: Float = 0
    var high: Float = 0
    for value in values {
      low = min(low, value)
      high = max(high, value)
    }
    let steps = Float(codes.upperBound - codes.lowerBound)
    scale = Scale.guarded(high / steps - low / steps, steps: 1)
    let offset = Scale.rounded(max(-steps, min(0, low / scale)))
    zeroPoint = max(codes.lowerBound, min(codes.upperBound, codes.lowerBound - Int32(offset)))
    let furthest = max(codes.upperBound - zeroPoint, zeroPoint - codes.lowerBound)
    scale = Scale.guarded(scale, steps: Float(furthest))
  }

  /// The code next to `value`; where `least` is not 0, one at least that many steps from zero, if the range has it.
  @inline(__always)
  func code(_ value: Float, least: Int32) -> Int32 {
    let steps = max(-512, min(512, value / scale))
    var offset = Int32(Scale.rounded(steps))
    if abs(offset) < least { offset = value < 0 ? -least : least }
    let code = offset + zeroPoint
    if code < codes.lowerBound {
      return codes.lowerBound == zeroPoint && least > 0 ? zeroPoint + least : codes.lowerBound
    }
    if code > codes.upperBound {
      return codes.upperBound == zeroPoint && least > 0 ? zeroPoint - least : codes.upperBound
    }
    return code
  }
}

/// Scales that neither vanish nor overflow.
enum Scale {
  /// The largest magnitude over `steps`; 1 where all values are zero.
  static func of(_ values: UnsafeBufferPointer<Float>, steps: Float) -> Float {
    var largest: Float = 0
    for value in values { largest = max(largest, abs(value)) }
    return guarded(largest / steps, steps: steps, isZero: largest == 0)
  }

  static func guarded(_ scale: Float, steps: Float, isZero: Bool? = nil) -> Float {
    if isZero ?? (scale == 0) { return 1 }
    var scale = max(scale, .leastNonzeroMagnitude)
    // The largest code must not decode to an infinity.
    if !(scale * steps).isFinite { scale = .greatestFiniteMagnitude / steps }
    while !(scale * steps).isFinite { scale = scale.nextDown }
    return scale
  }

  /// To the nearest whole number, halves to even, for magnitudes below 2^22; adding 1.5 · 2^23 leaves no room for a
  /// fraction. (`rounded()` is a library call without SSE4.1.)
  @inline(__always)
  static func rounded(_ value: Float) -> Float { (value + 12_582_912) - 12_582_912 }
}
