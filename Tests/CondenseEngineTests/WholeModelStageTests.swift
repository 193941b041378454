import CondenseCodecs
import CondenseEngine
import CondenseStages
import CondenseTensors
import Foundation
import Testing

/// Lowers all weights by the model's largest, and reports that.
private struct LowerStage: Stage, ConfiguredStage {
  var code = "1"

  var description: StageDescription {
    StageDescription(
      name: "lower", version: 1, summary: "Lowers weights by the largest.", scope: .model,
      metrics: [MetricDescription("peak", total: .max, "The largest weight.")],
      sources: [StageSource("lower.py", content: code)])
  }

  var parameters: StageParameters { [:] }
  func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage { self }
  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm { input }

  func transform(_ model: [NamedTensor], run: StageRun) throws(StageError) -> ModelResult {
    var values: [[Float]] = []
    for tensor in model { values.append(try Self.floats(tensor.tensor)) }
    let peak = values.joined().max() ?? 0
    let tensors = zip(model, values).map { tensor, values in
      var lowered = tensor.tensor
      lowered.payload = .elements(.plain(Bytes(elements: values.map { $0 - peak })))
      return lowered
    }
    return ModelResult(tensors, metrics: ["peak": Double(peak)])
  }

  static func floats(_ tensor: EncodedTensor) throws(StageError) -> [Float] {
    guard let expanded = try? tensor.expanded() else { throw StageError("the tensor cannot be expanded") }
    return expanded.bytes.elements(of: Float.self)
  }
}

/// Reports how many weights there are, by their names' first letters.
private struct CountStage: Stage, ConfiguredStage {
  var description: StageDescription {
    StageDescription(
      name: "count", version: 1, summary: "Counts weights.", scope: .evaluation,
      metrics: [MetricDescription("elements", total: .sum, "Weights whose name begins with w.")])
  }

  var parameters: StageParameters { [:] }
  func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage { self }
  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm { input }

  func transform(_ model: [NamedTensor], run: StageRun) throws(StageError) -> ModelResult {
    let counted = model.filter { $0.name.hasPrefix("w") }.reduce(0) { $0 + $1.tensor.shape.elementCount }
    return ModelResult([], metrics: ["elements": Double(counted)])
  }
}

