import CondenseCodecs
import CondenseTensors
import CondensedModel
import Foundation
import TestSupport
import Testing

@Suite("A compressed model in an app")
struct CondensedModelTests {
  /// The bytes of a file with two tensors.
  private static func file(_ coding: EntropyCoding = .huffman) throws -> Bytes {
    let weights = EncodedTensor(try Tensor([0, 1, 0, -2], shape: [2, 2]))
    let bias = EncodedTensor(try Tensor([0.5], shape: [1]))
    let streams = try [weights, bias].map { try TensorCoder.encode($0, coding: coding) }
    let header = CondensedHeader.laidOut(
      [("fc.weight", streams[0].count), ("fc.bias", streams[1].count)], envelope: ["format": "pt"])
    return Bytes(([header.encoded()] + streams).flatMap(\.array))
  }

  @Test("Tensors are decoded by name")
  func tensors() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "condense-\(UUID().uuidString).condensed")
    defer { try? FileManager.default.removeItem(at: path) }
    try Data(Self.file().array).write(to: path)
    let model = try CondensedModel(contentsOf: path)
    #expect(model.tensorNames == ["fc.weight", "fc.bias"])
    #expect(model.metadata == ["format": "pt"])
    #expect(try model.tensor(named: "fc.weight").floats == [0, 1, 0, -2])
    let error = #expect(throws: CondensedModelError.self) { try model.tensor(named: "fc") }
    #expect(error?.message == "there is no tensor 'fc'")
  }

  @Test("What any coder has packed is decoded", arguments: EntropyCoding.Coder.allCases)
  func coders(coder: EntropyCoding.Coder) throws {
    let model = try CondensedModel(Self.file(EntropyCoding(coder: coder)))
    #expect(try model.tensor(named: "fc.weight").floats == [0, 1, 0, -2])
    #expect(try model.tensor(named: "fc.bias").floats == [0.5])
  }

  @Test("A large tensor that is coded in pairs is decoded", arguments: [EntropyCoding.Coder.huffman, .rans])
  func pairs(coder: EntropyCoding.Coder) throws {
    var generator = SeededGenerator(seed: 11)
    let indices = (0..<30_000).map { _ in UInt8.random(in: 0..<12, using: &generator) }
    let values = (0..<12).map { Float($0) / 4 }
    let tensor = EncodedTensor(
      dtype: .f32, shape: try Shape([100, 300]),
      payload: .indices(Bytes(indices), Codebook(size: 12, channels: 1, elements: .plain(Bytes(elements: values)))))
    let stream = try TensorCoder.encode(tensor, coding: EntropyCoding(coder: coder))
    let header = CondensedHeader.laidOut([("w", stream.count)], envelope: [:])
    let model = try CondensedModel(Bytes(header.encoded().array + stream.array))
    #expect(try model.tensor(named: "w").floats == indices.map { values[Int($0)] })
  }

  @Test("Damage anywhere is noticed, and never crashes", arguments: UInt64(1)...10)
  func damage(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let file = try Self.file().array
    for _ in 0..<50 {
      var damaged = file
      damaged[Int.random(in: 0..<file.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      #expect(throws: CondensedModelError.self, "seed \(seed)") {
        let model = try CondensedModel(Bytes(damaged))
        for name in model.tensorNames { _ = try model.tensor(named: name) }
      }
    }
  }
}
