import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

@Suite("Stages after each other, in every type")
struct OrderTests {
  static let dtypes: [DType] = [.f32, .f64, .f16, .bf16, .f8e4m3, .f8e5m2]

  /// Every order of the lossy stages that is allowed.
  static let orders = [
    [], ["prune"], ["cluster"], ["quantize"], ["prune", "prune"], ["prune", "cluster"], ["prune", "quantize"],
    ["cluster", "quantize"], ["prune", "cluster", "quantize"],
  ]

  /// The settings in which a stage differs most.
  private static func variants(_ name: String) throws -> [any ConfiguredStage] {
    switch name {
    case "prune":
      try ["unstructured", "channel"].map {
        try stage("prune", ["sparsity": .number(0.4), "pattern": .string($0)])
      } + [stage("prune", ["pattern": .string("2:4")])]
    case "cluster":
      try ["tensor", "channel"].map { try stage("cluster", ["bits": .integer(2), "scope": .string($0)]) }
    default:
      try QuantizedType.allCases.map { try stage("quantize", ["dtype": .string($0.rawValue)]) }
        + [stage("quantize", ["granularity": .string("channel"), "symmetric": .bool(false)])]
    }
  }

  @Test("Zeros are kept, nothing else becomes one, and packing loses nothing", arguments: dtypes, orders)
  func anyOrder(dtype: DType, order: [String]) throws {
    var generator = SeededGenerator(seed: UInt64(order.count))
    let largest = dtype.greatestFinite ?? 1
    for values in [
      randomValues(24, using: &generator),
      // The last row is zeros.
      (0..<24).map { $0 < 18 && $0 % 3 == 0 ? largest : $0 < 18 && $0 % 3 == 1 ? -(dtype.leastNonzero ?? 1) : 0 },
    ] {
      var tensors = [try EncodedTensor(values, [4, 6], dtype)]
      for name in order {
        let stages = try Self.variants(name)
        tensors = try tensors.flatMap { tensor in try stages.map { try tensor.through($0) } }
      }
      for tensor in tensors {
        let decoded = try tensor.expanded()
        #expect(decoded.dtype == dtype)
        let results = try #require(decoded.floats)
        #expect(results.allSatisfy { $0.isFinite }, "\(order)")
        #expect(zip(values, results).allSatisfy { $0 != 0 || $1 == 0 }, "\(order)")
        if order == ["cluster"] { #expect(zip(values, results).allSatisfy { $0 == 0 || $1 != 0 }) }
        #expect(try tensor.through(stage("huffman")).expanded() == decoded, "\(order)")
        #expect(try EncodedTensor(blob: Bytes(tensor.blobParts().flatMap(\.array))) == tensor, "\(order)")
      }
    }
  }

  @Test("A float64 that float32 has no number for is refused, by every lossy stage", arguments: [1e300, -1e300, .nan])
  func wideDoubles(value: Double) throws {
    let numbers = [1, value, 2, 3]
    let tensor = EncodedTensor(try Tensor(dtype: .f64, shape: Shape([2, 2]), bytes: Bytes(elements: numbers)))
    for stage in [
      try stage("prune", ["sparsity": .number(0.5)]), try stage("cluster", ["bits": .integer(1)]),
      try stage("quantize"),
    ] {
      let error = #expect(throws: StageError.self) { try stage.apply(tensor, allocation: nil) }
      #expect(error?.elementIndex == 1)
    }
  }
}
