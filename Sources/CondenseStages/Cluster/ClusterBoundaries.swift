/// Cuts ascending bins into clusters so that the sum of squared distances to the clusters' means is least.
///
/// The cost of a cluster has the Monge property, which makes the Lagrangian form exact: each cluster costs λ extra, λ is
/// found by which the number of clusters comes out right, and where several numbers cost the same, two solutions with
/// too few and too many clusters are spliced into one with the number asked for (Aggarwal, Schieber and Tokuyama,
/// "Finding a Minimum-Weight k-Link Path in Graphs with the Concave Monge Property", 1994).
enum ClusterBoundaries {
  /// The first bin of each cluster.
  static func best(_ bins: ValueBins, levels: Int) -> [Int] {
    guard bins.count > levels else { return Array(0..<bins.count) }
    guard levels > 1 else { return [0] }
    let cost = ClusterCost(bins)
    var few = Solution([0], cost)
    var many = Solution(Array(0..<cost.count), cost)
    // λ too small makes too many clusters, too large too few. No cluster is worth more than all of the cost.
    var tooSmall = 0.0
    var tooLarge = few.cost
    // Panter and Dite's high-resolution error falls with the square of the levels, and λ is its slope.
    var lambda = 2 * few.cost / Double(levels * levels * levels)
    for pass in 0..<mostPasses {
      let found = Solution(withPenalty(cost, lambda), cost)
      if found.starts.count == levels { return found.starts }
      let isKnown = found.starts.count == few.starts.count || found.starts.count == many.starts.count
      if found.starts.count < levels {
        if found.starts.count > few.starts.count { few = found }
        tooLarge = min(tooLarge, lambda)
      } else {
        if found.starts.count < many.starts.count { many = found }
        tooSmall = max(tooSmall, lambda)
      }
      // By the same high-resolution rule first; then by the λ for which the two solutions so far cost the same. Where
      // none is better there, all numbers of clusters between theirs share it.
      let ratio = Double(found.starts.count) / Double(levels)
      let next = lambda * ratio * ratio * ratio
      if pass < 6 && next > tooSmall && next < tooLarge {
        lambda = next
      } else {
        let shared = (few.cost - many.cost) / Double(many.starts.count - few.starts.count)
        if isKnown && shared == lambda || !(shared > 0) { break }
        lambda = shared
      }
    }
    return spliced(few.starts, many.starts, levels: levels, end: cost.count)
  }

  private static let mostPasses = 64

  private struct Solution {
    var starts: [Int]
    var cost: Double

    init(_ starts: [Int], _ cost: ClusterCost) {
      self.starts = starts
      self.cost = starts.indices.reduce(0) { sum, number in
        sum + cost.of(starts[number], number + 1 < starts.count ? starts[number + 1] : cost.count)
      }
    }
  }

  /// The best clusters where each costs `lambda` extra, of any number.
  private static func withPenalty(_ cost: ClusterCost, _ lambda: Double) -> [Int] {
    let count = cost.count
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: count + 1) { total in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: count + 1) { cut in
        total.initialize(repeating: 0)
        cut.initialize(repeating: 0)
        fill(cost, lambda, total, cut)
        var starts: [Int] = []
        var end = count
        while end > 0 {
          end = Int(cut[end])
          starts.append(end)
        }
        return starts.reversed()
      }
    }
  }

  /// For the bins before each end, the least cost and the last cluster's start.
  private static func fill(
    _ cost: ClusterCost, _ lambda: Double, _ total: UnsafeMutableBufferPointer<Double>,
    _ cut: UnsafeMutableBufferPointer<Int32>
  ) {
    let count = cost.count
    // Candidates for the last cut, each the best from some bin on; those bins ascend.
    var candidates = [(cut: Int, from: Int)]()
    candidates.reserveCapacity(256)
    candidates.append((0, 1))
    var head = 0
    cost.withPrefixes { cost in
      func isBetter(_ a: Int, than b: Int, at bin: Int) -> Bool {
        total[a] + cost.of(a, bin) < total[b] + cost.of(b, bin)
      }
      for end in 1...count {
        while head + 1 < candidates.count && candidates[head + 1].from <= end { head += 1 }
        let best = candidates[head].cut
        total[end] = total[best] + cost.of(best, end) + lambda
        cut[end] = Int32(best)
        guard end < count else { break }
        // `end` is a new candidate: it is better than older ones from some bin on, if at all.
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
        // By growing steps first: that bin is seldom far.
        var step = 1
        while low + step <= count && !isBetter(end, than: last.cut, at: low + step) {
          low += step
          step *= 2
        }
        var high = min(low + step, count + 1)
        while high - low > 1 {
          let middle = (low + high) / 2
          if isBetter(end, than: last.cut, at: middle) { high = middle } else { low = middle }
        }
        if high <= count { candidates.append((end, high)) }
      }
    }
  }

  /// Takes the first clusters of `many` and the last ones of `few`, `levels` in all.
  ///
  /// They can change over where a cluster of `many` lies within one of `few` and is as much later as clusters are
  /// missing there; there is always one. By the Monge property the two crossed solutions cost no more than the two.
  private static func spliced(_ few: [Int], _ many: [Int], levels: Int, end: Int) -> [Int] {
    let missing = levels - few.count
    for number in few.indices where number + missing < many.count {
      let fewEnd = number + 1 < few.count ? few[number + 1] : end
      let manyEnd = number + missing + 1 < many.count ? many[number + missing + 1] : end
      if few[number] <= many[number + missing] && manyEnd <= fewEnd {
        return Array(many[...(number + missing)]) + few[(number + 1)...]
      }
    }
    return few
  }
}
