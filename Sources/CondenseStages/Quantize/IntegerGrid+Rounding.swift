import CLanes

extension IntegerGrid {
  /// Writes the code next to each value; where `least` is not 0, one at least that many steps from zero, on the side that
  /// the value is on. Where `streams`, the tensor's codes are more than caches hold.
  func round(
    _ values: UnsafeBufferPointer<Float>, into target: UnsafeMutableRawBufferPointer, least: Int32,
    range: ClosedRange<Float>, streams: Bool
  ) {
    let (low, high) = (Float(codes.lowerBound - zeroPoint), Float(codes.upperBound - zeroPoint))
    let steps = Steps(scale: scale, zero: UInt8(truncatingIfNeeded: zeroPoint))
    guard least == 0 else {
      return FloatLanes.round(values, into: target, NonzeroSteps(steps: steps, low: low, high: high, least: least))
    }
    guard let start = values.baseAddress, let codes = target.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
      return
    }
    let isBeyond = Scale.rounded(range.lowerBound / scale) < low || Scale.rounded(range.upperBound / scale) > high
    let done =
      isBeyond
      ? clanes_round_clamped(start, values.count, scale, steps.zero, low, high, codes, streams ? 1 : 0)
      : clanes_round(start, values.count, scale, steps.zero, codes, streams ? 1 : 0)
    guard done < values.count else { return }
    let rest = UnsafeBufferPointer(rebasing: values[done...])
    let restOfTarget = UnsafeMutableRawBufferPointer(rebasing: target[done...])
    if isBeyond {
      FloatLanes.round(rest, into: restOfTarget, ClampedSteps(steps: steps, low: low, high: high))
    } else {
      FloatLanes.round(rest, into: restOfTarget, steps)
    }
  }

  /// 1.5 · 2^23: added to a number below 2^22 in magnitude, it leaves no room for a fraction, so that the sum is rounded
  /// to the nearest whole number, halves to even, and its lowest bits are that number. (`rounded()` is a library call
  /// without SSE4.1.)
  fileprivate static let magic: Float = 12_582_912

  /// Codes of values that are all within the range.
  private struct Steps: LaneRounding {
    var scale: Float
    var zero: UInt8

    @inline(__always)
    func codes(_ values: SIMD16<Float>) -> SIMD16<UInt8> { codes(steps: values / scale) }

    @inline(__always)
    func codes(steps: SIMD16<Float>) -> SIMD16<UInt8> {
      (steps + IntegerGrid.magic).bits.truncated(to: UInt8.self) &+ zero
    }
  }

  /// Codes of values that may be beyond the range.
  private struct ClampedSteps: LaneRounding {
    var steps: Steps
    var low: Float
    var high: Float

    @inline(__always)
    func codes(_ values: SIMD16<Float>) -> SIMD16<UInt8> { steps.codes(steps: clamped(values)) }

    @inline(__always)
    func clamped(_ values: SIMD16<Float>) -> SIMD16<Float> {
      let lows = SIMD16<Float>(repeating: low)
      let highs = SIMD16<Float>(repeating: high)
      let quotients = values / steps.scale
      let raised = quotients.replacing(with: lows, where: quotients .< lows)
      return raised.replacing(with: highs, where: raised .> highs)
    }
  }

  /// Codes none of which is zero's.
  private struct NonzeroSteps: LaneRounding {
    var steps: Steps
    var low: Float
    var high: Float
    var least: Int32

    @inline(__always)
    func codes(_ values: SIMD16<Float>) -> SIMD16<UInt8> {
      let rounded = ClampedSteps(steps: steps, low: low, high: high).clamped(values) + IntegerGrid.magic
      var offset = (rounded.bits &- IntegerGrid.magic.bitPattern).signed
      // All ones where the value is negative.
      let sign = values.bits.signed &>> 31
      offset.replace(with: (sign ^ least) &- sign, where: (offset .< least) .& (offset .> -least))
      return offset.bits.truncated(to: UInt8.self) &+ steps.zero
    }
  }
}
