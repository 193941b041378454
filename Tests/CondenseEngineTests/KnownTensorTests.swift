import CondenseFiles
import CondenseModels
import CondenseStore
import CondenseTensors
import Foundation
import TestSupport
import Testing

@testable import CondenseEngine

/// Tensors of a file that was written anew are known again by their marks, and not hashed.
@Suite("Tensors that are known again")
struct KnownTensorTests {
  private let workspace: TemporaryWorkspace
  private var tensors: [(String, Tensor)]

  init() throws {
    workspace = try TemporaryWorkspace()
    var random = SeededGenerator(seed: 50)
    // The first ones are marked in several pieces.
    tensors = try [[300, 300], [500, 700], [20, 30], [7]].enumerated().map { number, dimensions in
      ("w\(number)", try Tensor.randomWeights(dimensions, using: &random))
    }
    try workspace.writeModel(tensors)
    try workspace.writePipeline("a", stages: "[prune: {sparsity: 0.5}, cluster: {bits: 3}]")
  }

  /// How many of the model's tensors a build hashed, and its actions that ran, each of which makes a tensor that is hashed too.
  private func build() throws -> (hashed: Int, ran: Int) {
    let trace = BuildTrace()
    let report = try workspace.build(trace: trace).report
    #expect(report.pipelines.allSatisfy { $0.error == nil })
    let hashed = trace.spans.filter { $0.name.hasPrefix("hash ") }
      .compactMap { Int($0.name.split(separator: " ")[1]) }.reduce(0, +)
    return (hashed - report.actions.ran, report.actions.ran)
  }

  /// That the output is what a build with an empty store makes.
  private func expectSameAsClean() throws {
    let built = try workspace.data("build/a.condensed")
    try workspace.useEmptyStore()
    try FileManager.default.removeItem(atPath: workspace.path("build/a.condensed"))
    _ = try workspace.build()
    #expect(try workspace.data("build/a.condensed") == built)
  }

  @Test("Of a file with one other tensor, that one is hashed and built", arguments: 0..<4)
  func oneChanged(index: Int) throws {
    #expect(try build().hashed == 4)
    var weights = tensors[index].1.bytes.elements(of: Float.self)
    // Beyond the first piece, where there is more.
    weights[weights.count - 1] += 1
    var changed = tensors
    changed[index].1 = try Tensor(weights, shape: tensors[index].1.shape.dimensions)
    try workspace.writeModel(changed)
    // Vectors are neither pruned nor clustered.
    #expect(try build() == (1, index == 3 ? 0 : 2))
    // What is known is recorded again.
    try workspace.writeModel(tensors)
    #expect(try build() == (1, 0))
    try workspace.writeModel(changed)
    _ = try build()
    try expectSameAsClean()
  }

  @Test("Tensors are known wherever in the file they are, and under any name")
  func moved() throws {
    _ = try build()
    var random = SeededGenerator(seed: 51)
    let added = ("a", try Tensor.randomWeights([400, 400], using: &random))
    try workspace.writeModel([added] + tensors.reversed().map { ("\($0.0).again", $0.1) })
    #expect(try build() == (1, 2))
    try expectSameAsClean()
  }

  @Test("The same weights in another shape are another tensor")
  func reshaped() throws {
    _ = try build()
    try workspace.writeModel(
      tensors.map { name, tensor in
        (name, try Tensor(dtype: tensor.dtype, shape: tensor.shape.reversed, bytes: tensor.bytes))
      })
    // All but the two whose shape reads the same backwards.
    #expect(try build() == (2, 4))
    try expectSameAsClean()
  }

  @Test("Facts come back as they were, and damaged ones not at all", arguments: UInt64(1)...20)
  func coding(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    func word() -> UInt64 { UInt64.random(in: .min ... .max, using: &random) }
    func digest() -> Digest { Digest(of: Bytes(elements: [word()])) }
    let count = Int.random(in: 0...9, using: &random)
    let marks = (0..<count).map { _ in
      Bool.random(using: &random)
        ? TensorMark(start: Fingerprint(words: [word(), word()]), whole: Fingerprint(words: [word(), word()])) : nil
    }
    let artifacts = (0..<count).map { _ in
      Artifact(digest: digest(), byteCount: Int.random(in: 0...1 << 40, using: &random))
    }
    let facts = FileFacts(seed: digest(), artifacts: artifacts, marks: marks)
    let decoded = try #require(FileFacts(encoded: facts.encoded))
    #expect(decoded.seed == facts.seed && decoded.artifacts == artifacts && decoded.marks == marks)
    let bytes = facts.encoded
    for cut in 0..<bytes.count where cut < 40 || (cut - 40) % 80 != 0 {
      #expect(FileFacts(encoded: bytes[0..<cut]) == nil, "cut at \(cut)")
    }
    #expect(FileFacts(encoded: Bytes([0] + bytes.array.dropFirst())) == nil)
  }
}

extension Shape {
  fileprivate var reversed: Shape {
    get throws { try Shape(dimensions.reversed()) }
  }
}
