import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

@Suite("Pruning")
struct PruneTests {
  /// The largest `count` of scores, of equal ones the first: by sorting.
  private static func kept(_ count: Int, of scores: [Float]) -> Set<Int> {
    Set(scores.indices.sorted { scores[$0] == scores[$1] ? $0 < $1 : scores[$0] > scores[$1] }.prefix(count))
  }

  @Test("Exactly the share asked for goes, the smallest first, of equal weights the last", arguments: UInt64(1)...40)
  func unstructured(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let shape = [Int.random(in: 1...9, using: &generator), Int.random(in: 1...30, using: &generator)]
    let values = randomValues(shape[0] * shape[1], using: &generator)
    let shares: [Double] = [0, 0.1, 0.5, 0.755, 0.9, 1]
    let sparsity = shares.randomElement(using: &generator) ?? 0.5
    let result = try EncodedTensor(values, shape).through(stage("prune", ["sparsity": .number(sparsity)]))
    let count = values.count - Int((Double(values.count) * sparsity).rounded())
    let kept = Self.kept(count, of: values.map { abs($0) })
    #expect(try result.values() == values.indices.map { kept.contains($0) ? values[$0] : 0 }, "seed \(seed)")
    #expect(try result.survivorCount() == result.values().count { $0 != 0 })
  }

  @Test("Blocks and channels go by their mean magnitude", arguments: UInt64(1)...30)
  func blocks(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let (rows, columns) = (Int.random(in: 1...7, using: &generator), Int.random(in: 1...11, using: &generator))
    let isChannel = Bool.random(using: &generator)
    let block =
      isChannel ? (1, columns) : (Int.random(in: 1...4, using: &generator), Int.random(in: 1...4, using: &generator))
    // Whole halves, so that sums are exact and ties real.
    let values = (0..<rows * columns).map { _ in Float(Int.random(in: -4...4, using: &generator)) / 2 }
    var blocks: [[Int]] = []
    for top in stride(from: 0, to: rows, by: block.0) {
      for left in stride(from: 0, to: columns, by: block.1) {
        var members: [Int] = []
        for row in top..<min(top + block.0, rows) {
          for column in left..<min(left + block.1, columns) { members.append(row * columns + column) }
        }
        blocks.append(members)
      }
    }
    let scores = blocks.map { block in block.reduce(Float(0)) { $0 + abs(values[$1]) } / Float(block.count) }
    let kept = Set(
      Self.kept(blocks.count - Int((Double(blocks.count) * 0.4).rounded()), of: scores).flatMap { blocks[$0] })
    let pattern: ParameterValue =
      isChannel ? .string("channel") : .map(["block": .list([.integer(block.0), .integer(block.1)])])
    let result = try EncodedTensor(values, [rows, columns]).through(
      stage("prune", ["sparsity": .number(0.4), "pattern": pattern]))
    #expect(try result.values() == values.indices.map { kept.contains($0) ? values[$0] : 0 }, "seed \(seed)")
  }

  @Test("N of M stay in every run of a row", arguments: UInt64(1)...20)
  func nOfM(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let m = Int.random(in: 2...6, using: &generator)
    let n = Int.random(in: 1..<m, using: &generator)
    let columns = Int.random(in: 1...20, using: &generator)
    let values = randomValues(3 * columns, using: &generator)
    var kept: Set<Int> = []
    for row in 0..<3 {
      for start in stride(from: 0, to: columns, by: m) {
        let run = Array(row * columns + start..<row * columns + min(start + m, columns))
        let count = run.count == m ? n : (run.count * n + m - 1) / m
        kept.formUnion(Self.kept(count, of: run.map { abs(values[$0]) }).map { run[$0] })
      }
    }
    let result = try EncodedTensor(values, [3, columns]).through(stage("prune", ["pattern": .string("\(n):\(m)")]))
    #expect(try result.values() == values.indices.map { kept.contains($0) ? values[$0] : 0 }, "seed \(seed)")
  }

  @Test("Over a model the largest weights stay wherever they are", arguments: UInt64(1)...30)
  func model(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let prune = try stage("prune", ["sparsity": .number(0.7), "scope": .string("model")])
    var tensors: [EncodedTensor] = []
    var all: [Float] = []
    for _ in 0..<5 {
      let values = randomValues(4 * Int.random(in: 1...20, using: &generator), using: &generator)
      all += values
      tensors.append(try EncodedTensor(values, [4, values.count / 4]))
    }
    let allocations = try prune.allocate(tensors.map { try prune.measure($0) })
    let results = try zip(tensors, allocations).map { try prune.apply($0, allocation: $1) }
    let count = all.count - Int((Double(all.count) * 0.7).rounded())
    // Ties at the bar go to the first tensor, and in it to the first element: as if all were one.
    let kept = Self.kept(count, of: all.map { abs($0) })
    #expect(
      try results.flatMap { try $0.values() } == all.indices.map { kept.contains($0) ? all[$0] : 0 }, "seed \(seed)")
    #expect(allocations.reduce(0) { $0 + $1.values[0] } == count)
  }

  @Test("Channels of a model come near the share, and the smallest go")
  func modelChannels() throws {
    let prune = try stage(
      "prune", ["sparsity": .number(0.5), "scope": .string("model"), "pattern": .string("channel")])
    let tensors = [try EncodedTensor([1, 1, 9, 9], [2, 2]), try EncodedTensor([2, 2, 2, 8, 8, 8], [2, 3])]
    let allocations = try prune.allocate(tensors.map { try prune.measure($0) })
    #expect(allocations == [Allocation([1]), Allocation([1])])
  }

  @Test("A summary of more weights than it holds one by one still adds up")
  func largeTensors() throws {
    var generator = SeededGenerator(seed: 9)
    let count = (1 << 18) + 512
    let values = (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
    let prune = try stage("prune", ["sparsity": .number(0.9), "scope": .string("model")])
    let tensors = [try EncodedTensor(values, [512, count / 512]), try EncodedTensor([5, 0.001], [1, 2])]
    let measurements = try tensors.map { try prune.measure($0) }
    #expect(measurements[0].bytes.count < 1 << 20)
    let allocations = try prune.allocate(measurements)
    #expect(allocations.reduce(0) { $0 + $1.values[0] } == count + 2 - Int((Double(count + 2) * 0.9).rounded()))
    #expect(allocations[1] == Allocation([1]))
  }

  @Test(
    "A damaged measurement is an error",
    arguments: [[], [1], [UInt8](repeating: 0, count: 24), [UInt8](repeating: 255, count: 24)])
  func damagedMeasurement(bytes: [UInt8]) throws {
    let prune = try stage("prune", ["sparsity": .number(0.5), "scope": .string("model")])
    #expect(throws: StageError.self) { try prune.allocate([Measurement(Bytes(bytes))]) }
  }
}
