import CondenseCodecs
import CondenseTensors

/// Rounds runs of values to codes of a small type, each run with its own scale and zero point.
struct Rounding {
  let settings: QuantizeParameters
  /// The type that codes are decoded to: a step that it cannot tell from zero does not count as one.
  let dtype: DType

  /// What a processor's last cache holds of one core's at most, roughly.
  private static let cacheByteCount = 16 << 20

  /// What no code may decode to more than.
  var limit: Float { dtype.greatestFinite ?? .greatestFiniteMagnitude }

  /// `counts` says how many values belong to each part. Where `keepsNonzero`, no value gets the code of zero.
  ///
  /// - Throws: ``StageError`` where a value is not finite, with its place in the tensor.
  func quantized(
    _ values: FloatInput, counts: [Int], keepsNonzero: Bool, mask: Bytes? = nil
  ) throws(StageError) -> Quantized {
    var scales: [Float] = []
    var zeroPoints: [Int32] = []
    scales.reserveCapacity(counts.count)
    zeroPoints.reserveCapacity(counts.count)
    var isFinite = true
    let width = settings.type.codeWidth
    let streams = values.count * width >= Rounding.cacheByteCount
    let codes = Bytes(count: values.count * width) { target in
      values.withValues { values in
        var next = 0
        for count in counts {
          let part = UnsafeBufferPointer(rebasing: values[next..<next + count])
          let target = UnsafeMutableRawBufferPointer(rebasing: target[next * width..<(next + count) * width])
          guard let (scale, zeroPoint) = round(part, into: target, keepsNonzero: keepsNonzero, streams: streams) else {
            isFinite = false
            break
          }
          scales.append(scale)
          zeroPoints.append(zeroPoint)
          next += count
        }
      }
    }
    guard isFinite else { throw values.notFinite(mask: mask) }
    return Quantized(
      type: settings.type, codes: codes, granularity: settings.granularity,
      scales: settings.type.isScaled ? scales : [], zeroPoints: settings.isSymmetric ? nil : zeroPoints)
  }

  /// Rounds one part; nil where a value is not finite.
  private func round(
    _ part: UnsafeBufferPointer<Float>, into target: UnsafeMutableRawBufferPointer, keepsNonzero: Bool, streams: Bool
  ) -> (scale: Float, zeroPoint: Int32)? {
    guard let range = settings.isSymmetric ? ValueRange.symmetric(part) : ValueRange.of(part) else { return nil }
    switch settings.type {
    case .int8, .uint8, .int4:
      var grid = IntegerGrid(range, settings: settings, limit: limit)
      var least: Int32 = 0
      if keepsNonzero {
        grid.makeRoom(for: leastStep(of: grid.scale), range, limit: limit)
        least = leastStep(of: grid.scale)
      }
      grid.round(part, into: target, least: least, range: range, streams: streams)
      return (grid.scale, grid.zeroPoint)
    case .float8e4m3:
      let scale = Scale.of(largest: range.upperBound, steps: Float8E4M3.greatestFinite, limit: limit)
      let least = keepsNonzero ? leastFloat8(scale) : 0
      let rounding = SmallFloatLanes(
        Float8E4M3.self, exponentBits: 4, mantissaBits: 3, scale: scale, limit: Float8E4M3.greatestFinite, least: least)
      FloatLanes.round(part, into: target, rounding)
      return (scale, 0)
    case .float16:
      let rounding = SmallFloatLanes(
        Half.self, exponentBits: 5, mantissaBits: 10, limit: limit, least: keepsNonzero ? 1 : 0)
      FloatLanes.round(part, into: target, rounding)
      return (1, 0)
    case .bfloat16:
      let rounding = SmallFloatLanes(
        BFloat16.self, exponentBits: 8, mantissaBits: 7, limit: limit, least: keepsNonzero ? 1 : 0)
      FloatLanes.round(part, into: target, rounding)
      return (1, 0)
    }
  }

  /// The fewest steps from zero that are not zero once decoded.
  func leastStep(of scale: Float) -> Int32 {
    (1...Int32(127)).first { !isZeroOnceDecoded(Float($0) * scale) } ?? 127
  }

  private func leastFloat8(_ scale: Float) -> UInt32 {
    (1...UInt32(0x7E)).first { !isZeroOnceDecoded(Float8E4M3.float(from: UInt8($0)) * scale) } ?? 0x7E
  }

  private func isZeroOnceDecoded(_ value: Float) -> Bool {
    guard value != 0 else { return true }
    guard dtype != .f32 && dtype != .f64 else { return false }
    return dtype.bytes([value]).flatMap { dtype.floats($0) }?.first == 0
  }
}
