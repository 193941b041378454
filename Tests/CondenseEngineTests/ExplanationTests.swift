import CondenseEngine
import CondenseTensors
import Foundation
import TestSupport
import Testing

/// For each kind of change there is a row in ``ChangeTests``.
@Suite("Why actions ran")
struct ExplanationTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    try SampleModel().write(in: workspace)
    try workspace.writePipeline("p", stages: "[prune: {sparsity: 0.5}, cluster: {bits: 3}, huffman]")
    _ = try workspace.build("p")
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

  @Test("A decision over the model that moved is said with each tensor's share")
  func allocation() throws {
    try workspace.writePipeline("g", stages: "[prune: {sparsity: 0.5, scope: model}]")
    _ = try workspace.build("g")
    var model = SampleModel()
    model.change("a")
    try model.write(in: workspace)
    _ = try workspace.build("g")
    let explanation = try #require(Explanation(of: "g", in: Workspace(root: workspace.root)))
    let own: Set = ["the tensor's values changed in \(workspace.path("model.safetensors"))"]
    #expect(Set(explanation.actions.filter(\.ran).map(\.cause.root.description)) == own)
    let share = explanation.actions.first { $0.kind == .apply && $0.tensor == "b" && $0.ran }
    if let share { #expect(share.cause.kind == "allocation") }
    #expect(explanation.actions.first { $0.kind == .allocate }?.cause.kind == "input")
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
