/// Sixteen float32 numbers at a time.
enum FloatLanes {
  typealias Floats = SIMD16<Float>

  @inline(__always)
  static func load(_ pointer: UnsafePointer<Float>) -> Floats {
    UnsafeRawPointer(pointer).loadUnaligned(as: Floats.self)
  }

  /// Zero and the largest magnitude on both sides of it; nil where a value is not finite.
  static func symmetricRange(_ values: UnsafeBufferPointer<Float>) -> ClosedRange<Float>? {
    let largest = values.withMemoryRebound(to: UInt32.self) { MagnitudeLanes.largest($0) }
    guard largest < MagnitudeLanes.infinity else { return nil }
    return -Float(bitPattern: largest)...Float(bitPattern: largest)
  }

  /// Zero and the values between which all others lie; nil where a value is not finite.
  static func range(_ values: UnsafeBufferPointer<Float>) -> ClosedRange<Float>? {
    guard let start = values.baseAddress else { return 0...0 }
    var low = Floats(repeating: 0)
    var high = low
    // A number that is not finite is not itself when taken from itself.
    var sum = low
    var index = 0
    while index + 16 <= values.count {
      let lanes = load(start + index)
      low.replace(with: lanes, where: lanes .< low)
      high.replace(with: lanes, where: lanes .> high)
      sum += lanes - lanes
      index += 16
    }
    var (least, most) = (low.min(), high.max())
    var isFinite = all(sum .== 0)
    while index < values.count {
      least = min(least, values[index])
      most = max(most, values[index])
      isFinite = isFinite && values[index].isFinite
      index += 1
    }
    return isFinite ? least...most : nil
  }

  /// Writes a code for each value, the last ones first: a pass before this one has left the end in the cache.
  static func round<R: LaneRounding>(
    _ values: UnsafeBufferPointer<Float>, into target: UnsafeMutableRawBufferPointer, _ rounding: R
  ) {
    guard let start = values.baseAddress, let target = target.baseAddress else { return }
    let width = MemoryLayout<R.Code>.stride
    let whole = values.count / 16 * 16
    if whole < values.count {
      var last = Floats(repeating: 0)
      for index in whole..<values.count { last[index - whole] = values[index] }
      let result = rounding.codes(last)
      for index in whole..<values.count {
        target.storeBytes(of: result[index - whole].littleEndian, toByteOffset: index * width, as: R.Code.self)
      }
    }
    // Backwards by blocks, forwards in them, which is what processors fetch ahead best.
    let blockLength = 1 << 13
    var end = whole
    while end > 0 {
      let begin = (end - 1) / blockLength * blockLength
      var index = begin
      while index < end {
        let result = rounding.codes(load(start + index))
        (target + index * width).storeBytes(of: result, as: SIMD16<R.Code>.self)
        index += 16
      }
      end = begin
    }
  }
}

/// Makes codes of sixteen numbers. (A protocol, because closures that are called in two places are not inlined.)
protocol LaneRounding {
  associatedtype Code: FixedWidthInteger & SIMDScalar & BitwiseCopyable
  func codes(_ values: SIMD16<Float>) -> SIMD16<Code>
}
