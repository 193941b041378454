/// One-dimensional k-means, solved to the optimum on bins.
///
/// Values are put into bins; bins into clusters of neighbours, so that the squared error is least. Up to 2^16 values
/// each distinct value is a bin, and the result is optimal; beyond, a bin is a run of neighbouring floating-point
/// numbers, ten mantissa bits for up to 256 clusters, and the result is optimal on those bins.
enum OptimalClusters {
  /// Clusters `values` into at most `levels`, writes each value's cluster into `indices`, and returns the centroids,
  /// ascending and distinct. `representable` makes a mean a centroid.
  static func find(
    _ values: UnsafeBufferPointer<Float>, levels: Int, into indices: UnsafeMutableRawBufferPointer,
    representable: (Float) -> Float
  ) -> [Float] {
    guard !values.isEmpty else { return [] }
    var bins = values.count <= largestExact ? ValueBins(distinct: values) : ValueBins(histogram: values, levels: levels)
    // Values that are close together for where they lie share few bins: then each has its own after all.
    if values.count > largestExact && bins.count < 16 * levels { bins = ValueBins(distinct: values) }
    let starts = ClusterBoundaries.best(bins, levels: levels)
    var centroids: [Float] = []
    /// For each bin its cluster.
    var clusterOfBin = [UInt8](repeating: 0, count: bins.count)
    for (number, start) in starts.enumerated() {
      let end = number + 1 < starts.count ? starts[number + 1] : bins.count
      var weight = 0.0
      var sum = 0.0
      for bin in start..<end {
        weight += bins.weights[bin]
        sum += bins.sums[bin]
      }
      // A lone value stays what it is: a division could change its last bit.
      let mean = bins.isSingleValue(start..<end) ? bins.firsts[start] : Float(sum / weight)
      let centroid = representable(mean)
      // Means that the type cannot tell apart are one centroid.
      if centroids.last != centroid { centroids.append(centroid) }
      for bin in start..<end { clusterOfBin[bin] = UInt8(centroids.count - 1) }
    }
    bins.forEachValue(values) { index, bin in indices[index] = clusterOfBin[bin] }
    return centroids
  }

  private static let largestExact = 1 << 16
}

/// Values in ascending bins.
struct ValueBins {
  /// How many values each bin holds.
  var weights: [Double] = []
  /// Their sums.
  var sums: [Double] = []
  /// One of each bin's values.
  var firsts: [Float] = []
  /// Whether all of a bin's values are the same.
  private var isUniform: [Bool] = []
  private var lookup: Lookup

  private enum Lookup {
    /// Ascending distinct values.
    case search([Float])
    /// By the upper bits of a value's ordered pattern; -1 where no value is.
    case table([Int32], shift: UInt32)
  }

  var count: Int { weights.count }

  func isSingleValue(_ range: Range<Int>) -> Bool { range.count == 1 && isUniform[range.lowerBound] }

  /// One bin for each distinct value.
  init(distinct values: UnsafeBufferPointer<Float>) {
    for value in values.sorted() {
      if firsts.last == value {
        weights[weights.count - 1] += 1
        sums[sums.count - 1] += Double(value)
      } else {
        weights.append(1)
        sums.append(Double(value))
        firsts.append(value)
      }
    }
    isUniform = Array(repeating: true, count: weights.count)
    lookup = .search(firsts)
  }

  /// Bins of values that share their upper bits.
  init(histogram values: UnsafeBufferPointer<Float>, levels: Int) {
    let shift: UInt32 = levels > 64 ? 13 : 15
    var table = [Int32](repeating: 0, count: 1 << (32 - Int(shift)))
    var tableSums = [Double](repeating: 0, count: table.count)
    var tableFirsts = [Float](repeating: 0, count: table.count)
    var tableUniform = [Bool](repeating: true, count: table.count)
    for value in values {
      let slot = Int(ValueBins.ordered(value) >> shift)
      if table[slot] == 0 {
        tableFirsts[slot] = value
      } else if tableFirsts[slot] != value {
        tableUniform[slot] = false
      }
      table[slot] += 1
      tableSums[slot] += Double(value)
    }
    for slot in table.indices {
      guard table[slot] > 0 else {
        table[slot] = -1
        continue
      }
      weights.append(Double(table[slot]))
      sums.append(tableSums[slot])
      firsts.append(tableFirsts[slot])
      isUniform.append(tableUniform[slot])
      table[slot] = Int32(weights.count - 1)
    }
    lookup = .table(table, shift: shift)
  }

  /// A bit pattern that orders like the value.
  private static func ordered(_ value: Float) -> UInt32 {
    let bits = value.bitPattern
    return bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
  }

  /// Calls `body` with each value's place and bin.
  func forEachValue(_ values: UnsafeBufferPointer<Float>, _ body: (_ index: Int, _ bin: Int) -> Void) {
    switch lookup {
    case .table(let table, let shift):
      table.withUnsafeBufferPointer { table in
        for index in 0..<values.count { body(index, Int(table[Int(ValueBins.ordered(values[index]) >> shift)])) }
      }
    case .search(let distinct):
      for index in 0..<values.count {
        var low = 0
        var high = distinct.count
        while high - low > 1 {
          let middle = (low + high) / 2
          if distinct[middle] <= values[index] { low = middle } else { high = middle }
        }
        body(index, low)
      }
    }
  }
}
