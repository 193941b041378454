import CondenseEngine
import CondenseTensors
import TestSupport
import Testing

/// No action takes a whole model's tensor bytes: a decision over the model does not tie tensors together.
@Suite("A decision over the model")
struct ModelScopeTests {
  private static let tensorCount = 300

  private static func model() throws -> [(String, Tensor)] {
    var generator = SeededGenerator(seed: 42)
    return try (0..<tensorCount).map { ("layer\($0).weight", try .randomWeights([6, 8], using: &generator)) }
  }

  private static func workspace() throws -> TemporaryWorkspace {
    let workspace = try TemporaryWorkspace()
    try workspace.writePipeline("p", stages: "[{prune: {sparsity: 0.5, scope: model}}]")
    try workspace.writeModel(model())
    return workspace
  }

  @Test("One changed tensor of 300 runs its own measure and apply and the decision, and no other apply")
  func onlyOneApply() throws {
    let workspace = try Self.workspace()
    let first = try workspace.build().report
    #expect(first.actions.ran == 2 * Self.tensorCount + 1)
    let survivors = try workspace.tensors(of: "build/p.condensed").mapValues { Self.survivors($0) }

    // A dropped weight gets smaller still: another tensor, another summary, the same decision.
    var tensors = try Self.model()
    var values = tensors[17].1.floats ?? []
    let smallest = try #require(values.indices.min { abs(values[$0]) < abs(values[$1]) })
    values[smallest] /= 2
    tensors[17].1 = try Tensor(values, shape: [6, 8])
    try workspace.writeModel(tensors)
    let second = try workspace.build().report
    #expect(second.actions.ran == 3)
    #expect(second.actions.cached == first.actions.total - 3)
    let ran = second.pipelines[0].tensors.filter { $0.steps.contains(where: \.ran) }.map(\.name)
    #expect(ran == ["layer17.weight"])
    #expect(try workspace.tensors(of: "build/p.condensed").mapValues { Self.survivors($0) } == survivors)
  }

  @Test("A changed tensor that moves some shares runs those tensors and no others")
  func movedShares() throws {
    let workspace = try Self.workspace()
    _ = try workspace.build()
    let before = try workspace.tensors(of: "build/p.condensed").mapValues { Self.survivors($0) }
    var tensors = try Self.model()
    // All of one tensor's weights grow, so all of them stay, and others give way.
    tensors[17].1 = try Tensor((tensors[17].1.floats ?? []).map { $0 * 100 }, shape: [6, 8])
    try workspace.writeModel(tensors)
    let report = try workspace.build().report
    let after = try workspace.tensors(of: "build/p.condensed").mapValues { Self.survivors($0) }
    let moved = after.filter { before[$0.key] != $0.value }.keys.sorted()
    #expect(after["layer17.weight"] == 48)
    let total: Int = after.values.reduce(0, +)
    #expect(total == Self.tensorCount * 24)
    let ran = report.pipelines[0].tensors.filter { $0.steps.contains(where: \.ran) }.map(\.name).sorted()
    #expect(ran == moved)
    #expect(moved.count > 1 && moved.count < 60)
  }

  @Test("Tensors with parameters of their own are decided apart")
  func overrides() throws {
    let workspace = try TemporaryWorkspace()
    try workspace.writeModel(Array(Self.model().prefix(10)))
    try workspace.writePipeline(
      "p",
      stages: "[{prune: {sparsity: 0.5, scope: model, skip: layer9*, overrides: [{match: layer0*, sparsity: 0.25}]}}]")
    _ = try workspace.build()
    let survivors = try workspace.tensors(of: "build/p.condensed").mapValues { Self.survivors($0) }
    #expect(survivors["layer0.weight"] == 36)
    #expect(survivors["layer9.weight"] == 48)
    let total: Int = survivors.values.reduce(0, +)
    #expect(total == 276)
  }

  private static func survivors(_ tensor: Tensor) -> Int { (tensor.floats ?? []).count { $0 != 0 } }
}
