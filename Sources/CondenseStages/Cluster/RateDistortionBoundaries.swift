/// Cuts ascending bins into clusters so that the squared error plus the price of the bits is the least.
///
/// A cluster of n of N values costs its squared error plus slope · n · log2(N / n), what an ideal code for the clusters
/// spends on it. That depends on the cluster alone, so that the sum over neighbouring clusters is minimised exactly by a
/// dynamic programme: optimal entropy-constrained scalar quantization, whose cells are intervals (György and Linder, "On
/// the Structure of Optimal Entropy-Constrained Scalar Quantizers", 2002).
///
/// Unlike the squared error, that cost does not have the Monge property, and the programme takes the square of the bins:
/// so where there are many they are first put together into the best 16 for each cluster asked for, at most 1,024.
enum RateDistortionBoundaries {
  private static let binsPerLevel = 16
  private static let mostBins = 1 << 10
  private static let mostPasses = 24

  /// The first bin of each cluster, of which there are at most `levels`.
  static func best(_ bins: ValueBins, levels: Int, slope: Slope) -> [Int] {
    guard bins.count > 1, levels > 1 else { return bins.count > 0 ? [0] : [] }
    let groups = ClusterBoundaries.best(bins, levels: min(mostBins, binsPerLevel * levels))
    let programme = Programme(ClusterCost(bins), groups, slope: slope.value)
    var many = programme.solve(extra: 0)
    // Without bits, but with as many clusters: the better one of what is found by different means.
    let plain = ClusterBoundaries.best(bins, levels: levels)
    guard many.starts.count > levels else { return programme.cost(plain) < many.cost ? plain : many.starts }
    // An extra price for each cluster makes them fewer: looked for where two numbers of them cost the same.
    var few = Solution(starts: [0], cost: programme.cost([0]))
    for _ in 0..<mostPasses where few.starts.count < levels {
      let shared = (few.cost - many.cost) / Double(many.starts.count - few.starts.count)
      let found = programme.solve(extra: shared)
      if found.starts.count <= levels {
        guard found.starts.count > few.starts.count else { break }
        few = found
      } else {
        guard found.starts.count < many.starts.count else { break }
        many = found
      }
    }
    return programme.cost(plain) < few.cost ? plain : few.starts
  }

  private struct Solution {
    var starts: [Int]
    /// Without extra prices.
    var cost: Double
  }

  private struct Programme {
    private let clusters: ClusterCost
    /// Where clusters may begin and end: bins, and their end.
    private let edges: [Int]
    private let slope: Double
    private let rateOfAll: Double
    /// The price of each pair of edges' cluster, by its end.
    private let prices: [Double]

    init(_ clusters: ClusterCost, _ groups: [Int], slope: Double) {
      self.clusters = clusters
      self.slope = slope
      edges = groups + [clusters.count]
      let rateOfAll = Logarithm.base2(clusters.weight(0, clusters.count))
      self.rateOfAll = rateOfAll
      var prices: [Double] = []
      prices.reserveCapacity(groups.count * (groups.count + 1) / 2)
      for end in 1..<edges.count {
        for start in 0..<end {
          prices.append(
            Programme.price(clusters, edges[start], edges[end], slope: slope, rateOfAll: rateOfAll))
        }
      }
      self.prices = prices
    }

    private static func price(
      _ clusters: ClusterCost, _ start: Int, _ end: Int, slope: Double, rateOfAll: Double
    ) -> Double {
      let weight = clusters.weight(start, end)
      return clusters.of(start, end) + slope * weight * (rateOfAll - Logarithm.base2(weight))
    }

    /// Of clusters that begin at these bins.
    func cost(_ starts: [Int]) -> Double {
      var sum = 0.0
      for (number, start) in starts.enumerated() {
        let end = number + 1 < starts.count ? starts[number + 1] : clusters.count
        sum += Programme.price(clusters, start, end, slope: slope, rateOfAll: rateOfAll)
      }
      return sum
    }

    /// The best clusters where each costs `extra` more.
    func solve(extra: Double) -> Solution {
      var total = [0.0]
      total.reserveCapacity(edges.count)
      var cut = [0]
      var row = 0
      prices.withUnsafeBufferPointer { prices in
        for end in 1..<edges.count {
          var (best, from) = (Double.infinity, 0)
          for start in 0..<end {
            let value = total[start] + prices[row + start]
            if value < best { (best, from) = (value, start) }
          }
          total.append(best + extra)
          cut.append(from)
          row += end
        }
      }
      var starts: [Int] = []
      var end = edges.count - 1
      while end > 0 {
        end = cut[end]
        starts.append(edges[end])
      }
      starts.reverse()
      return Solution(starts: starts, cost: cost(starts))
    }
  }
}
