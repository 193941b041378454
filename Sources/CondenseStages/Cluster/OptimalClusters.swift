/// One-dimensional k-means, solved to the optimum on bins.
///
/// Values are put into bins; bins into clusters of neighbours, so that the squared error is least. Of up to 2^14 values
/// each different one is a bin, and the result is optimal. Beyond, a bin is a run of neighbouring float32 numbers, and
/// the result is optimal on those bins: ten bits of the mantissa for more than 64 clusters (eleven of fewer than 2^18
/// values), eight for fewer, and more where few such bins have values.
enum OptimalClusters {
  private static let largestExact = 1 << 14
  private static let fewForManyLevels = 1 << 18

  /// What counts and places of 32 bits are enough for.
  static let mostValues = Int(UInt32.max)

  /// The histogram that ``find(_:levels:histogram:into:representable:)`` would make; nil where it needs none.
  static func histogram(_ values: UnsafeBufferPointer<UInt32>, levels: Int) -> ValueHistogram? {
    guard values.count > largestExact, values.count <= mostValues else { return nil }
    if levels <= 64 { return ValueHistogram(values, shift: 15) }
    // The fewer values there are, the more it matters where each lies in its bin.
    return ValueHistogram(values, shift: values.count < fewForManyLevels ? 12 : 13)
  }

  /// Clusters `values`, bit patterns of finite numbers, into at most `levels`, writes each value's cluster into
  /// `indices`, and returns the centroids, ascending and distinct.
  ///
  /// - Parameters:
  ///   - histogram: that of the values, where it is known.
  ///   - slope: what a bit may cost in squared error; nil where only the error counts.
  ///   - representable: makes a mean a centroid.
  static func find(
    _ values: UnsafeBufferPointer<UInt32>, levels: Int, histogram: ValueHistogram?, slope: Slope? = nil,
    into indices: UnsafeMutableRawBufferPointer, representable: (Float) -> Float
  ) -> [Float] {
    guard let histogram = histogram ?? self.histogram(values, levels: levels) else {
      return findExactly(values, levels: levels, slope: slope, into: indices, representable: representable)
    }
    let bins = histogram.bins
    // Bins should be far narrower than clusters.
    if bins.count < 16 * levels {
      let refined = RefinedHistogram(histogram, values)
      let solution = Solution(refined.bins, levels: levels, slope: slope, slotCount: refined.slotCount, representable)
      refined.assign(values, clusters: solution.clusters, into: indices)
      return solution.centroids
    }
    let solution = Solution(bins, levels: levels, slope: slope, slotCount: histogram.counts.count, representable)
    solution.clusters.withUnsafeBufferPointer { histogram.assign(values, clusters: $0, into: indices) }
    return solution.centroids
  }

  private static func findExactly(
    _ values: UnsafeBufferPointer<UInt32>, levels: Int, slope: Slope?, into indices: UnsafeMutableRawBufferPointer,
    representable: (Float) -> Float
  ) -> [Float] {
    // Each value with its place, in ascending order: a sort by two keys in one number.
    let sorted = values.indices.map { index in
      UInt64(ordered(values[index])) << 32 | UInt64(index)
    }.sorted()
    var bins = ValueBins()
    var binOfRank: [Int] = []
    binOfRank.reserveCapacity(values.count)
    var last: Float?
    for entry in sorted {
      let value = Float(bitPattern: values[Int(entry & 0xFFFF_FFFF)])
      if value == last {
        bins.addToLast()
      } else {
        bins.append(weight: 1, mean: Double(value), isSingle: true, slot: bins.count)
        last = value
      }
      binOfRank.append(bins.count - 1)
    }
    let solution = Solution(bins, levels: levels, slope: slope, slotCount: bins.count, representable)
    for (rank, entry) in sorted.enumerated() {
      indices[Int(entry & 0xFFFF_FFFF)] = solution.clusters[binOfRank[rank]]
    }
    return solution.centroids
  }

  /// A bit pattern that orders like the value.
  private static func ordered(_ bits: UInt32) -> UInt32 { bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits }

  /// What is found: centroids, and for each slot its cluster.
  private struct Solution {
    var centroids: [Float] = []
    var clusters: [UInt8]

    init(_ bins: ValueBins, levels: Int, slope: Slope?, slotCount: Int, _ representable: (Float) -> Float) {
      clusters = [UInt8](repeating: 0, count: slotCount)
      guard bins.count > 0 else { return }
      let starts =
        slope.map { RateDistortionBoundaries.best(bins, levels: levels, slope: $0) }
        ?? ClusterBoundaries.best(bins, levels: levels)
      for (number, start) in starts.enumerated() {
        let end = number + 1 < starts.count ? starts[number + 1] : bins.count
        var weight = 0.0
        var sum = 0.0
        for bin in start..<end {
          weight += bins.weights[bin]
          sum += bins.weights[bin] * bins.means[bin]
        }
        // A lone value stays what it is: a division could change its last bit.
        let isLone = end - start == 1 && bins.isSingle[start]
        let centroid = representable(Float(isLone ? bins.means[start] : sum / weight))
        // Means that the type cannot tell apart are one centroid.
        if centroids.last != centroid { centroids.append(centroid) }
        for bin in start..<end { clusters[bins.slots[bin]] = UInt8(centroids.count - 1) }
      }
    }
  }
}
