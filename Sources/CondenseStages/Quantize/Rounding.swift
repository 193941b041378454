import CondenseCodecs
import CondenseTensors

/// Rounds runs of values to codes of a small type, each run with its own scale and zero point.
struct Rounding {
  let settings: QuantizeParameters
  /// The type that codes are decoded to: a step that it cannot tell from zero does not count as one.
  let dtype: DType

  /// What no code may decode to more than.
  private var limit: Float { dtype.greatestFinite ?? .greatestFiniteMagnitude }

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
            var grid = IntegerGrid(part, settings: settings, limit: limit)
            var least: Int32 = 0
            if keepsNonzero {
              grid.makeRoom(for: leastStep(grid), part, limit: limit)
              least = leastStep(grid)
            }
            scales.append(grid.scale)
            zeroPoints.append(grid.zeroPoint)
            for index in 0..<count {
              target[next + index] = UInt8(truncatingIfNeeded: grid.code(part[index], least: least))
            }
          case .float8e4m3:
            let scale = Scale.of(part, steps: Float8E4M3.greatestFinite, limit: limit)
            scales.append(scale)
            let least = keepsNonzero ? leastFloat8(scale) : 0
            for index in 0..<count { target[next + index] = Rounding.float8(part[index] / scale, least: least) }
          case .float16: round(part, Half.self, into: target, at: next, keepsNonzero: keepsNonzero)
          case .bfloat16: round(part, BFloat16.self, into: target, at: next, keepsNonzero: keepsNonzero)
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
    return code & 0x7F < least ? least | (value.sign == .minus ? 0x80 : 0) : code
  }

  private func round<F: SmallFloat>(
    _ values: UnsafeBufferPointer<Float>, _: F.Type, into target: UnsafeMutableRawBufferPointer, at start: Int,
    keepsNonzero: Bool
  ) where F.Bits == UInt16 {
    // The largest number that both types have: rounding up to the next one would decode to an infinity.
    var largest = F.bits(from: min(limit, F.greatestFinite))
    if F.float(from: largest) > limit { largest -= 1 }
    let limit = F.float(from: largest)
    for index in 0..<values.count {
      let value = max(-limit, min(limit, values[index]))
      var code = F.bits(from: value)
      if keepsNonzero && code & 0x7FFF == 0 { code = 1 | (value.sign == .minus ? 0x8000 : 0) }
      target.storeBytes(of: code.littleEndian, toByteOffset: 2 * (start + index), as: UInt16.self)
    }
  }
}

/// Equally spaced numbers with whole-number codes: `value = (code − zeroPoint) × scale`.
struct IntegerGrid {
  var scale: Float
  var zeroPoint: Int32
  var codes: ClosedRange<Int32>

  /// - Parameter limit: what no code may decode to more than.
  init(_ values: UnsafeBufferPointer<Float>, settings: QuantizeParameters, limit: Float) {
    if settings.isSymmetric {
      let steps: Int32 = settings.type == .int4 ? 7 : 127
      scale = Scale.of(values, steps: Float(steps), limit: limit)
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
    let (low, high) = IntegerGrid.range(values)
    let steps = Float(codes.upperBound - codes.lowerBound)
    scale = Scale.guarded(high / steps - low / steps, steps: 1, limit: limit)
    if scale < .leastNormalMagnitude { scale = Scale.roundedUp((Double(high) - Double(low)) / Double(steps)) }
    let offset = Scale.rounded(max(-steps, min(0, low / scale)))
    zeroPoint = max(codes.lowerBound, min(codes.upperBound, codes.lowerBound - Int32(offset)))
    scale = Scale.guarded(scale, steps: furthest, limit: limit)
  }

  private var furthest: Float { Float(max(codes.upperBound - zeroPoint, zeroPoint - codes.lowerBound)) }

  /// Zero and the values between which all others lie.
  private static func range(_ values: UnsafeBufferPointer<Float>) -> (low: Float, high: Float) {
    var low: Float = 0
    var high: Float = 0
    for value in values {
      low = min(low, value)
      high = max(high, value)
    }
    return (low, high)
  }

  /// Moves the zero point so that there are `least` steps on each side of zero that has values, however small those
  /// are: else a value that must not become zero would have to change its sign.
  mutating func makeRoom(for least: Int32, _ values: UnsafeBufferPointer<Float>, limit: Float) {
    let (below, above) = (zeroPoint - codes.lowerBound, codes.upperBound - zeroPoint)
    guard min(below, above) < least else { return }
    let least = min(least, (below + above) / 2)
    let hasNegative = values.contains { $0.sign == .minus }
    let hasPositive = values.contains { $0.sign == .plus }
    if hasNegative && below < least {
      zeroPoint = codes.lowerBound + least
    } else if hasPositive && above < least {
      zeroPoint = codes.upperBound - least
    } else {
      return
    }
    let (low, high) = IntegerGrid.range(values)
    let needed = max(
      Double(high) / Double(codes.upperBound - zeroPoint), -Double(low) / Double(zeroPoint - codes.lowerBound))
    scale = Scale.guarded(max(scale, Scale.roundedUp(needed)), steps: furthest, limit: limit)
  }

  /// The code next to `value`; where `least` is not 0, one at least that many steps from zero, if the range has it.
  @inline(__always)
  func code(_ value: Float, least: Int32) -> Int32 {
    let steps = max(-512, min(512, value / scale))
    var offset = Int32(Scale.rounded(steps))
    if abs(offset) < least { offset = value.sign == .minus ? -least : least }
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
  static func of(_ values: UnsafeBufferPointer<Float>, steps: Float, limit: Float) -> Float {
    var largest: Float = 0
    for value in values { largest = max(largest, abs(value)) }
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
