import CondenseEngine
import CondenseTensors
import Foundation
import TestSupport
import Testing

@Suite("Why actions ran")
struct ExplanationTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    try writeModel()
    try workspace.writePipeline("p", stages: "[prune: {sparsity: 0.5}, cluster: {bits: 3}, huffman]")
    _ = try workspace.build("p")
  }

  /// Three matrices and a bias; `changed` gets other values.
  private func writeModel(changed: String? = nil, extra: [(String, Tensor)] = [], envelope: [String: String] = [:])
    throws
  {
    let tensors = try ["a", "b", "c"].enumerated().map { index, name in
      var random = SeededGenerator(seed: UInt64(index) + (name == changed ? 100 : 0))
      return (name, try Tensor.randomWeights([6, 8], using: &random))
    }
    try workspace.writeModel(tensors + [("bias", try Tensor([1, 2, 3]))] + extra, envelope: envelope)
  }

  /// Builds, and returns for each stage the root causes of what ran.
  private func causes(_ name: String = "p") throws -> [String: Set<String>] {
    _ = try workspace.build(name)
    let explanation = try #require(Explanation(of: name, in: Workspace(root: workspace.root)))
    return Dictionary(
      explanation.actions.filter(\.ran).map { ($0.stage, [$0.cause.root.description]) },
      uniquingKeysWith: { $0.union($1) })
  }

  @Test("The first build is called that, and when nothing changed everything is reused")
  func first() throws {
    let first = try #require(Explanation(of: "p", in: Workspace(root: workspace.root)))
    #expect(first.actions.count == 10)
    #expect(first.actions.allSatisfy { $0.ran && $0.cause == .firstBuild })
    #expect(first.outputs.map(\.reason) == [.missing])
    for _ in 0..<2 {
      #expect(try causes() == [:])
      let next = try #require(Explanation(of: "p", in: Workspace(root: workspace.root)))
      #expect(next.actions.count == 10 && next.actions.allSatisfy { $0.cause == .same })
      #expect(next.outputs.map(\.reason) == [.unchanged])
    }
    #expect(Explanation(of: "q", in: Workspace(root: workspace.root)) == nil)
  }

  @Test("A parameter is named with what it was and is, also in the stages behind it")
  func parameter() throws {
    try workspace.writePipeline("p", stages: "[prune: {sparsity: 0.5}, cluster: {bits: 4}, huffman]")
    let expected: Set = ["bits was 3, is 4"]
    #expect(try causes() == ["cluster": expected, "huffman": expected])
    let explanation = try #require(Explanation(of: "p", in: Workspace(root: workspace.root)))
    #expect(explanation.actions.filter { !$0.ran }.map(\.stage) == ["prune", "prune", "prune", "huffman"])
    #expect(
      explanation.actions.filter { $0.stage == "huffman" && $0.ran }.allSatisfy {
        $0.cause.description == "cluster came out different: bits was 3, is 4"
      })
    #expect(explanation.outputs.map(\.reason) == [.newContent])
  }

  @Test("An override is a parameter of its tensor alone")
  func override() throws {
    try workspace.writePipeline(
      "p", stages: "[prune: {sparsity: 0.5, overrides: [{match: b, sparsity: 0.25}]}, cluster: {bits: 3}, huffman]")
    let expected: Set = ["sparsity was 0.5, is 0.25"]
    #expect(try causes() == ["prune": expected, "cluster": expected, "huffman": expected])
    let explanation = try #require(Explanation(of: "p", in: Workspace(root: workspace.root)))
    #expect(Set(explanation.actions.filter(\.ran).map(\.tensor)) == ["b"])
  }

  @Test("A tensor that changed is named, and only it runs")
  func tensor() throws {
    try writeModel(changed: "c")
    let expected: Set = ["the tensor's values changed in \(workspace.path("model.safetensors"))"]
    #expect(try causes() == ["prune": expected, "cluster": expected, "huffman": expected])
    let explanation = try #require(Explanation(of: "p", in: Workspace(root: workspace.root)))
    #expect(Set(explanation.actions.filter(\.ran).map(\.tensor)) == ["c"])
  }

  @Test("A tensor of another type, and one that is new, are called that")
  func dtypeAndNewTensor() throws {
    var random = SeededGenerator(seed: 9)
    try writeModel(extra: [("d", try Tensor.randomWeights([4, 4], using: &random))])
    #expect(try causes().values.allSatisfy { $0 == ["the tensor is new"] })
    try writeModel(extra: [("d", try Tensor.randomWeights([4, 4], dtype: .f16, using: &random))])
    let expected: Set = ["the tensor was F32 [4, 4], is F16 [4, 4] in \(workspace.path("model.safetensors"))"]
    #expect(try causes() == ["prune": expected, "cluster": expected, "huffman": expected])
  }

  @Test("A new stage, one that is gone, and one that is made from another")
  func stages() throws {
    try workspace.writePipeline(
      "p", stages: "[prune: {sparsity: 0.5}, cluster: {bits: 3}, quantize, huffman]")
    #expect(
      try causes() == [
        "quantize": ["the stage is new"], "huffman": ["it was made from cluster, is made from quantize"],
      ])
    try workspace.writePipeline("p", stages: "[prune: {sparsity: 0.5}, quantize, huffman]")
    let moved: Set = ["it was made from cluster, is made from prune"]
    #expect(try causes() == ["quantize": moved, "huffman": moved])
    try workspace.writePipeline("p", stages: "[prune: {sparsity: 0.5}, {quantize: {from: model}}, huffman]")
    let straight: Set = ["it was made from prune, is made from model"]
    #expect(try causes() == ["quantize": straight, "huffman": straight])
  }

  @Test("A decision over the model that moved is said with each tensor's share")
  func allocation() throws {
    try workspace.writePipeline("g", stages: "[prune: {sparsity: 0.5, scope: model}]")
    _ = try workspace.build("g")
    try writeModel(changed: "a")
    _ = try workspace.build("g")
    let explanation = try #require(Explanation(of: "g", in: Workspace(root: workspace.root)))
    let own: Set = ["the tensor's values changed in \(workspace.path("model.safetensors"))"]
    #expect(Set(explanation.actions.filter(\.ran).map(\.cause.root.description)) == own)
    let share = explanation.actions.first { $0.kind == .apply && $0.tensor == "b" && $0.ran }
    if let share { #expect(share.cause.kind == "allocation") }
    #expect(explanation.actions.first { $0.kind == .allocate }?.cause.kind == "input")
  }

  @Test("A renamed pipeline runs nothing, and other metadata runs nothing but writes the output")
  func nothingRan() throws {
    try FileManager.default.moveItem(
      atPath: workspace.path("pipelines/p.yaml"), toPath: workspace.path("pipelines/q.yaml"))
    #expect(try causes("q") == [:])
    let renamed = try #require(Explanation(of: "q", in: Workspace(root: workspace.root)))
    #expect(renamed.actions.allSatisfy { $0.cause == .madeBefore(.firstBuild) })
    try writeModel(envelope: ["note": "new"])
    #expect(try causes("q") == [:])
    let metadata = try #require(Explanation(of: "q", in: Workspace(root: workspace.root)))
    #expect(metadata.actions.allSatisfy { $0.cause == .same } && metadata.outputs.map(\.reason) == [.newContent])
  }

  @Test("A result that the store has lost is made again, and that is what is said")
  func lostResult() throws {
    try FileManager.default.removeItem(atPath: workspace.path("build/p.condensed"))
    let forgetful = ForgetfulStore(workspace.store)
    _ = try workspace.build("p", store: forgetful)
    let explanation = try #require(Explanation(of: "p", in: Workspace(root: workspace.root)))
    #expect(explanation.outputs.map(\.reason) == [.missing])
    #expect(explanation.actions.filter(\.ran).allSatisfy { $0.cause == .resultLost })
  }
}