@Suite("Stages that see a model as a whole")
struct WholeModelStageTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    workspace.stages = Self.stages(LowerStage())
    try writeModel([1, 2], [3, 8])
  }

  private static func stages(_ lower: LowerStage) -> StageRegistry {
    StageRegistry(StageRegistry.builtIn.stages + [lower, CountStage()])
  }

  private func writeModel(_ first: [Float], _ second: [Float], secondName: String = "w2") throws {
    try workspace.writeModel([
      ("w1", Tensor(first, shape: [1, 2])), (secondName, Tensor(second, shape: [1, 2])),
      ("bias", Tensor([5], shape: [1])),
    ])
  }

  private func report(_ result: BuildResult) throws -> PipelineReport { try #require(result.report.pipelines.first) }

  @Test("It transforms the tensors that it accepts, and what it reports is held to checks")
  func transform() throws {
    try workspace.writePipeline(
      "p", stages: "[lower, {cluster: {bits: 2}}, count, huffman]",
      more: "checks: {peak: {max: 10}, elements: {min: 4, max: 4}}")
    let first = try report(workspace.build())
    #expect(first.error == nil)
    #expect(first.stages.map(\.values) == [["peak": 8], [:], ["elements": 4], [:]])
    #expect(first.stages.map(\.actions.total) == [3, 2, 1, 3])
    let tensors = try workspace.tensors(of: "build/p.condensed")
    #expect(try tensors["w1"] == Tensor([-7, -6], shape: [1, 2]))
    #expect(try tensors["w2"] == Tensor([-5, 0], shape: [1, 2]))
    #expect(try tensors["bias"] == Tensor([5], shape: [1]))
    let again = try report(workspace.build(usesRecords: false))
    #expect(again.actions.ran == 0 && again.stages.map(\.values) == first.stages.map(\.values))
    #expect(try report(workspace.build()).stages.map(\.values) == first.stages.map(\.values))
  }

  @Test("A check on what a stage reports can keep the output from being published")
  func check() throws {
    try workspace.writePipeline("p", stages: "[lower, huffman]", more: "checks: {peak: {max: 7}}")
    #expect(try report(workspace.build()).error == "check failed: peak is 8, above max 7")
    #expect(!FileManager.default.fileExists(atPath: workspace.path("build/p.condensed")))
  }

  @Test("A check on what a stage reports binds the outputs that the stage leads to, and no other")
  func checkOfOneOutput() throws {
    func write(_ peak: String) throws {
      try workspace.write(
        """
        model: ../model.safetensors
        stages: [lower, {huffman: {id: lowered}}, {huffman: {id: plain, from: model}}]
        outputs: [{path: ../build/lowered.condensed, from: lowered}, {path: ../build/plain.condensed, from: plain}]
        checks: {peak: {max: \(peak)}, bytes: {min: 1}}
        """, to: "pipelines/p.yaml")
    }
    try write("8")
    let held = try report(workspace.build())
    #expect(held.error == nil)
    #expect(held.checks.map(\.metric) == ["peak", "bytes", "bytes"])
    #expect(held.checks.first?.output == workspace.path("build/lowered.condensed"))
    #expect(held.checks.first?.value == 8)
    try write("7")
    #expect(try report(workspace.build()).error == "check failed: peak is 8, above max 7")
  }

  @Test(
    "A check on what no stage reports that leads to an output fails",
    arguments: [
      // Nothing is made from it.
      "[{lower: {from: model}}, {huffman: {from: model}}]",
      // It acts on no tensor.
      "[{lower: {only: none*}}, huffman]",
    ], ["min: 1", "max: 100"])
  func checkOfNothing(_ stages: String, _ bound: String) throws {
    try workspace.writePipeline("p", stages: stages, more: "checks: {peak: {\(bound)}}")
    let report = try report(workspace.build())
    #expect(report.checks.map(\.held) == [false])
    #expect(report.error == "check failed: no stage that leads to the output reported peak")
    #expect(!FileManager.default.fileExists(atPath: workspace.path("build/p.condensed")))
  }

  @Test("A check on what no stage of the pipeline reports is an error at its place")
  func unknownMetric() throws {
    try workspace.writePipeline("p", stages: "[count, huffman]", more: "checks: {peak: {max: 7}}")
    let diagnostic = try #require(workspace.build().diagnostics.first?.diagnostic)
    #expect(diagnostic.message.hasPrefix("unknown metric 'peak'"))
    #expect(diagnostic.range?.start.line == 4)
  }

  @Test("Where a stage cannot be used, a check on what it may report is no error too")
  func unavailable() throws {
    workspace.stages.unavailable["tune"] = "it is broken"
    try workspace.writePipeline("p", stages: "[tune, huffman]", more: "checks: {loss: {max: 7}}")
    try workspace.writePipeline("q", stages: "[huffman]", more: "checks: {loss: {max: 7}}")
    let messages = try workspace.build(keepGoing: true).diagnostics.map(\.diagnostic.message)
    #expect(messages.count == 2 && messages[0] == "the stage 'tune' cannot be used: it is broken", "\(messages)")
    #expect(messages.last?.hasPrefix("unknown metric 'loss'") == true)
  }

  @Test("A tensor that comes out as it did stops the rebuild there, and why names the tensor that changed")
  func change() throws {
    try workspace.writePipeline("p", stages: "[lower, {cluster: {bits: 2}}, huffman]")
    _ = try workspace.build()
    // The largest weight is what it was.
    try writeModel([1, 2], [4, 8])
    let result = try report(workspace.build())
    #expect(result.stages.map(\.actions.ran) == [2, 1, 1])
    let explanation = try #require(Explanation(of: "p", in: Workspace(root: workspace.root)))
    let whole = try #require(explanation.actions.first { $0.kind == .transform })
    #expect(whole.cause.kind == "input" && whole.cause.change.name == "w2" && whole.cause.root.kind == "tensor")
    let taken = explanation.actions.filter { $0.stage == "lower" && $0.kind == .apply }
    #expect(taken.map(\.ran) == [false, true])
    // Now it is another.
    try writeModel([1, 2], [4, 10])
    #expect(try report(workspace.build()).stages.map(\.actions.ran) == [3, 2, 2])
    let other = try #require(Explanation(of: "p", in: Workspace(root: workspace.root)))
    #expect(other.actions.first { $0.tensor == "w1" }?.cause.kind == "model_changed")
  }

  @Test("Another name of a tensor is another model to the stage, and to no other")
  func name() throws {
    try workspace.writePipeline("p", stages: "[lower, {cluster: {bits: 2}}, count, huffman]")
    _ = try workspace.build()
    try writeModel([1, 2], [3, 8], secondName: "v2")
    let result = try report(workspace.build())
    #expect(result.stages.map(\.actions.ran) == [1, 0, 1, 0])
    #expect(result.stages[2].values == ["elements": 2])
  }

  @Test("Other code runs exactly what it made again, and why names the file")
  func code() throws {
    try workspace.writePipeline("p", stages: "[lower, huffman]")
    try workspace.writePipeline("q", stages: "[{cluster: {bits: 2}}, huffman]")
    _ = try workspace.build()
    workspace.stages = Self.stages(LowerStage(code: "2"))
    let result = try workspace.build()
    #expect(result.report.pipelines.map { $0.stages.map(\.actions.ran) } == [[3, 0], [0, 0]])
    let explanation = try #require(Explanation(of: "p", in: Workspace(root: workspace.root)))
    #expect(explanation.actions.first?.cause == .stageSource(name: "lower.py"))
  }

  @Test("What the store has lost of it is made again")
  func lost() throws {
    // Large enough to be a file of its own.
    let values = (0..<40_000).map { Float($0) }
    try workspace.writeModel([("w1", Tensor(values, shape: [200, 200])), ("w2", Tensor([3, 8], shape: [1, 2]))])
    try workspace.writePipeline("p", stages: "[lower, huffman]")
    _ = try workspace.build()
    try FileManager.default.removeItem(atPath: workspace.store.root + "/objects")
    try workspace.writePipeline("p", stages: "[lower, {cluster: {bits: 2}}, huffman]")
    let result = try report(workspace.build())
    #expect(result.error == nil)
    // The whole again, for the sake of what follows; what is taken from it is there then.
    #expect(result.stages.map(\.actions.ran) == [1, 2, 2])
  }
}
