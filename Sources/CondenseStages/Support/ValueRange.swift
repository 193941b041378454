import CLanes

/// The range of float32 values, and with it whether all are finite.
///
/// From four places at a time: processors fetch ahead in each, and memory delivers nearly twice as much as from one.
enum ValueRange {
  private typealias Lanes = SIMD4<Float>

  /// Zero and the values between which all others lie; nil where a value is not finite.
  static func of(_ values: UnsafeBufferPointer<Float>) -> ClosedRange<Float>? {
    guard let start = values.baseAddress else { return 0...0 }
    var range = clanes_range(low: 0, high: 0, largest: 0)
    let done = clanes_widen(start, values.count, &range)
    guard range.largest < MagnitudeLanes.infinity else { return nil }
    guard done < values.count else { return range.low...range.high }
    return ofEach(UnsafeBufferPointer(rebasing: values[done...]))
      .map { min(range.low, $0.lowerBound)...max(range.high, $0.upperBound) }
  }

  private static func ofEach(_ values: UnsafeBufferPointer<Float>) -> ClosedRange<Float>? {
    guard let start = values.baseAddress else { return 0...0 }
    let quarter = values.count / 64 * 16
    var low = Lanes(repeating: 0)
    var high = low
    // What is not finite stays so, whatever is added to it.
    var sum = low
    var index = 0
    while index < quarter {
      let a = load(start + index)
      let b = load(start + index + quarter)
      let c = load(start + index + 2 * quarter)
      let d = load(start + index + 3 * quarter)
      low = lower(d, lower(c, lower(b, lower(a, low))))
      high = higher(d, higher(c, higher(b, higher(a, high))))
      sum += (a + b) + (c + d)
      index += 4
    }
    var lowest = min(min(low[0], low[1]), min(low[2], low[3]))
    var highest = max(max(high[0], high[1]), max(high[2], high[3]))
    var total = (sum[0] + sum[1]) + (sum[2] + sum[3])
    for value in values[(4 * quarter)...] {
      lowest = min(lowest, value)
      highest = max(highest, value)
      total += value
    }
    // A sum of finite values may overflow.
    guard total.isFinite || values.allSatisfy({ $0.isFinite }) else { return nil }
    return lowest...highest
  }

  /// Zero and the largest magnitude on both sides of it; nil where a value is not finite.
  static func symmetric(_ values: UnsafeBufferPointer<Float>) -> ClosedRange<Float>? {
    guard let start = values.baseAddress else { return 0...0 }
    var bits: UInt32 = 0
    let done = clanes_find_largest(start, values.count, &bits)
    guard bits < MagnitudeLanes.infinity else { return nil }
    var largest = Float(bitPattern: bits)
    if done < values.count {
      guard let rest = ofEach(UnsafeBufferPointer(rebasing: values[done...])) else { return nil }
      largest = max(largest, -rest.lowerBound, rest.upperBound)
    }
    return -largest...largest
  }

  @inline(__always)
  private static func load(_ pointer: UnsafePointer<Float>) -> Lanes {
    UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
  }

  @inline(__always)
  private static func lower(_ a: Lanes, _ b: Lanes) -> Lanes { b.replacing(with: a, where: a .< b) }

  @inline(__always)
  private static func higher(_ a: Lanes, _ b: Lanes) -> Lanes { b.replacing(with: a, where: a .> b) }
}
