import CondenseCodecs
import CondenseStages
import CondenseTensors
import Foundation
import TestSupport
import Testing

@Suite("Clustering against the optimum")
struct ClusterOptimumTests {
  private static let copies = 12

  /// Different weights, each twelve times: enough for the way that large tensors go, few enough to be solved exactly.
  private static func weights(_ distribution: String) -> [Float] {
    var generator = SeededGenerator(seed: 256)
    func uniform() -> Double { Double.random(in: Double.leastNonzeroMagnitude...1, using: &generator) }
    let different = (0..<1500).map { _ -> Float in
      distribution == "Gaussian"
        ? Float(0.05 * (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()))
        : Float(0.035 * log(uniform()) * (uniform() < 0.5 ? -1 : 1))
    }
    return (0..<copies).flatMap { _ in different }
  }

  /// The least squared error of ascending values in `levels` clusters: the plain dynamic programme, in which the best last
  /// cut moves to the right with the end, so that those of the middle bound those of both halves.
  private static func leastError(_ sorted: [Double], levels: Int) -> Double {
    let count = sorted.count
    var sums = [0.0]
    var squares = [0.0]
    for value in sorted {
      sums.append(sums[sums.count - 1] + value)
      squares.append(squares[squares.count - 1] + value * value)
    }
    var before = [Double](repeating: .infinity, count: count + 1)
    var after = before
    before[0] = 0
    sums.withUnsafeBufferPointer { sums in
      squares.withUnsafeBufferPointer { squares in
        for _ in 0..<levels {
          before.withUnsafeBufferPointer { before in
            after.withUnsafeMutableBufferPointer { after in
              var ranges = [(ends: 0...count, cuts: 0...count)]
              while let (ends, cuts) = ranges.popLast() {
                let end = (ends.lowerBound + ends.upperBound) / 2
                var best = (error: Double.infinity, cut: cuts.lowerBound)
                for cut in cuts.lowerBound...max(cuts.lowerBound, min(cuts.upperBound, end)) {
                  let sum = sums[end] - sums[cut]
                  let within = cut < end ? squares[end] - squares[cut] - sum * sum / Double(end - cut) : 0
                  if before[cut] + within < best.error { best = (before[cut] + within, cut) }
                }
                after[end] = best.error
                if ends.lowerBound < end { ranges.append((ends.lowerBound...end - 1, cuts.lowerBound...best.cut)) }
                if end < ends.upperBound { ranges.append((end + 1...ends.upperBound, best.cut...cuts.upperBound)) }
              }
            }
          }
          swap(&before, &after)
        }
      }
    }
    return before[count]
  }

  @Test("256 values cost at most a thousandth more than the best 256 would", arguments: ["Gaussian", "Laplace"])
  func optimum(distribution: String) throws {
    let weights = Self.weights(distribution)
    let result = try EncodedTensor(weights, [Self.copies, weights.count / Self.copies]).through(
      stage("cluster", ["bits": .integer(8)]))
    let decoded = try result.values()
    #expect(Set(decoded).count == 256)
    let error = zip(weights, decoded).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    let different = weights.prefix(weights.count / Self.copies).map { Double($0) }.sorted()
    let least = Double(Self.copies) * Self.leastError(different, levels: 256)
    // Centroids are rounded to float32, which no optimum is.
    #expect(error >= least * (1 - 1e-6))
    #expect(error <= least * 1.001, "\(error / least)")
  }
}
