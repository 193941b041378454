/// Cuts ascending bins into clusters so that the sum of squared distances to the clusters' means is least.
///
/// The cost of a cluster has the Monge property, which makes both ways below exact: a dynamic programme by divide and
/// conquer, and for many bins its Lagrangian form, where each cluster costs λ extra and λ is found by which the number
/// of clusters comes out right (Aggarwal, Schieber and Tokuyama, 1994).
enum ClusterBoundaries {
  /// The first bin of each cluster.
  static func best(_ bins: ValueBins, levels: Int) -> [Int] {
    guard bins.count > levels else { return Array(0..<bins.count) }
    guard levels > 1 else { return [0] }
    let cost = ClusterCost(bins)
    // Work grows with bins × levels here and with bins alone there.
    if bins.count * levels <= 1 << 18 { return byDivision(cost, levels: levels) }
    return byLagrangian(cost, levels: levels)
  }

  // Row by row: the least cost of the first j bins in k clusters. The best last cut moves right with j.
  private static func byDivision(_ cost: ClusterCost, levels: Int) -> [Int] {
    let count = cost.count
    var previous = (0...count).map { $0 == 0 ? 0 : cost.of(0, $0) }
    var cuts: [[Int32]] = []
    for level in 1..<levels {
      var current = [Double](repeating: .infinity, count: count + 1)
      var cut = [Int32](repeating: 0, count: count + 1)
      // Segments of j with the range in which their best cuts lie.
      var pending = [(level + 1, count, level, count - 1)]
      while let (low, high, cutLow, cutHigh) = pending.popLast() {
        guard low <= high else { continue }
        let middle = (low + high) / 2
        var best = Double.infinity
        var bestCut = cutLow
        for candidate in cutLow...max(cutLow, min(cutHigh, middle - 1)) {
          let total = previous[candidate] + cost.of(candidate, middle)
          if total < best {
            best = total
            bestCut = candidate
          }
        }
        current[middle] = best
        cut[middle] = Int32(bestCut)
        pending.append((low, middle - 1, cutLow, bestCut))
        pending.append((middle + 1, high, bestCut, cutHigh))
      }
      cuts.append(cut)
      previous = current
    }
    var starts: [Int] = []
    var end = count
    for cut in cuts.reversed() {
      end = Int(cut[end])
      starts.append(end)
    }
    starts.append(0)
    return starts.reversed()
  }

  private static func byLagrangian(_ cost: ClusterCost, levels: Int) -> [Int] {
    let whole = cost.of(0, cost.count)
    // λ too small makes too many clusters, too large too few. No cluster is worth more than all of the cost.
    var tooSmall = 0.0
    var tooLarge = whole
    // Panter and Dite's high-resolution error falls with the square of the levels, and λ is its slope.
    var lambda = 2 * whole / Double(levels * levels * levels)
    var few: [Int] = [0]
    for _ in 0..<64 {
      let starts = withPenalty(cost, lambda)
      if starts.count == levels { return starts }
      if starts.count < levels {
        if starts.count > few.count { few = starts }
        tooLarge = min(tooLarge, lambda)
      } else {
        tooSmall = max(tooSmall, lambda)
      }
      let ratio = Double(starts.count) / Double(levels)
      lambda *= ratio * ratio * ratio
      if !(lambda > tooSmall && lambda < tooLarge) { lambda = (tooSmall + tooLarge) / 2 }
      if !(lambda > tooSmall && lambda < tooLarge) { break }
    }
    // Several numbers of clusters share this λ: spend what is left on the cuts that save most.
    return refined(cost, few, levels: levels)
  }

  /// The best clusters where each costs `lambda` extra, of any number.
  private static func withPenalty(_ cost: ClusterCost, _ lambda: Double) -> [Int] {
    let count = cost.count
    var total = [Double](repeating: 0, count: count + 1)
    var cut = [Int32](repeating: 0, count: count + 1)
    // Candidates for the last cut, each the best from some bin on; those bins ascend.
    var candidates = [(cut: Int, from: Int)]()
    candidates.reserveCapacity(64)
    candidates.append((0, 1))
    var head = 0
    for end in 1...count {
      while head + 1 < candidates.count && candidates[head + 1].from <= end { head += 1 }
      let best = candidates[head].cut
      total[end] = total[best] + cost.of(best, end) + lambda
      cut[end] = Int32(best)
      guard end < count else { break }
      // `end` is a new candidate: it is better than older ones from some bin on, if at all.
      func isBetter(_ a: Int, than b: Int, at bin: Int) -> Bool {
        total[a] + cost.of(a, bin) < total[b] + cost.of(b, bin)
      }
      while candidates.count - 1 > head, let last = candidates.last, last.from > end,
        isBetter(end, than: last.cut, at: last.from)
      {
        candidates.removeLast()
      }
      guard let last = candidates.last else { break }
      var low = max(last.from, end + 1)
      if isBetter(end, than: last.cut, at: low) {
        candidates.append((end, low))
        continue
      }
      var high = count + 1
      while high - low > 1 {
        let middle = (low + high) / 2
        if isBetter(end, than: last.cut, at: middle) { high = middle } else { low = middle }
      }
      if high <= count { candidates.append((end, high)) }
    }
    var starts: [Int] = []
    var end = count
    while end > 0 {
      end = Int(cut[end])
      starts.append(end)
    }
    return starts.reversed()
  }

  /// Cuts clusters in two, the most rewarding first, until there are `levels`.
  private static func refined(_ cost: ClusterCost, _ starts: [Int], levels: Int) -> [Int] {
    var starts = starts
    while starts.count < levels {
      var best: (saved: Double, cut: Int)?
      for (number, start) in starts.enumerated() {
        let end = number + 1 < starts.count ? starts[number + 1] : cost.count
        guard end - start > 1 else { continue }
        let before = cost.of(start, end)
        for middle in start + 1..<end {
          let saved = before - cost.of(start, middle) - cost.of(middle, end)
          if saved > best?.saved ?? -.infinity { best = (saved, middle) }
        }
      }
      guard let cut = best?.cut else { break }
      starts.append(cut)
      starts.sort()
    }
    return starts
  }
}

/// The squared error of bins as one cluster, from running sums.
struct ClusterCost {
  private let weights: [Double]
  private let sums: [Double]
  private let squares: [Double]

  init(_ bins: ValueBins) {
    var weights = [0.0]
    var sums = [0.0]
    var squares = [0.0]
    for bin in 0..<bins.count {
      // What is lost within a bin is lost whatever the clusters, so its mean stands for it.
      let mean = bins.sums[bin] / bins.weights[bin]
      weights.append(weights[bin] + bins.weights[bin])
      sums.append(sums[bin] + bins.sums[bin])
      squares.append(squares[bin] + mean * bins.sums[bin])
    }
    self.weights = weights
    self.sums = sums
    self.squares = squares
  }

  var count: Int { weights.count - 1 }

  /// Of bins `start..<end`, at least one.
  @inline(__always)
  func of(_ start: Int, _ end: Int) -> Double {
    let sum = sums[end] - sums[start]
    return squares[end] - squares[start] - sum * sum / (weights[end] - weights[start])
  }
}
