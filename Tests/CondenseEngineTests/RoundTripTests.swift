import CondenseEngine
import CondenseTensors
import Foundation
import TestSupport
import Testing

@Suite("What comes out of a build")
struct RoundTripTests {
  struct Setting {
    var sparsity: Double
    var bits: Int
  }

  static let settings = [
    Setting(sparsity: 0.9, bits: 4), Setting(sparsity: 0.5, bits: 2), Setting(sparsity: 0, bits: 3),
    Setting(sparsity: 0.92, bits: 5),
  ]

  @Test("A lossless pipeline gives back every bit of every type", arguments: UInt64(1)...5)
  func lossless(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let workspace = try TemporaryWorkspace()
    let shapes = [[], [0], [7], [3, 5], [2, 0, 4], [33, 9]]
    var tensors: [(String, Tensor)] = []
    for dtype in DType.allCases {
      for shape in shapes {
        let shape = try Shape(shape)
        // Any bits, so infinities and payloads of not-a-number too; some of them repeated, so that codes are tried.
        let largest: UInt8 = dtype == .bool ? 1 : 255
        var bytes: [UInt8] = []
        for _ in 0..<shape.elementCount * dtype.byteWidth {
          bytes.append(Bool.random(using: &generator) ? 0 : UInt8.random(in: 0...largest, using: &generator))
        }
        tensors.append(("\(dtype.rawValue) \(shape)", try Tensor(dtype: dtype, shape: shape, bytes: Bytes(bytes))))
      }
    }
    try workspace.writeModel(tensors, envelope: ["format": "pt", "ünïcode": "\"quoted\"\n"])
    try workspace.writePipeline("p", stages: "[huffman]")
    try workspace.writePipeline("q", stages: "[{huffman: {layout: sparse}}]", output: "safetensors")
    let report = try workspace.build().report
    #expect(report.pipelines.map(\.status) == [.built, .built], "seed \(seed)")
    #expect(try workspace.tensors(of: "build/p.condensed") == Dictionary(uniqueKeysWithValues: tensors), "seed \(seed)")
    #expect(try workspace.data("build/q.safetensors") == workspace.data("model.safetensors"), "seed \(seed)")
  }

  @Test(
    "The full chain has the density asked for, at most 2^bits values, and zeros only where weights were dropped",
    arguments: [DType.f32, .f16, .bf16, .f64], settings)
  func fullChain(dtype: DType, setting: Setting) throws {
    var generator = SeededGenerator(seed: 11)
    let workspace = try TemporaryWorkspace()
    let weights = try Tensor.randomWeights([37, 41], dtype: dtype, using: &generator)
    try workspace.writeModel([("w", weights)])
    try workspace.writePipeline(
      "p",
      stages:
        "[{prune: {sparsity: \(setting.sparsity)}}, {cluster: {bits: \(setting.bits)}}, {quantize: {dtype: int8}}, huffman]"
    )
    try workspace.writePipeline("pruned", stages: "[{prune: {sparsity: \(setting.sparsity)}}]")
    #expect(try workspace.build().report.pipelines.allSatisfy { $0.status != .failed })
    let result = try #require(try workspace.tensors(of: "build/p.condensed")["w"])
    let pruned = try #require(try workspace.tensors(of: "build/pruned.condensed")["w"]?.floats)
    let values = try #require(result.floats)
    #expect(result.dtype == dtype)
    let expected = 37 * 41 - Int((Double(37 * 41) * setting.sparsity).rounded())
    #expect(values.count { $0 != 0 } == expected)
    #expect(Set(values).count <= 1 << setting.bits)
    #expect(zip(values, pruned).allSatisfy { ($0 == 0) == ($1 == 0) })
  }
}
