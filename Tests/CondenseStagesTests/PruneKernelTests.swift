import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

@Suite("Pruning against a sort")
struct PruneKernelTests {
  /// The largest `count` by a sort, of equal ones the first; zeros elsewhere.
  private static func pruned(_ values: [Float], keeping count: Int) -> [Float] {
    let order = values.indices.sorted { a, b in
      let (x, y) = (abs(values[a]), abs(values[b]))
      return x == y ? a < b : x > y
    }
    var result = [Float](repeating: 0, count: values.count)
    for index in order.prefix(count) { result[index] = values[index] == 0 ? 0 : values[index] }
    return result
  }

  /// Compares values and mask; the padding of the mask is part of it.
  private static func check(
    _ result: EncodedTensor, _ expected: [Float], _ comment: Comment, _ location: SourceLocation = #_sourceLocation
  ) throws {
    let values = try result.values()
    #expect(values.map(\.bitPattern) == expected.map(\.bitPattern), comment, sourceLocation: location)
    #expect(try result.survivorCount() == expected.count { $0 != 0 }, comment, sourceLocation: location)
  }

  static let lengths = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 128, 130, 1000]

  /// Weights that a kernel may stumble over.
  private static func inputs(_ count: Int) -> [(name: String, values: [Float])] {
    var generator = SeededGenerator(seed: UInt64(count))
    let sign = { (index: Int) -> Float in index % 3 == 0 ? -1 : 1 }
    return [
      ("random", randomValues(count, using: &generator)),
      ("equal", (0..<count).map { 0.5 * sign($0) }),
      ("zeros", (0..<count).map { 0 * sign($0) }),
      ("subnormal", (0..<count).map { Float(bitPattern: UInt32($0 * 7919 % 97)) * sign($0) }),
      ("one huge", (0..<count).map { $0 == count / 2 ? .greatestFiniteMagnitude : 1e-30 * Float($0 % 11) }),
      ("two values", (0..<count).map { $0 % 5 < 2 ? 2 : sign($0) }),
    ]
  }

  @Test("A share, of any length and any weights", arguments: lengths)
  func share(count: Int) throws {
    for (name, values) in Self.inputs(count) {
      for sparsity in [0, 0.1, 0.5, 0.9, 1] {
        let kept = count - Int((Double(count) * sparsity).rounded(.toNearestOrAwayFromZero))
        let result = try EncodedTensor(values, [1, count]).through(stage("prune", ["sparsity": .number(sparsity)]))
        try Self.check(result, Self.pruned(values, keeping: kept), "\(name), \(count) weights, sparsity \(sparsity)")
      }
    }
  }

  @Test("A bound, of any length and any weights", arguments: lengths)
  func bound(count: Int) throws {
    for (name, values) in Self.inputs(count) {
      for bound in [0, 1e-44, 0.5, 0.5000001, 1, 3e38, 1e300] {
        let result = try EncodedTensor(values, [1, count]).through(stage("prune", ["threshold": .number(bound)]))
        let expected = values.map { Double(abs($0)) >= bound && $0 != 0 ? $0 : 0 }
        try Self.check(result, expected, "\(name), \(count) weights, threshold \(bound)")
      }
    }
  }

  /// Enough weights for a sample, with what could mislead it.
  private static func large(_ name: String) -> [Float] {
    var generator = SeededGenerator(seed: 66)
    return (0..<66_003).map { index in
      let random = Float.random(in: -1...1, using: &generator)
      return switch name {
      case "spread": random
      // Nine of ten are one value, and the bar is it.
      case "heavy tie": index % 10 == 0 ? random * 4 : 0.25
      // The bar is between two values that most weights have.
      case "two ties": index % 100 == 0 ? random : index % 3 == 0 ? 1 : -2
      case "sparse": index % 20 == 0 ? random : 0
      case "few steps": (random * 16).rounded() / 16
      // What a sample with a fixed stride would see nothing of.
      case "stripes": index / 16 % 32 == 0 ? random * 100 : random
      default: index < 33_000 ? random * 1e-3 : random
      }
    }
  }

  @Test(
    "A share of many weights",
    arguments: ["spread", "heavy tie", "two ties", "sparse", "few steps", "stripes", "halves"])
  func many(name: String) throws {
    let values = Self.large(name)
    for sparsity in [0.5, 0.9] {
      let kept = values.count - Int((Double(values.count) * sparsity).rounded(.toNearestOrAwayFromZero))
      let result = try EncodedTensor(values, [3, 22_001]).through(stage("prune", ["sparsity": .number(sparsity)]))
      try Self.check(result, Self.pruned(values, keeping: kept), "\(name), sparsity \(sparsity)")
    }
  }

  @Test("Types of other widths lose the same weights", arguments: [DType.f16, .bf16, .f64, .f8e4m3, .f8e5m2])
  func widths(dtype: DType) throws {
    var generator = SeededGenerator(seed: 3)
    let tensor = try EncodedTensor(randomValues(150, using: &generator), [3, 50], dtype)
    let values = try tensor.values()
    let result = try tensor.through(stage("prune", ["sparsity": .number(0.6)]))
    try Self.check(result, Self.pruned(values, keeping: 60), "\(dtype)")
  }

  @Test(
    "N of each M, along rows of any length",
    arguments: [
      (2, 4), (1, 4), (3, 4), (1, 2), (2, 3), (3, 5), (4, 8), (2, 16), (2, 17), (8, 32), (7, 33), (30, 64),
    ])
  func patterns(n: Int, m: Int) throws {
    for rowLength in [1, 3, 4, 8, 20, 64, 68, 77, 128] {
      for (name, values) in Self.inputs(3 * rowLength) {
        let result = try EncodedTensor(values, [3, rowLength]).through(
          stage("prune", ["pattern": .string("\(n):\(m)")]))
        var expected: [Float] = []
        for row in 0..<3 {
          for start in stride(from: 0, to: rowLength, by: m) {
            let group = Array(values[row * rowLength + start..<row * rowLength + min(start + m, rowLength)])
            let kept = group.count == m ? n : (group.count * n + m - 1) / m
            expected += Self.pruned(group, keeping: kept)
          }
        }
        try Self.check(result, expected, "\(name), \(n):\(m), rows of \(rowLength)")
      }
    }
  }

  @Test(
    "Blocks and channels go by their mean magnitude",
    arguments: [[1, 3], [4, 4], [3, 5], [9, 1], [20, 20], [1, 20]])
  func blocks(block: [Int]) throws {
    let (rows, columns) = (9, 20)
    for (name, values) in Self.inputs(rows * columns) where name != "one huge" {
      var means: [(mean: Float, indices: [Int])] = []
      for top in stride(from: 0, to: rows, by: block[0]) {
        for left in stride(from: 0, to: columns, by: block[1]) {
          let indices = (top..<min(top + block[0], rows)).flatMap { row in
            (left..<min(left + block[1], columns)).map { row * columns + $0 }
          }
          let sum = indices.reduce(0) { $0 + Double(abs(values[$1])) }
          means.append((Float(sum / Double(indices.count)), indices))
        }
      }
      let kept = means.count - Int((Double(means.count) * 0.6).rounded(.toNearestOrAwayFromZero))
      var expected = [Float](repeating: 0, count: values.count)
      let order = means.indices.sorted { a, b in means[a].mean == means[b].mean ? a < b : means[a].mean > means[b].mean
      }
      for unit in order.prefix(kept) {
        for index in means[unit].indices { expected[index] = values[index] == 0 ? 0 : values[index] }
      }
      let pattern: ParameterValue =
        block == [1, columns] ? .string("channel") : .map(["block": .list(block.map { .integer($0) })])
      let result = try EncodedTensor(values, [rows, columns]).through(
        stage("prune", ["sparsity": .number(0.6), "pattern": pattern]))
      try Self.check(result, expected, "\(name), blocks of \(block)")
    }
  }

  @Test("The first value that is not finite is named, wherever it is", arguments: [0, 15, 16, 63, 64, 65, 199])
  func notFinite(place: Int) throws {
    for bad in [Float.nan, -.nan, .infinity, -.infinity, .signalingNaN] {
      var values = (0..<200).map { Float($0) }
      values[place] = bad
      values[199] = bad
      for parameters in [
        ["sparsity": .number(0.5)], ["threshold": .number(3)], ["pattern": .string("2:4")], ["pattern": .string("1:3")],
        ["sparsity": .number(0.5), "pattern": .string("channel")],
        ["sparsity": .number(0.5), "pattern": .map(["block": .list([.integer(2), .integer(3)])])],
      ] as [StageParameters] {
        let error = #expect(throws: StageError.self) {
          try EncodedTensor(values, [5, 40]).through(stage("prune", parameters))
        }
        #expect(error?.elementIndex == place, "\(bad), \(parameters)")
      }
    }
  }

  @Test("Numbers whose sum overflows are none that are not finite")
  func largeSums() throws {
    let values = (0..<200).map { Float.greatestFiniteMagnitude * ($0 % 3 == 0 ? -1 : 0.5) }
    for parameters in [
      ["sparsity": .number(0.5)], ["pattern": .string("2:4")], ["pattern": .string("1:3")],
      ["pattern": .string("1:40")],
    ] as [StageParameters] {
      let result = try EncodedTensor(values, [5, 40]).through(stage("prune", parameters))
      #expect(try result.values().contains(-.greatestFiniteMagnitude))
    }
  }

  @Test("In many weights too")
  func notFiniteOfMany() throws {
    for place in [0, 40_000, 66_002] {
      var values = Self.large("spread")
      values[place] = .nan
      let error = #expect(throws: StageError.self) {
        try EncodedTensor(values, [3, 22_001]).through(stage("prune", ["sparsity": .number(0.9)]))
      }
      #expect(error?.elementIndex == place)
    }
  }
}
