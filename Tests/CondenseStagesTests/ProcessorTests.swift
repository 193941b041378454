import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

/// Some kernels do most of their work with AVX2 where the processor has it. What they make must not tell.
@Suite("Processors")
struct ProcessorTests {
  private static let settings: [(stage: String, parameters: StageParameters)] =
    [0.1, 0.5, 0.9, 0.999].map { ("prune", ["sparsity": .number($0)]) }
    + [
      ("prune", ["threshold": .number(0.7)]), ("prune", ["pattern": .string("2:4")]),
      ("prune", ["sparsity": .number(0.5), "pattern": .string("channel")]),
      ("prune", ["sparsity": .number(0.5), "pattern": .map(["block": .list([.integer(4), .integer(4)])])]),
      ("prune", ["sparsity": .number(0.5), "pattern": .map(["block": .list([.integer(7), .integer(5)])])]),
    ]
    + ["int8", "uint8", "int4"].flatMap { type in
      [true, false].flatMap { symmetric in
        [.string("tensor"), .string("channel"), .map(["group": .integer(128)]), .map(["group": .integer(33)])].map {
          ("quantize", ["dtype": .string(type), "symmetric": .bool(symmetric), "granularity": $0])
        }
      }
    }

  /// Weights of many kinds: few values, so that many are equal, halves between two codes, and what is far from the rest.
  private static func values(_ kind: Int, _ count: Int, _ random: inout SeededGenerator) -> [Float] {
    (0..<count).map { index in
      switch kind {
      case 0: Float.random(in: -1...1, using: &random)
      case 1: Float(Int.random(in: -20...20, using: &random)) / 8
      case 2: (Float(Int.random(in: -255...255, using: &random)) / 2) * (index == 0 ? 127 : 1)
      case 3: Float(bitPattern: UInt32.random(in: 0...3000, using: &random)) * (Bool.random(using: &random) ? -1 : 1)
      default: index == count / 3 ? .greatestFiniteMagnitude : Float.random(in: -1e-3...1, using: &random)
      }
    }
  }

  private func make(_ setting: (stage: String, parameters: StageParameters), _ tensor: EncodedTensor) throws -> [Bytes]
  {
    try tensor.through(stage(setting.stage, setting.parameters)).blobParts()
  }

  @Test(
    "The same bytes come out with and without wide vectors",
    arguments: [[1, 3], [3, 40], [64, 64], [67, 129], [300, 220]])
  func sameBytes(shape: [Int]) throws {
    var random = SeededGenerator(seed: UInt64(shape[0]))
    for kind in 0..<5 {
      let tensor = try EncodedTensor(Self.values(kind, shape[0] * shape[1], &random), shape)
      for setting in Self.settings {
        let made = try make(setting, tensor)
        try onEveryProcessor { () throws in
          #expect(try make(setting, tensor) == made, "\(setting), weights of kind \(kind)")
        }
      }
    }
  }
}
