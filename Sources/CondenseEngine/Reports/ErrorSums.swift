/// The sums behind ``TensorMetrics`` for float32 elements, in double precision.
///
/// Element *i* adds to lane *i* mod 4, and the lanes are added up in their order at the end: the same additions in the
/// same order on every machine, whatever its vectors' width, and whatever the number of jobs.
struct ErrorSums {
  private(set) var nonzeroCount = 0
  /// ΣW², Σ(W−Ŵ)², ΣŴ².
  private(set) var signal = 0.0
  private(set) var error = 0.0
  private(set) var result = 0.0
  private(set) var maxError = 0.0

  /// ΣWŴ, which needs no sum of its own: (ΣW² + ΣŴ² − Σ(W−Ŵ)²) / 2.
  var dotProduct: Double { (signal + result - error) / 2 }

  /// Whether every element was a finite number; if not, the sums mean nothing.
  var isFinite: Bool { signal.isFinite && result.isFinite }

  /// Sums over pairs of elements, as many as both have.
  init(_ source: UnsafeBufferPointer<Float>, _ result: UnsafeBufferPointer<Float>) {
    let count = min(source.count, result.count)
    let (w, v) = (UnsafeRawPointer(source.baseAddress), UnsafeRawPointer(result.baseAddress))
    guard count > 0, let w, let v else { return }
    var sums = Lanes()
    var index = 0
    while index + 4 <= count {
      // Lanes count in 32 bits, so the count is taken from them in time.
      let end = min(count / 4 * 4, index + ErrorSums.block)
      while index < end {
        let offset = index * MemoryLayout<Float>.stride
        sums.add(
          w.loadUnaligned(fromByteOffset: offset, as: SIMD4<Float>.self),
          v.loadUnaligned(fromByteOffset: offset, as: SIMD4<Float>.self))
        index += 4
      }
      nonzeroCount += sums.takeCount()
    }
    // Zeros on both sides add nothing.
    var (lastW, lastV) = (SIMD4<Float>.zero, SIMD4<Float>.zero)
    for lane in 0..<count - index {
      lastW[lane] = source[index + lane]
      lastV[lane] = result[index + lane]
    }
    sums.add(lastW, lastV)
    nonzeroCount += sums.takeCount()
    for lane in 0..<4 {
      signal += sums.signal[lane]
      error += sums.error[lane]
      self.result += sums.result[lane]
      maxError = max(maxError, sums.largest[lane])
    }
    // Exact: the square root of a square that was rounded to the nearest is the number again, and the square of a
    // difference of float32 numbers is far from the ends of double's range.
    maxError = maxError.squareRoot()
  }

  private static let block = 1 << 20
}

private struct Lanes {
  var signal = SIMD4<Double>.zero
  var error = SIMD4<Double>.zero
  var result = SIMD4<Double>.zero
  /// Largest (W−Ŵ)².
  var largest = SIMD4<Double>.zero
  private var nonzeros = SIMD4<Int32>.zero

  @inline(__always)
  mutating func add(_ source: SIMD4<Float>, _ result: SIMD4<Float>) {
    let w = SIMD4(Double(source[0]), Double(source[1]), Double(source[2]), Double(source[3]))
    let v = SIMD4(Double(result[0]), Double(result[1]), Double(result[2]), Double(result[3]))
    let difference = w - v
    let square = difference * difference
    signal += w * w
    error += square
    self.result += v * v
    largest.replace(with: square, where: square .> largest)
    nonzeros &+= SIMD4<Int32>.zero.replacing(with: 1, where: result .!= 0)
  }

  mutating func takeCount() -> Int {
    defer { nonzeros = .zero }
    return (0..<4).reduce(0) { $0 + Int(nonzeros[$1]) }
  }
}
