/// The squared error of bins as one cluster, from running sums.
struct ClusterCost {
  private var sums: [Prefix]

  /// Sums over the bins between the median and one.
  struct Prefix {
    var weight = 0.0
    var sum = 0.0
    var square = 0.0
  }

  init(_ bins: ValueBins) {
    sums = Array(repeating: Prefix(), count: bins.count + 1)
    guard bins.count > 0 else { return }
    // Distances are taken from the median, and sums begin there: neither an offset that all share nor a few values far
    // away cost the many in the middle their precision.
    let half = bins.weights.reduce(0, +) / 2
    var weight = 0.0
    var median = 0
    while median + 1 < bins.count && weight + bins.weights[median] < half {
      weight += bins.weights[median]
      median += 1
    }
    func moments(_ bin: Int) -> Prefix {
      // What is lost within a bin is lost whatever the clusters, so its mean stands for it.
      let mean = bins.means[bin] - bins.means[median]
      let moment = mean * bins.weights[bin]
      return Prefix(weight: bins.weights[bin], sum: moment, square: mean * moment)
    }
    for bin in median..<bins.count {
      let (before, this) = (sums[bin], moments(bin))
      sums[bin + 1] = Prefix(
        weight: before.weight + this.weight, sum: before.sum + this.sum, square: before.square + this.square)
    }
    for bin in stride(from: median - 1, through: 0, by: -1) {
      let (after, this) = (sums[bin + 1], moments(bin))
      sums[bin] = Prefix(
        weight: after.weight - this.weight, sum: after.sum - this.sum, square: after.square - this.square)
    }
  }

  var count: Int { sums.count - 1 }

  /// Of bins `start..<end`, at least one.
  func of(_ start: Int, _ end: Int) -> Double { withPrefixes { $0.of(start, end) } }

  /// How many values bins `start..<end` hold.
  func weight(_ start: Int, _ end: Int) -> Double { sums[end].weight - sums[start].weight }

  @inline(__always)
  func withPrefixes<R>(_ body: (Prefixes) -> R) -> R {
    sums.withUnsafeBufferPointer { body(Prefixes(sums: $0)) }
  }

  /// The sums without the array around them, for the innermost loop.
  struct Prefixes {
    let sums: UnsafeBufferPointer<Prefix>

    @inline(__always)
    func of(_ start: Int, _ end: Int) -> Double {
      let (before, through) = (sums[start], sums[end])
      let sum = through.sum - before.sum
      return through.square - before.square - sum * sum / (through.weight - before.weight)
    }
  }
}
