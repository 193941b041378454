import CLanes

/// Sums of magnitudes in float64: no order of float32 weights can overflow it, and what is not finite shows in the sum.
enum MagnitudeSums {
  /// In lanes of sixteen, so that the order does not depend on the machine.
  static func sum(_ values: UnsafePointer<Float>, count: Int) -> Double {
    var lanes = SIMD16<Double>(repeating: 0)
    var index = withUnsafeMutableBytes(of: &lanes) { lanes in
      lanes.withMemoryRebound(to: Double.self) { lanes in
        lanes.baseAddress.map { clanes_add_magnitudes(values, count, $0) } ?? 0
      }
    }
    var (low, high) = (lanes.lowHalf, lanes.highHalf)
    while index + 16 <= count {
      let bits = MagnitudeLanes.load(UnsafeRawPointer(values + index).assumingMemoryBound(to: UInt32.self))
      let magnitudes = bits.floats
      let (first, last) = magnitudes.doubles
      low += first
      high += last
      index += 16
    }
    var sum = (low + high).sum()
    while index < count {
      sum += Double(abs(values[index]))
      index += 1
    }
    return sum
  }

  /// The sum of each column over a few rows.
  static func addUp(
    _ values: UnsafePointer<Float>, rows: Int, columns: Int, into sums: UnsafeMutableBufferPointer<Double>
  ) {
    guard let target = sums.baseAddress else { return }
    let done = clanes_sum_columns(values, rows, columns, target)
    for column in done..<columns { sums[column] = Double(abs(values[column])) }
    var row = 1
    while row + 3 <= rows {
      let (a, b, c) = (values + row * columns, values + (row + 1) * columns, values + (row + 2) * columns)
      for column in done..<columns {
        sums[column] += Double(abs(a[column])) + Double(abs(b[column])) + Double(abs(c[column]))
      }
      row += 3
    }
    while row < rows {
      let a = values + row * columns
      for column in done..<columns { sums[column] += Double(abs(a[column])) }
      row += 1
    }
  }
}
