import CondenseEngine
import CondenseFiles
import CondenseTensors
import Foundation
import TestSupport
import Testing

private enum Outcome { case nothing, writes, runs, fails, invalid }

/// What can happen between two builds, and what the second has to do about it.
private let changes: [(name: String, outcome: Outcome, change: @Sendable (TemporaryWorkspace) throws -> Void)] = [
  ("nothing", .nothing, { _ in }),
  ("a parameter", .runs, { try $0.writePipeline("a", stages: "[{cluster: {bits: 2}}, huffman]") }),
  (
    "a comment", .nothing,
    {
      try $0.write(
        try String(contentsOfFile: $0.path("pipelines/a.yaml"), encoding: .utf8) + "# x\n", to: "pipelines/a.yaml")
    }
  ),
  ("the model", .runs, { try $0.writeModel(seed: 2) }),
  ("the model's file, not its content", .nothing, { try $0.writeModel(seed: 1) }),
  (
    "an output that is deleted", .writes,
    { try FileManager.default.removeItem(atPath: $0.path("build/a.condensed")) }
  ),
  ("an output that somebody wrote to", .writes, { try $0.write("x", to: "build/a.condensed") }),
  ("a pipeline more", .runs, { try $0.writePipeline("c", stages: "[{cluster: {bits: 1}}]") }),
  ("a pipeline less", .nothing, { try FileManager.default.removeItem(atPath: $0.path("pipelines/b.yaml")) }),
  ("an invalid pipeline", .invalid, { try $0.writePipeline("b", stages: "[clutser]") }),
  ("a configuration", .fails, { try $0.write("defaults: {checks: {ratio: {min: 1000}}}", to: "condense.yaml") }),
  ("a model that is gone", .invalid, { try FileManager.default.removeItem(atPath: $0.path("model.safetensors")) }),
  (
    "another process's build", .nothing,
    { workspace in
      try workspace.writePipeline("a", stages: "[{cluster: {bits: 2}}, huffman]")
      let warm = workspace.warmState
      workspace.warmState = nil
      _ = try workspace.build()
      workspace.warmState = warm
    }
  ),
]

@Suite("A process that builds again and again") struct WarmStateTests {
  @Test("Whatever changes between its builds is noticed, also after builds of nothing", arguments: changes.indices)
  func noticed(index: Int) throws {
    let (name, outcome, change) = changes[index]
    let workspace = try TemporaryWorkspace()
    workspace.warmState = WarmState()
    try workspace.writeModel(seed: 1)
    try workspace.writePipeline("a", stages: "[{cluster: {bits: 3}}, huffman]")
    try workspace.write(
      "model: ../model.safetensors\noutputs: [../build/b.condensed]\nstages: [huffman]\n", to: "pipelines/b.yaml")
    // Files come to rest while they are built, so that later builds are of nothing.
    for _ in 0..<3 { #expect(try !workspace.build().hasInvalidInput) }
    try change(workspace)
    let result = try workspace.build(keepGoing: true)
    let wrote = result.report.pipelines.contains { $0.outputs.contains { $0.wasWritten } }
    switch outcome {
    case .nothing: #expect(result.report.actions.ran == 0 && !wrote && !result.hasInvalidInput, "\(name)")
    case .writes: #expect(result.report.actions.ran == 0 && wrote, "\(name)")
    case .runs: #expect(result.report.actions.ran > 0 && wrote, "\(name)")
    case .fails: #expect(result.report.pipelines.allSatisfy { $0.status == .failed }, "\(name)")
    case .invalid: #expect(result.hasInvalidInput, "\(name)")
    }
    let cold = try TemporaryWorkspace.clean(workspace)
    #expect(result.report.pipelines.map(\.name) == cold.report.pipelines.map(\.name), "\(name)")
    #expect(
      result.report.pipelines.flatMap(\.outputs).map(\.sha256)
        == cold.report.pipelines.flatMap(\.outputs).map(\.sha256), "\(name)")
  }
}

extension TemporaryWorkspace {
  fileprivate func writeModel(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    try writeModel([("w", try .randomWeights([8, 8], using: &random))])
  }

  /// The same workspace built by a process that knows nothing.
  fileprivate static func clean(_ workspace: TemporaryWorkspace) throws -> BuildResult {
    workspace.warmState = nil
    return try workspace.build(keepGoing: true, usesRecords: false)
  }
}
