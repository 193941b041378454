import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

@Suite("Clustering with a rate-distortion trade-off")
struct ClusterRateDistortionTests {
  private func settings(_ count: Int, _ lambda: Double, _ more: StageParameters = [:]) -> StageParameters {
    ["count": .integer(count), "rate_distortion": .number(lambda)].merging(more) { $1 }
  }

  /// The least cost of all ways to cut ascending values into at most `levels` runs of neighbours.
  private func leastCost(_ values: [Float], levels: Int, slope: Double) -> Double {
    let sorted = values.sorted().map { Double($0) }
    var least = Double.infinity
    // A bit for each place between two values: cut there or not.
    for cuts in 0..<1 << (sorted.count - 1) where cuts.nonzeroBitCount < levels {
      var cost = 0.0
      var start = 0
      for place in sorted.indices {
        let isCut: Bool = place == sorted.count - 1 || cuts >> place & 1 == 1
        guard isCut else { continue }
        cost += costOfRun(Array(sorted[start...place]), of: sorted.count, slope: slope)
        start = place + 1
      }
      least = min(least, cost)
    }
    return least
  }

  private func costOfRun(_ run: [Double], of count: Int, slope: Double) -> Double {
    let mean: Double = run.reduce(0, +) / Double(run.count)
    var cost = slope * Double(run.count) * (Lagrangian.log2(count) - Lagrangian.log2(run.count))
    for value in run { cost += (value - mean) * (value - mean) }
    return cost
  }

  @Test("Of few values the clusters are the best that there are", arguments: UInt64(1)...40)
  func optimal(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    // Different ones: equal values are never apart.
    let numbers = (1...60).shuffled(using: &generator).prefix(Int.random(in: 2...11, using: &generator))
    let values = numbers.map { Float($0) / 8 }
    let tensor = try EncodedTensor(values, [1, values.count])
    for lambda in [2, 0.3, 0.05, 0.01, 0.0001] {
      let stage = try stage("cluster", settings(16, lambda))
      let slope = try stage.allocation(for: tensor)?.slope ?? 0
      let cost = try Lagrangian(of: tensor.through(stage), from: values, slope: slope).cost
      let least = leastCost(values, levels: 16, slope: slope)
      #expect(cost <= least * (1 + 1e-5) + 1e-9, "seed \(seed), \(lambda): \(values)")
    }
  }

  @Test("With few values allowed, it costs no more than plain clusters", arguments: UInt64(1)...2, [2, 3, 8, 20])
  func noWorse(seed: UInt64, count: Int) throws {
    var generator = SeededGenerator(seed: seed)
    let values = laplaceValues(seed % 2 == 0 ? 3000 : 20_010, using: &generator)
    let tensor = try EncodedTensor(values, [30, values.count / 30])
    let plain = try tensor.through(stage("cluster", ["count": .integer(count)]))
    for lambda in [0.5, 0.02, 0.0005] {
      let stage = try stage("cluster", settings(count, lambda))
      let slope = try stage.allocation(for: tensor)?.slope ?? 0
      let result = try tensor.through(stage)
      #expect(Set(try result.values()).count <= count)
      let cost = try Lagrangian(of: result, from: values, slope: slope).cost
      let plainCost = try Lagrangian(of: plain, from: values, slope: slope).cost
      #expect(cost <= plainCost * (1 + 1e-6), "seed \(seed), \(lambda)")
    }
  }

  @Test("At the same error it takes fewer bits than plain clusters", arguments: UInt64(1)...2)
  func saves(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let values = laplaceValues(4000, using: &generator)
    let tensor = try EncodedTensor(values, [40, 100])
    let plain = try Lagrangian(
      of: tensor.through(stage("cluster", ["bits": .integer(4)])), from: values, slope: 0)
    let results = try (0..<8).map { step in
      let lambda = 0.03 - 0.0035 * Double(step)
      return try Lagrangian(of: tensor.through(stage("cluster", settings(32, lambda))), from: values, slope: 0)
    }
    let fewest = results.filter { $0.error <= plain.error }.map(\.bits).min() ?? .infinity
    #expect(fewest < 0.95 * plain.bits, "seed \(seed): \(fewest) bits instead of \(plain.bits)")
  }

  @Test("Zeros stay zero, nothing else becomes zero, and the number of values holds", arguments: UInt64(1)...6)
  func zeros(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let values = randomValues(600, using: &generator)
    for dtype in [DType.f32, .f16, .f64] {
      let tensor = try EncodedTensor(values, [10, 60], dtype)
      for source in [tensor, try tensor.through(stage("prune", ["sparsity": .number(0.4)]))] {
        let before = try source.values()
        for (scope, lambda) in [("tensor", 0.01), ("channel", 0.01), ("tensor", 1e9), ("channel", 1e-9)] {
          let after = try source.through(stage("cluster", settings(5, lambda, ["scope": .string(scope)]))).values()
          #expect(zip(before, after).allSatisfy { ($0 == 0) == ($1 == 0) }, "seed \(seed), \(scope), \(lambda)")
          if scope == "tensor" { #expect(Set(after).count <= 5) }
        }
      }
    }
  }

  @Test(
    "Odd tensors come back finite",
    arguments: [
      [], [0], [3], [-2, 5], [0, 0, 0], [1, 1, 1], Array(repeating: 0.25, count: 20_000),
      [.leastNonzeroMagnitude, -.leastNonzeroMagnitude, 0], [1e-40, 2e-40, -3e-40, 1e-42],
      [.greatestFiniteMagnitude, 1, -1, 0.5, 0], [.greatestFiniteMagnitude, -.greatestFiniteMagnitude],
      [1e30] + Array(repeating: 1e-3, count: 60),
    ] as [[Float]])
  func odd(values: [Float]) throws {
    let tensor = try EncodedTensor(values, [1, values.count])
    for lambda in [1e-300, 0.01, 1e300] {
      for count in [2, 256] {
        let back = try tensor.through(stage("cluster", settings(count, lambda))).values()
        #expect(back.count == values.count && back.allSatisfy { $0.isFinite })
        #expect(zip(values, back).allSatisfy { ($0 == 0) == ($1 == 0) }, "\(lambda): \(values) → \(back)")
      }
    }
  }
}
