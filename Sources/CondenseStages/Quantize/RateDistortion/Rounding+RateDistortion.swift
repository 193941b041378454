import CondenseCodecs
import CondenseTensors

extension Rounding {
  /// Like ``quantized(_:counts:keepsNonzero:mask:)``, with steps and codes that weigh the squared error against bits.
  ///
  /// All parts have one zero point, since all codes are packed with one code.
  ///
  /// - Throws: ``StageError`` where a value is not finite, with its place in the tensor.
  func quantized(
    _ values: FloatInput, counts: [Int], keepsNonzero: Bool, mask: Bytes? = nil, slope: Slope
  ) throws(StageError) -> Quantized {
    let pieces = Piece.all(counts)
    guard let ranges = values.withValues({ values in ranges(pieces, values) }) else {
      throw values.notFinite(mask: mask)
    }
    let low = ranges.reduce(0) { min($0, $1.lowerBound) }
    let high = ranges.reduce(0) { max($0, $1.upperBound) }
    var grid = IntegerGrid(
      settings.isSymmetric ? -max(-low, high)...max(-low, high) : low...high, settings: settings, limit: limit)
    if keepsNonzero { grid.makeRoom(for: leastStep(of: grid.scale), low...high, limit: limit) }
    let zero = grid.zeroPoint
    let offsets = grid.codes.lowerBound - zero...grid.codes.upperBound - zero
    let search = StepSearch(
      rounding: self, slope: slope, range: offsets, keepsNonzero: keepsNonzero,
      reaches: ranges.map { reach(of: $0, offsets) }, largest: max(-low, high))
    guard search.largest > 0 else {
      return try quantized(values, counts: counts, keepsNonzero: keepsNonzero, mask: mask)
    }
    var scales: [Float] = []
    let codes = Bytes(count: values.count) { target in
      values.withValues { values in
        let fit = search.best(pieces, values)
        scales = fit.steps.scales
        fit.write(pieces, values, zeroPoint: zero, into: target)
      }
    }
    return Quantized(
      type: settings.type, codes: codes, granularity: settings.granularity, scales: scales,
      zeroPoints: settings.isSymmetric ? nil : Array(repeating: zero, count: scales.count))
  }

  /// Zero and the values between which a part's others lie; nil where a value is not finite.
  private func ranges(_ pieces: [Piece], _ values: UnsafeBufferPointer<Float>) -> [ClosedRange<Float>]? {
    var ranges: [ClosedRange<Float>] = []
    ranges.reserveCapacity(pieces.count)
    for piece in pieces {
      guard let range = ValueRange.of(UnsafeBufferPointer(rebasing: values[piece.range])) else { return nil }
      ranges.append(range)
    }
    return ranges
  }

  /// The least step with which offsets reach all of a range; 0 where it is only zero, or has no offset on its side.
  private func reach(of range: ClosedRange<Float>, _ offsets: ClosedRange<Int32>) -> Float {
    func reach(_ largest: Float, _ steps: Int32) -> Float {
      largest > 0 && steps > 0 ? Scale.of(largest: largest, steps: Float(steps), limit: limit) : 0
    }
    return max(reach(range.upperBound, offsets.upperBound), reach(-range.lowerBound, -offsets.lowerBound))
  }
}
