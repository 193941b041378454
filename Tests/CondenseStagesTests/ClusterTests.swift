import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

@Suite("Clustering")
struct ClusterTests {
  /// The least squared error of ascending values in `levels` clusters, by the plain dynamic programme.
  private static func leastError(_ values: [Float], levels: Int) -> Double {
    let sorted = values.map { Double($0) }.sorted()
    func cost(_ start: Int, _ end: Int) -> Double {
      let mean = sorted[start..<end].reduce(0, +) / Double(end - start)
      return sorted[start..<end].reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }
    var best = (0...sorted.count).map { $0 == 0 ? 0 : cost(0, $0) }
    for _ in 1..<max(1, levels) {
      best = (0...sorted.count).map { end in
        (0..<max(1, end)).map { best[$0] + ($0 < end ? cost($0, end) : 0) }.min() ?? 0
      }
    }
    return best[sorted.count]
  }

  private static func squaredError(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
  }

  @Test("The error is the least that the number of values allows", arguments: UInt64(1)...30)
  func optimal(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let values = randomValues(Int.random(in: 1...40, using: &generator), using: &generator)
    let count = Int.random(in: 2...9, using: &generator)
    let result = try EncodedTensor(values, [1, values.count]).through(stage("cluster", ["count": .integer(count)]))
    let decoded = try result.values()
    let survivors = values.filter { $0 != 0 }
    let levels = survivors.count < values.count ? count - 1 : count
    let least = survivors.isEmpty ? 0 : Self.leastError(survivors, levels: levels)
    // Centroids are rounded to float32, which costs a little.
    #expect(Self.squaredError(values, decoded) <= least * (1 + 1e-5) + 1e-6, "seed \(seed)")
    #expect(Set(decoded).count <= count, "seed \(seed)")
    #expect(zip(values, decoded).allSatisfy { ($0 == 0) == ($1 == 0) }, "seed \(seed)")
  }

  @Test("Many values take the other way and come as near", arguments: [2, 16, 100, 256])
  func manyValues(count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count))
    // Few distinct values of many: the optimum over them is that over all.
    let steps = (0..<70_000).map { _ in
      (0..<6).reduce(0) { sum, _ in sum + Int.random(in: -50...50, using: &generator) }
    }
    let values = steps.map { Float($0) + 0.5 }
    let result = try EncodedTensor(values, [7, 10_000]).through(stage("cluster", ["count": .integer(count)]))
    let decoded = try result.values()
    #expect(Set(decoded).count == count)
    let small = try EncodedTensor(Array(values.prefix(60_000)), [6, 10_000]).through(
      stage("cluster", ["count": .integer(count)]))
    let expected = Self.squaredError(Array(values.prefix(60_000)), try small.values()) / 60_000
    let found = Self.squaredError(values, decoded) / 70_000
    // Two samples of one distribution differ by more than the ways do.
    #expect(abs(found - expected) < expected * 0.05 + 1e-9, "\(found) against \(expected)")
  }

  @Test("As many values as there are distinct ones lose nothing")
  func lossless() throws {
    let values: [Float] = [0.1, 0.2, 0.1, -0.3, 0, 0.2]
    #expect(try EncodedTensor(values, [2, 3]).through(stage("cluster", ["count": .integer(4)])).values() == values)
  }

  @Test("A centroid that the type would round to zero takes the least number that is not")
  func nothingBecomesZero() throws {
    let values: [Float] = [-0x1p-24, 0x1p-24, 0, 0x1p-24]
    let result = try EncodedTensor(values, [1, 4], .f16).through(stage("cluster", ["count": .integer(2)])).values()
    #expect(result.map { $0 == 0 } == [false, false, true, false])
  }

  @Test("Each channel has its own values, at most as many as asked for", arguments: UInt64(1)...10)
  func channels(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let values = randomValues(5 * 30, using: &generator)
    let result = try EncodedTensor(values, [5, 30]).through(
      stage("cluster", ["bits": .integer(2), "scope": .string("channel")]))
    let decoded = try result.values()
    for channel in 0..<5 {
      let row = channel * 30..<(channel + 1) * 30
      #expect(Set(decoded[row]).count <= 4)
      let survivors = values[row].filter { $0 != 0 }
      let least = Self.leastError(survivors, levels: 3)
      #expect(Self.squaredError(Array(values[row]), Array(decoded[row])) <= least * (1 + 1e-5) + 1e-6, "seed \(seed)")
    }
  }
}
