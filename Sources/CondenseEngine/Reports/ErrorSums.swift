import CLanes

/// The sums behind ``TensorMetrics`` for float32 elements, in double precision.
///
/// Element *i* adds to lane *i* mod 8, and the lanes are added up in their order at the end: the same additions in the
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

  /// Sums over elements that stayed what they are: the same numbers as a comparison with a copy gives.
  init(unchanged source: UnsafeBufferPointer<Float>) {
    guard let w = source.baseAddress else { return }
    var squares = SIMD8<Double>.zero
    let done = withUnsafeMutableBytes(of: &squares) { squares in
      clanes_add_squares(w, source.count, squares.assumingMemoryBound(to: Double.self).baseAddress, &nonzeroCount)
    }
    for start in stride(from: done, to: source.count, by: 8) {
      let elements = EightLanes.load(w, start, of: source.count)
      let wide = EightLanes.widened(elements)
      squares += wide * wide
      nonzeroCount &+= EightLanes.nonzeroCount(elements)
    }
    signal = EightLanes.sum(squares)
    result = signal
  }

  /// Sums over pairs of elements, as many as both have.
  init(_ source: UnsafeBufferPointer<Float>, _ result: UnsafeBufferPointer<Float>) {
    guard let w = source.baseAddress, let v = result.baseAddress else { return }
    let count = min(source.count, result.count)
    var sums = clanes_differences()
    let done = clanes_add_differences(w, v, count, &sums)
    var lanes = DifferenceLanes(sums)
    for start in stride(from: done, to: count, by: 8) {
      lanes.add(EightLanes.load(w, start, of: count), EightLanes.load(v, start, of: count))
    }
    nonzeroCount = lanes.nonzeroCount
    signal = EightLanes.sum(lanes.signal)
    error = EightLanes.sum(lanes.error)
    self.result = EightLanes.sum(lanes.result)
    // Exact: the square root of a square that was rounded to the nearest is the number again, and the square of a
    // difference of float32 numbers is far from the ends of double's range.
    maxError = lanes.largest.max().squareRoot()
  }

  /// Sums over a result that is zero but where a mask keeps elements; those became `kept`, in their order.
  init(_ source: PartedSource, kept: UnsafeBufferPointer<Float>) {
    self = source.kept.withElements(of: Float.self) { ErrorSums($0, kept) }
    signal += source.leftOutEnergy
    error += source.leftOutEnergy
    maxError = max(maxError, source.leftOutLargest)
  }
}

private struct DifferenceLanes {
  var nonzeroCount: Int
  var signal: SIMD8<Double>
  var error: SIMD8<Double>
  var result: SIMD8<Double>
  /// Largest (W−Ŵ)².
  var largest: SIMD8<Double>

  init(_ sums: clanes_differences) {
    nonzeroCount = sums.nonzeros
    signal = unsafeBitCast(sums.source, to: SIMD8<Double>.self)
    error = unsafeBitCast(sums.error, to: SIMD8<Double>.self)
    result = unsafeBitCast(sums.result, to: SIMD8<Double>.self)
    largest = unsafeBitCast(sums.largest, to: SIMD8<Double>.self)
  }

  @inline(__always)
  mutating func add(_ source: SIMD8<Float>, _ result: SIMD8<Float>) {
    let w = EightLanes.widened(source)
    let v = EightLanes.widened(result)
    let difference = w - v
    let square = difference * difference
    signal += w * w
    error += square
    self.result += v * v
    largest.replace(with: square, where: square .> largest)
    nonzeroCount &+= EightLanes.nonzeroCount(result)
  }
}

/// Eight elements at a time, as sums take them.
enum EightLanes {
  /// Eight elements of `count` from `start` on; past the last one zeros, which add nothing.
  @inline(__always)
  static func load(_ elements: UnsafePointer<Float>, _ start: Int, of count: Int) -> SIMD8<Float> {
    if start &+ 8 <= count {
      return UnsafeRawPointer(elements + start).loadUnaligned(as: SIMD8<Float>.self)
    }
    var last = SIMD8<Float>.zero
    for lane in 0..<count - start { last[lane] = elements[start + lane] }
    return last
  }

  @inline(__always)
  static func widened(_ x: SIMD8<Float>) -> SIMD8<Double> {
    SIMD8(
      Double(x[0]), Double(x[1]), Double(x[2]), Double(x[3]), Double(x[4]), Double(x[5]), Double(x[6]), Double(x[7]))
  }

  @inline(__always)
  static func nonzeroCount(_ x: SIMD8<Float>) -> Int {
    Int(truncatingIfNeeded: SIMD8<Int32>.zero.replacing(with: 1, where: x .!= 0).wrappedSum())
  }

  /// One lane after the other.
  static func sum(_ lanes: SIMD8<Double>) -> Double { (0..<8).reduce(0) { $0 + lanes[$1] } }
}
