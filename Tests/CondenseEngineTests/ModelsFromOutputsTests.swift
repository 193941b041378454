import CondenseCodecs
import CondenseEngine
import CondenseStages
import CondenseTensors
import Foundation
import TestSupport
import Testing

@Suite("Pipelines whose model is a file that another one publishes")
struct ModelsFromOutputsTests {
  private let workspace: TemporaryWorkspace

  /// `a` is made from what `b` publishes, and `b` from what `c` does, so that the order of the files is the wrong one.
  init() throws {
    workspace = try TemporaryWorkspace()
    var random = SeededGenerator(seed: 5)
    try workspace.writeModel([("w", try Tensor.randomWeights([8, 8], using: &random))])
    try write("c", model: "model.safetensors", stages: "[prune: {sparsity: 0.5}]")
    try write("b", model: "build/c.safetensors", stages: "[cluster: {bits: 3}]")
    try write("a", model: "build/b.safetensors", stages: "[quantize: {dtype: int8}]")
  }

  private func write(_ name: String, model: String, stages: String) throws {
    try workspace.write(
      "model: ../\(model)\nstages: \(stages)\noutputs: [../build/\(name).safetensors]\n", to: "pipelines/\(name).yaml")
  }

  private func zeros(_ name: String) throws -> Int {
    try workspace.tensors(of: "build/\(name).safetensors")["w"]?.floats?.count { $0 == 0 } ?? -1
  }

  @Test("One build makes all of them, whatever the order, and the next has nothing to do")
  func cold() throws {
    let first = try workspace.build()
    #expect(!first.hasInvalidInput && first.diagnostics.isEmpty)
    #expect(first.report.pipelines.map(\.status) == [.built, .built, .built])
    #expect(first.report.actions.ran == 3 && first.report.actions.total == 3)
    #expect(try ["a", "b", "c"].map { try zeros($0) } == [32, 32, 32])
    let second = try workspace.build()
    #expect(second.report.pipelines.map(\.status) == [.cached, .cached, .cached])
    #expect(second.report.actions.ran == 0)
  }

  @Test("An edit of the first reaches the last in the same build")
  func edit() throws {
    _ = try workspace.build()
    try write("c", model: "model.safetensors", stages: "[prune: {sparsity: 0.75}]")
    let result = try workspace.build()
    #expect(result.report.pipelines.map(\.status) == [.built, .built, .built])
    #expect(try ["a", "b", "c"].map { try zeros($0) } == [48, 48, 48])
    #expect(try workspace.build().report.actions.ran == 0)
  }

  @Test("A circle of files that comes to rest is built")
  func restingCircle() throws {
    _ = try workspace.build()
    // Pruning, clustering and rounding what they have made themselves changes nothing more.
    try write("c", model: "build/a.safetensors", stages: "[prune: {sparsity: 0.5}]")
    #expect(try workspace.build().report.pipelines.allSatisfy { $0.status != .failed })
    #expect(try workspace.build().report.actions.ran == 0)
  }

  @Test("A circle of files that never comes to rest ends with an error")
  func endlessCircle() throws {
    _ = try workspace.build()
    try write("c", model: "build/a.safetensors", stages: "[negate]")
    try write("b", model: "build/c.safetensors", stages: "[prune: {sparsity: 0.5}]")
    try write("a", model: "build/b.safetensors", stages: "[prune: {sparsity: 0.5}]")
    let store = workspace.store
    let engine = Engine(
      stages: StageRegistry(StageRegistry.builtIn.stages + [NegateStage()]), formats: .builtIn, store: store)
    let files = ["a", "b", "c"].map { workspace.path("pipelines/\($0).yaml") }
    let result = engine.build(BuildRequest(workspace: Workspace(root: workspace.root), files: files, jobs: 1))
    let errors = result.report.pipelines.compactMap(\.error)
    #expect(!errors.isEmpty && errors.allSatisfy { $0.contains("never come to rest") })
  }
}

private struct NegateStage: Stage, ConfiguredStage {
  var description: StageDescription { StageDescription(name: "negate", version: 1, summary: "") }
  var parameters: StageParameters { [:] }
  func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage { self }
  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm { input }

  func apply(_ input: EncodedTensor, allocation: Allocation?) throws(StageError) -> EncodedTensor {
    guard case .elements(.plain(let bytes)) = input.payload else { throw StageError("not plain") }
    var result = input
    result.payload = .elements(.plain(Bytes(elements: bytes.elements(of: Float.self).map { -$0 })))
    return result
  }
}
