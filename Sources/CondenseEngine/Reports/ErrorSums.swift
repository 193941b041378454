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

  /// Over nothing.
  init() {}

  /// Sums over elements that stayed what they are: the same numbers as a comparison with themselves gives.
  init(unchanged source: UnsafeBufferPointer<Float>) {
    guard let base = UnsafeRawPointer(source.baseAddress) else { return }
    var energy = SIMD4<Double>.zero
    let whole = source.count / 4 * 4
    var start = 0
    while start < whole {
      // Lanes count in 32 bits, so the count is taken from them in time.
      let end = min(whole, start + ErrorSums.block)
      var nonzeros = SIMD4<Int32>.zero
      for index in stride(from: start, to: end, by: 4) {
        let w = base.loadUnaligned(fromByteOffset: index &* 4, as: SIMD4<Float>.self)
        let wide = SIMD4(Double(w[0]), Double(w[1]), Double(w[2]), Double(w[3]))
        energy += wide * wide
        nonzeros &+= SIMD4<Int32>.zero.replacing(with: 1, where: w .!= 0)
      }
      nonzeroCount += (0..<4).reduce(0) { $0 + Int(nonzeros[$1]) }
      start = end
    }
    for index in whole..<source.count {
      energy[index - whole] += Double(source[index]) * Double(source[index])
      if source[index] != 0 { nonzeroCount += 1 }
    }
    signal = energy[0] + energy[1] + energy[2] + energy[3]
    result = signal
  }

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

  static func += (a: inout ErrorSums, b: ErrorSums) {
    a.nonzeroCount += b.nonzeroCount
    a.signal += b.signal
    a.error += b.error
    a.result += b.result
    a.maxError = max(a.maxError, b.maxError)
  }

  /// Adds elements that became zero: Σ W² and the largest |W|.
  mutating func add(zeroed energy: Double, largest: Double) {
    signal += energy
    error += energy
    maxError = max(maxError, largest)
  }
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
