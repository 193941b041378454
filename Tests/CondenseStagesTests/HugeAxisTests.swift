import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

@Suite("Shapes and groups out of all proportion")
struct HugeAxisTests {
  static let shapes = [[1 << 60, 0], [0, 1 << 60], [1 << 62, 0], [Int.max, 0, 1], [0, Int.max]]
  static let granularities: [ParameterValue] = [
    .string("tensor"), .string("channel"), .map(["group": .integer(1)]), .map(["group": .integer(1 << 30)]),
  ]

  @Test("An axis that holds nothing costs nothing, in any stage", arguments: shapes)
  func emptyTensors(shape: [Int]) throws {
    let tensor = try EncodedTensor([], shape)
    let patterns: [ParameterValue] = [
      .string("unstructured"), .string("channel"), .map(["block": .list([.integer(4), .integer(Int.max)])]),
      .map(["block": .list([.integer(Int.max), .integer(4)])]),
    ]
    for pattern in patterns {
      #expect(
        try tensor.through(stage("prune", ["sparsity": .number(0.5), "pattern": pattern])).expanded()
          == tensor.expanded())
      let overModel = try stage(
        "prune", ["sparsity": .number(0.5), "pattern": pattern, "scope": .string("model")])
      let allocations = try overModel.allocate([overModel.measure(tensor)])
      #expect(allocations == [Allocation([0])])
      #expect(try overModel.apply(tensor, allocation: allocations[0]).expanded() == tensor.expanded())
    }
    for scope in ["tensor", "channel"] {
      let clustered = try tensor.through(stage("cluster", ["bits": .integer(2), "scope": .string(scope)]))
      guard case .indices(_, let codebook) = clustered.payload else {
        Issue.record("clustering makes indices")
        return
      }
      #expect(codebook.channels == 1)
      #expect(try clustered.expanded() == tensor.expanded())
      #expect(try clustered.through(stage("quantize"), stage("huffman")).expanded() == tensor.expanded())
    }
    for granularity in Self.granularities {
      let quantized = try tensor.through(stage("quantize", ["granularity": granularity]))
      #expect(try quantized.expanded() == tensor.expanded())
      #expect(try quantized.through(stage("huffman")).expanded() == tensor.expanded())
    }
  }

  @Test("A tensor without elements has no channels and no groups", arguments: shapes)
  func emptyParts(shape: [Int]) throws {
    let shape = try Shape(shape)
    #expect(ElementParts(.tensor, shape: shape).count == 1)
    #expect(ElementParts(.tensor, shape: shape)[0].isEmpty)
    for granularity in [Granularity.channel, .group(1), .group(.max)] {
      #expect(ElementParts(granularity, shape: shape).count == 0)
    }
  }

  @Test("Groups of any size cover each element once", arguments: [1, 2, 3, 4, 5, 1 << 30, Int.max])
  func groups(size: Int) throws {
    for shape in try [Shape([3, 4]), Shape([1, 7]), Shape([5]), Shape([2, 1, 5]), Shape([])] {
      let parts = ElementParts(.group(size), shape: shape)
      let positions = (0..<parts.count).flatMap { parts[$0] }
      #expect(positions == Array(0..<shape.elementCount), "\(shape)")
      #expect((0..<parts.count).allSatisfy { (1...min(size, shape.elementsPerChannel)).contains(parts[$0].count) })
    }
  }

  @Test("A group has at most 2^30 weights")
  func groupBound() throws {
    for size in [0, -1, (1 << 30) + 1, Int.max] {
      let error = #expect(throws: ParameterError.self) {
        try stage("quantize", ["granularity": .map(["group": .integer(size)])])
      }
      #expect(error?.key == "granularity")
    }
    // More than the tensor has is one group a channel.
    let tensor = try EncodedTensor([1, 2, 3, 4, 5, 6], [2, 3])
    let result = try tensor.through(stage("quantize", ["granularity": .map(["group": .integer(1 << 30)])]))
    guard case .elements(.quantized(let quantized)) = result.payload else {
      Issue.record("elements stay elements")
      return
    }
    #expect(quantized.scales.count == 2)
    #expect(try result.through(stage("huffman")).expanded() == result.expanded())
  }

  @Test("Blocks larger than the matrix are the matrix")
  func largeBlocks() throws {
    let block = ParameterValue.map(["block": .list([.integer(Int.max), .integer(Int.max)])])
    let prune = try stage("prune", ["sparsity": .number(0.4), "pattern": block])
    #expect(try EncodedTensor([1, 2, 3, 4], [2, 2]).through(prune).values() == [1, 2, 3, 4])
  }
}
