import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

@Suite("Clustering at the edges")
struct ClusterEdgeTests {
  private static func squaredError(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
  }

  /// The least error of `count` neighbouring whole numbers in `levels` clusters: sizes that differ by at most one.
  private static func leastErrorOfGrid(_ count: Int, levels: Int) -> Double {
    func error(_ size: Int) -> Double { Double(size * (size * size - 1)) / 12 }
    let (size, rest) = (count / levels, count % levels)
    return Double(rest) * error(size + 1) + Double(levels - rest) * error(size)
  }

  @Test(
    "Equally spaced weights, where many numbers of clusters cost the same a cluster", arguments: [173, 101, 255, 97])
  func grid(count: Int) throws {
    let values = (0..<3000).map { Float($0 + 1) }
    let result = try EncodedTensor(values, [10, 300]).through(stage("cluster", ["count": .integer(count)]))
    let decoded = try result.values()
    #expect(Set(decoded).count == count)
    let least = Self.leastErrorOfGrid(values.count, levels: count)
    #expect(Self.squaredError(values, decoded) <= least * (1 + 1e-6), "\(count)")
  }

  @Test("Weights that are the same on both sides of zero", arguments: [7, 128, 201])
  func mirrored(count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count))
    let half = (0..<1500).map { _ in Float.random(in: 0.01...1, using: &generator) }
    let values = half + half.map { -$0 }
    func error(_ count: Int) throws -> Double {
      let result = try EncodedTensor(values, [10, 300]).through(stage("cluster", ["count": .integer(count)]))
      return try Self.squaredError(values, result.values())
    }
    // The least error is convex in the number of clusters.
    let (fewer, this, more) = try (error(count - 1), error(count), error(count + 1))
    #expect(fewer - this >= (this - more) * (1 - 1e-6), "\(fewer) \(this) \(more)")
  }

  @Test("Many weights far from zero still get as many values as asked for")
  func farFromZero() throws {
    var generator = SeededGenerator(seed: 3)
    let values = (0..<66_000).map { _ in 1 + Float.random(in: -0.001...0.001, using: &generator) }
    let result = try EncodedTensor(values, [66, 1000]).through(stage("cluster", ["bits": .integer(4)]))
    let decoded = try result.values()
    #expect(Set(decoded).count == 16)
    // Evenly spread values lose a sixteenth of their range's twelfth, squared.
    let expected = 66_000 * (0.002 / 16) * (0.002 / 16) / 12
    #expect(Self.squaredError(values, decoded) < expected * 1.02)
  }

  @Test("A large common offset does not blur the clusters")
  func offset() throws {
    var generator = SeededGenerator(seed: 4)
    let steps = (0..<500).map { _ in Int.random(in: 0...4000, using: &generator) }
    let plain = steps.map { Float($0) }
    // Every step is a number of its own beside the offset as well.
    let shifted = steps.map { 8_388_608 + Float($0) }
    func error(_ values: [Float]) throws -> Double {
      let result = try EncodedTensor(values, [5, 100]).through(stage("cluster", ["bits": .integer(6)]))
      return try Self.squaredError(values, result.values())
    }
    // The centroids are whole numbers there, at most half off.
    let (far, near) = try (error(shifted), error(plain))
    #expect(far <= near + 500 * 0.25)
  }

  @Test("Few different values of many are kept exactly, however close")
  func closeValues() throws {
    let few: [Float] = [1, 1.0001, -3, -3.0002, 0.5, 0.50003]
    let values = (0..<66_000).map { few[$0 % 6] }
    let result = try EncodedTensor(values, [66, 1000]).through(stage("cluster", ["bits": .integer(3)]))
    #expect(try result.values() == values)
  }

  @Test("Few different float64 numbers come back bit for bit", arguments: ["tensor", "channel"])
  func exactDoubles(scope: String) throws {
    let few = [0.1, -0.3, 1.0 / 3, 0.1.nextUp, 0, 1e-300, -1e-300]
    let numbers = (0..<42).map { few[$0 * $0 % 7] }
    let tensor = EncodedTensor(try Tensor(dtype: .f64, shape: Shape([2, 21]), bytes: Bytes(elements: numbers)))
    let result = try tensor.through(stage("cluster", ["bits": .integer(3), "scope": .string(scope)]))
    #expect(try result.expanded().bytes.elements(of: Double.self) == numbers)
  }

  @Test("A tensor that contradicts itself is refused", arguments: ["cluster", "quantize", "prune"])
  func contradictions(name: String) throws {
    let parameters: StageParameters =
      name == "cluster" ? ["bits": .integer(2)] : name == "prune" ? ["sparsity": .number(0.5)] : [:]
    let values = Bytes(elements: [Float](repeating: 1, count: 6))
    let broken = [
      EncodedTensor(dtype: .f32, shape: try Shape([2, 5]), payload: .elements(.plain(values))),
      EncodedTensor(dtype: .f32, shape: try Shape([2, 2]), payload: .elements(.plain(values))),
      EncodedTensor(
        dtype: .f32, shape: try Shape([2, 5]), mask: Bytes([0xFF, 0x03]), payload: .elements(.plain(values))),
      EncodedTensor(dtype: .f32, shape: try Shape([2, 5]), mask: Bytes([0x3F]), payload: .elements(.plain(values))),
      EncodedTensor(
        dtype: .f32, shape: try Shape([2, 5]), mask: Bytes([0x1F, 0x80]), payload: .elements(.plain(values))),
      EncodedTensor(dtype: .i32, shape: try Shape([2, 3]), payload: .elements(.plain(values))),
    ]
    for tensor in broken {
      #expect(throws: StageError.self) { try stage(name, parameters).apply(tensor, allocation: nil) }
    }
  }
}
