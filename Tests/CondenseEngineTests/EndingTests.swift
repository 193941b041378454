import CondenseCodecs
import CondenseEngine
import CondenseStages
import CondenseStore
import CondenseTensors
import Foundation
import TestSupport
import Testing

/// Works on a tensor of two rows until it is told to end, and fails for others while it does.
private struct LongStage: Stage, ConfiguredStage {
  let began = Locked(false)
  var whenBegun: @Sendable () -> Void = {}

  var description: StageDescription { StageDescription(name: "long", version: 1, summary: "Takes long.") }
  var parameters: StageParameters { [:] }
  func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage { self }
  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm { input }

  func apply(_ input: EncodedTensor, allocation: Allocation?, run: StageRun) throws(StageError) -> StageResult {
    if input.shape.dimensions.first == 2 {
      began.withLock { $0 = true }
      whenBegun()
      throw wait { run.isCancelled() } ? .cancelled : StageError("nobody has told it to end")
    }
    throw StageError(wait { began.withLock { $0 } } ? "broken" : "the other did not begin")
  }

  private func wait(until holds: () -> Bool) -> Bool {
    let deadline = Date() + Double(longestWait)
    while !holds(), Date() < deadline { usleep(1000) }
    return holds()
  }
}

@Suite("Stages that still run when nothing more is begun")
struct EndingTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    // Too large to be handled together by one thread.
    let values = [Float](repeating: 1, count: 120_000)
    try workspace.writeModel([
      ("w1", Tensor(values, shape: [2, 60_000])), ("w2", Tensor(values, shape: [3, 40_000])),
    ])
    try workspace.writePipeline("first", stages: "[{long: {only: w1}}, huffman]")
  }

  @Test("A failure ends a stage that takes long, which is no failure of its own")
  func failure() throws {
    workspace.stages = StageRegistry(StageRegistry.builtIn.stages + [LongStage()])
    try workspace.writePipeline("second", stages: "[{long: {only: w2}}, huffman]")
    let report = try workspace.build().report
    #expect(
      report.pipelines.map(\.error) == [
        "not finished, since the build stopped at an earlier failure (--keep-going goes on)",
        "tensor 'w2': long: broken",
      ])
    #expect(report.pipelines.allSatisfy { $0.outputs.isEmpty })
  }

  @Test("A withdrawal ends it, and is all that is told")
  func withdrawn() throws {
    let withdrawal = Withdrawal()
    let stages = StageRegistry(StageRegistry.builtIn.stages + [LongStage(whenBegun: { withdrawal.withdraw() })])
    var request = BuildRequest(
      workspace: Workspace(root: workspace.root), files: [workspace.path("pipelines/first.yaml")], jobs: 2)
    request.withdrawal = withdrawal
    let store = workspace.store
    let result = Engine(stages: stages, formats: .builtIn, store: store).build(request)
    #expect(result.wasWithdrawn)
    #expect(result.report.pipelines.map(\.error) == ["not finished, since the build was withdrawn"])
  }
}
