// Conversions of sixteen lanes. The standard library has them, but leaves it to chance whether they are inlined, and a
// call in the innermost loop costs more than the loop.

extension SIMD16 where Scalar == UInt32 {
  /// The same bits as signed numbers, which is what every processor can compare.
  @inline(__always)
  var signed: SIMD16<Int32> { unsafeBitCast(self, to: SIMD16<Int32>.self) }

  @inline(__always)
  var floats: SIMD16<Float> { unsafeBitCast(self, to: SIMD16<Float>.self) }

  /// The lowest bits of each.
  @inline(__always)
  func truncated<Code: FixedWidthInteger & SIMDScalar>(to: Code.Type) -> SIMD16<Code> {
    var result = SIMD16<Code>()
    for lane in 0..<16 { result[lane] = Code(truncatingIfNeeded: self[lane]) }
    return result
  }
}

extension SIMD16 where Scalar == Int32 {
  @inline(__always)
  var bits: SIMD16<UInt32> { unsafeBitCast(self, to: SIMD16<UInt32>.self) }
}

extension SIMD16 where Scalar == Float {
  @inline(__always)
  var bits: SIMD16<UInt32> { unsafeBitCast(self, to: SIMD16<UInt32>.self) }

  /// With float64 lanes, the first eight and the last.
  @inline(__always)
  var doubles: (SIMD8<Double>, SIMD8<Double>) {
    var low = SIMD8<Double>()
    var high = SIMD8<Double>()
    for lane in 0..<8 {
      low[lane] = Double(self[lane])
      high[lane] = Double(self[lane + 8])
    }
    return (low, high)
  }
}
