/// Sixteen float32 numbers at a time.
enum FloatLanes {
  typealias Floats = SIMD16<Float>

  @inline(__always)
  static func load(_ pointer: UnsafePointer<Float>) -> Floats {
    UnsafeRawPointer(pointer).loadUnaligned(as: Floats.self)
  }

  /// Writes a code for each value, the last ones first: a pass before this one has left the ends of four quarters in the
  /// cache.
  static func round<R: LaneRounding>(
    _ values: UnsafeBufferPointer<Float>, into target: UnsafeMutableRawBufferPointer, _ rounding: R
  ) {
    guard let start = values.baseAddress, let target = target.baseAddress else { return }
    let width = MemoryLayout<R.Code>.stride
    let quarter = values.count / 64 * 16
    if 4 * quarter < values.count {
      roundLast(UnsafeBufferPointer(rebasing: values[(4 * quarter)...]), into: target + 4 * quarter * width, rounding)
    }
    // Backwards by blocks, forwards in them, which is what processors fetch ahead best.
    let blockLength = 1 << 13
    var end = quarter
    while end > 0 {
      let begin = (end - 1) / blockLength * blockLength
      var index = begin
      while index < end {
        for part in 0..<4 {
          let place = index + part * quarter
          (target + place * width).storeBytes(of: rounding.codes(load(start + place)), as: SIMD16<R.Code>.self)
        }
        index += 16
      }
      end = begin
    }
  }

  /// Writes the codes of fewer than 64 values.
  private static func roundLast<R: LaneRounding>(
    _ values: UnsafeBufferPointer<Float>, into target: UnsafeMutableRawPointer, _ rounding: R
  ) {
    for begin in stride(from: 0, to: values.count, by: 16) {
      let count = min(16, values.count - begin)
      var lanes = Floats(repeating: 0)
      for lane in 0..<count { lanes[lane] = values[begin + lane] }
      let codes = rounding.codes(lanes)
      for lane in 0..<count {
        target.storeBytes(
          of: codes[lane].littleEndian, toByteOffset: (begin + lane) * MemoryLayout<R.Code>.stride, as: R.Code.self)
      }
    }
  }
}

/// Makes codes of sixteen numbers. (A protocol, because closures that are called in two places are not inlined.)
protocol LaneRounding {
  associatedtype Code: FixedWidthInteger & SIMDScalar & BitwiseCopyable
  func codes(_ values: SIMD16<Float>) -> SIMD16<Code>
}
