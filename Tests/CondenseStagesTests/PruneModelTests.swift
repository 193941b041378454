import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

@Suite("Pruning over a model")
struct PruneModelTests {
  private func prune(_ sparsity: Double, _ pattern: ParameterValue = .string("unstructured")) throws
    -> any ConfiguredStage
  {
    try stage("prune", ["sparsity": .number(sparsity), "scope": .string("model"), "pattern": pattern])
  }

  @Test("A tensor that changes without moving the bar leaves the others' shares alone", arguments: UInt64(1)...10)
  func independence(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let stage = try prune(0.8)
    var tensors = (0..<20).map { _ in randomValues(60, zeros: false, using: &generator) }
    func allocations() throws -> [Allocation] {
      try stage.allocate(tensors.map { try stage.measure(EncodedTensor($0, [6, 10])) })
    }
    let before = try allocations()
    // Other signs, another order and larger survivors: nothing that matters for the bar.
    let bar = tensors.joined().map { abs($0) }.sorted(by: >)[Int(20 * 60 * 0.1)]
    tensors[7] = tensors[7].reversed().map { abs($0) > bar ? -$0 * 2 : -$0 }
    #expect(try allocations() == before, "seed \(seed)")
  }

  @Test("The shares add up to the survivors asked for, whatever ties there are", arguments: UInt64(1)...20)
  func sums(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let sparsity = Double.random(in: 0...1, using: &generator)
    let stage = try prune(sparsity)
    var total = 0
    let measurements = try (0..<5).map { _ in
      let count = Int.random(in: 0...90, using: &generator)
      total += count
      let values = (0..<count).map { _ in Float(Int.random(in: -3...3, using: &generator)) }
      return try stage.measure(EncodedTensor(values, [1, count]))
    }
    let shares = try stage.allocate(measurements).map { $0.values[0] }
    #expect(
      shares.reduce(0, +) == total - Int((Double(total) * sparsity).rounded()), "seed \(seed), sparsity \(sparsity)")
    #expect(zip(shares, measurements).count { $0.0 < 0 } == 0)
  }

  @Test("A measurement is small beside its tensor, and the same each time")
  func size() throws {
    var generator = SeededGenerator(seed: 1)
    let values = (0..<20_000).map { _ in Float.random(in: -1...1, using: &generator) }
    let stage = try prune(0.9)
    let tensor = try EncodedTensor(values, [100, 200])
    let measurement = try stage.measure(tensor)
    #expect(try measurement == stage.measure(tensor))
    #expect(measurement.bytes.count < 5 * values.count)
  }

  @Test(
    "A large tensor's measurement counts scores by their upper bits, and says where all of a kind are the same",
    arguments: ["spread", "ties", "halves of float32", "one value", "zeros", "one huge"])
  func largeMeasurement(name: String) throws {
    var generator = SeededGenerator(seed: 9)
    let values = (0..<1 << 18 + 3).map { index -> Float in
      let random = Float.random(in: -1...1, using: &generator)
      return switch name {
      case "spread": random
      case "ties": index % 3 == 0 ? random : Float(index % 2 + 1) * 0.3
      case "halves of float32": Float(bitPattern: random.bitPattern & 0xFFFF_0000)
      case "one value": index % 2 == 0 ? 0.3 : -0.3
      case "zeros": index % 2 == 0 ? 0 : -0.0
      default: index == 77 ? -.greatestFiniteMagnitude : Float(bitPattern: UInt32(index % 5000))
      }
    }
    var members: [UInt32: (count: Int, least: UInt32, most: UInt32)] = [:]
    for value in values {
      let score = abs(value).bitPattern
      let bin = members[score >> 13] ?? (0, score, score)
      members[score >> 13] = (bin.count + 1, min(bin.least, score), max(bin.most, score))
    }
    // The format, one weight a unit, and how many kinds; then for each, the largest first, the step down and the count.
    var numbers = [1, members.count]
    var last = Int(UInt32.max)
    for (bin, found) in members.sorted(by: { $0.key > $1.key }) {
      let score = Int(found.least == found.most ? found.least : bin << 13 | 1 << 12)
      numbers += [last - score, found.count]
      last = score
    }
    let expected = numbers.reduce(into: [1] as [UInt8]) { bytes, number in
      var rest = number
      while rest >= 0x80 {
        bytes.append(UInt8(rest & 0x7F) | 0x80)
        rest >>= 7
      }
      bytes.append(UInt8(rest))
    }
    let measurement = try prune(0.5).measure(EncodedTensor(values, [1, values.count]))
    #expect(measurement.bytes.array == expected)
  }

  @Test("Blocks and channels of different sizes come within one unit of the share", arguments: UInt64(1)...10)
  func units(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let shapes = [[4, 12], [6, 20], [3, 50]]
    for pattern in [ParameterValue.string("channel"), .map(["block": .list([.integer(2), .integer(2)])])] {
      let stage = try prune(0.5, pattern)
      let tensors = try shapes.map { shape in
        try EncodedTensor(randomValues(shape[0] * shape[1], zeros: false, using: &generator), shape)
      }
      let allocations = try stage.allocate(tensors.map { try stage.measure($0) })
      let results = try zip(tensors, allocations).map { try stage.apply($0, allocation: $1) }
      let kept = try results.reduce(0) { try $0 + $1.survivorCount() }
      let total = shapes.reduce(0) { $0 + $1[0] * $1[1] }
      #expect(abs(kept - total / 2) <= 50, "seed \(seed): \(kept) of \(total)")
    }
  }

  @Test("Damage in a measurement is an error, never a crash", arguments: UInt64(1)...40)
  func damage(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let stage = try prune(0.5)
    let values = randomValues(30, using: &generator)
    let good = try stage.measure(EncodedTensor(values, [3, 10]))
    for _ in 0..<20 {
      var bytes = good.bytes.array
      switch Int.random(in: 0..<3, using: &generator) {
      case 0:
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1: bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
      default: bytes = (0..<40).map { _ in UInt8.random(in: 120...255, using: &generator) }
      }
      // Some damage makes another valid summary; whatever comes out, a share is within what was measured.
      if let shares = try? stage.allocate([Measurement(Bytes(bytes)), good]) {
        #expect(shares.count == 2 && (0...30).contains(shares[1].values[0]), "seed \(seed): \(bytes)")
      }
    }
  }

  @Test("Counts that would overflow are refused")
  func overflow() throws {
    let stage = try prune(0.5)
    /// The format, a unit size, and one entry of score 7 with a count.
    func measurement(unitSize: Int, count: Int) -> Measurement {
      func number(_ value: Int) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + number(value >> 7)
      }
      return Measurement(Bytes([1] + number(unitSize) + [1] + number(Int(UInt32.max) - 7) + number(count)))
    }
    #expect(try stage.allocate([measurement(unitSize: 2, count: 10)]) == [Allocation([5])])
    for (unitSize, count) in [(1 << 40, 1 << 40), (1, Int.max), (Int.max, 1)] {
      #expect(throws: StageError.self) { try stage.allocate([measurement(unitSize: unitSize, count: count)]) }
    }
    let most = measurement(unitSize: 1, count: 1 << 60)
    #expect(throws: StageError.self) { try stage.allocate(Array(repeating: most, count: 9)) }
  }

  @Test("An allocation that does not fit, or is missing, is refused")
  func allocations() throws {
    let stage = try prune(0.5)
    let tensor = try EncodedTensor([1, 2, 3, 4], [2, 2])
    for allocation in [nil, Allocation([]), Allocation([5]), Allocation([-1])] {
      #expect(throws: StageError.self) { try stage.apply(tensor, allocation: allocation) }
    }
  }
}
