import CondenseEngine
import CondenseModels
import CondenseTensors
import Foundation
import TestSupport
import Testing

@Suite("Pipelines of which nothing has changed")
struct UpToDateTests {
  private let workspace: TemporaryWorkspace
  private let format = CountingFormat()
  private var formats: ModelFormats { ModelFormats([format, CondensedFormat()]) }

  /// Three pipelines over one model, two of which share their first stage.
  init() throws {
    workspace = try TemporaryWorkspace()
    try writeModel(seed: 1)
    try workspace.writePipeline("a", stages: "[prune: {sparsity: 0.5}, huffman]", more: "checks: {ratio: {min: 0.1}}")
    try workspace.writePipeline("b", stages: "[prune: {sparsity: 0.5}, cluster: {bits: 2}]", output: "safetensors")
    try workspace.writePipeline("c", stages: "[quantize: {dtype: int8}]")
  }

  private func writeModel(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    try workspace.writeModel(
      try ["x", "y"].map { ($0, try Tensor.randomWeights([6, 9], using: &random)) }
        + [("bias", try Tensor([1, 2, 3]))])
  }

  private func build(usesRecords: Bool = true) throws -> BuildResult {
    try workspace.build(formats: formats, usesRecords: usesRecords)
  }

  @Test("They are neither opened nor planned, and the report is the same as if they had been")
  func sameReport() throws {
    let first = try build()
    #expect(first.report.actions.ran == 9 && first.report.actions.total == 9)
    let planned = try build(usesRecords: false).report
    let opens = format.openCount
    let passedOver = try build().report
    #expect(format.openCount == opens)
    #expect(passedOver.pipelines == planned.pipelines)
    #expect(passedOver.actions == planned.actions)
    #expect(passedOver.pipelines.map(\.actions.total) == [5, 4, 2] && passedOver.actions.total == 9)
  }

  @Test("One that changed is planned, the others are passed over, and counts are as if all had been planned")
  func oneChanged() throws {
    _ = try build()
    try workspace.writePipeline("c", stages: "[quantize: {dtype: int4}]")
    let opens = format.openCount
    let result = try build()
    #expect(format.openCount == opens + 1)
    #expect(result.report.pipelines.map(\.status) == [.cached, .cached, .built])
    #expect(result.report.actions.ran == 2 && result.report.actions.cached == 7 && result.report.actions.total == 9)
    try workspace.writePipeline("c", stages: "[prune: {sparsity: 0.5}]")
    let shared = try build().report
    #expect(shared.actions.total == 7 && shared.actions.cached == 7, "its actions are those of the others")
  }

  @Test("A touched pipeline, output or base is still the same", arguments: ["pipelines/a.yaml", "build/a.condensed"])
  func touched(file: String) throws {
    _ = try build()
    let opens = format.openCount
    for seconds in [-100.0, 100] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: seconds)], ofItemAtPath: workspace.path(file))
      #expect(try build().report.actions.ran == 0)
    }
    #expect(format.openCount == opens)
  }

  @Test("An output that was edited, or is gone, is published again without running anything", arguments: [true, false])
  func damagedOutput(isGone: Bool) throws {
    _ = try build()
    let intact = try workspace.data("build/a.condensed")
    if isGone {
      try FileManager.default.removeItem(atPath: workspace.path("build/a.condensed"))
    } else {
      var edited = intact
      edited[edited.count - 1] ^= 1
      try edited.write(to: URL(fileURLWithPath: workspace.path("build/a.condensed")))
    }
    let result = try build()
    #expect(result.report.actions.ran == 0)
    #expect(result.report.pipelines[0].outputs[0].wasWritten)
    #expect(try workspace.data("build/a.condensed") == intact)
  }

  @Test("A changed model is noticed, whatever its times say")
  func changedModel() throws {
    _ = try build()
    let path = workspace.path("model.safetensors")
    let times = try FileManager.default.attributesOfItem(atPath: path)
    try writeModel(seed: 2)
    try FileManager.default.setAttributes([.modificationDate: times[.modificationDate] as Any], ofItemAtPath: path)
    #expect(try build().report.actions.ran == 8, "all but the bias's")
  }

  @Test("Pipelines built one at a time that publish one file are refused when they are built together")
  func conflict() throws {
    try workspace.writePipeline("d", stages: "[huffman]")
    try workspace.write(
      try String(contentsOfFile: workspace.path("pipelines/d.yaml"), encoding: .utf8), to: "pipelines/e.yaml")
    for name in ["d", "e", "e"] { #expect(try !workspace.build(name).hasInvalidInput) }
    let both = try workspace.build("d", "e")
    #expect(both.hasInvalidInput)
    #expect(both.diagnostics.count == 2, "at both places")
    #expect(try workspace.build("d").report.pipelines.map(\.status) == [.cached])
  }

  @Test("A pipeline with a warning is warned of each time")
  func warnings() throws {
    try workspace.writePipeline(
      "d", stages: "[prune: {sparsity: 0.5}, {quantize: {from: model, dtype: int8}}]", output: "condensed")
    for _ in 0..<3 { #expect(try workspace.build("d").diagnostics.map(\.diagnostic.severity) == [.warning]) }
  }

  @Test("An edit is never missed, however soon the next build follows")
  func editAtOnce() throws {
    _ = try build()
    for round in 0..<100 {
      let bits = 1 + round % 2
      try workspace.writePipeline("b", stages: "[cluster: {bits: \(bits)}]", output: "safetensors")
      _ = try workspace.build("b")
      let values = Set(try workspace.tensors(of: "build/b.safetensors")["x"]?.floats ?? [])
      #expect(values.count == 1 << bits, "round \(round)")
    }
  }

  @Test("Damage to the records costs work, never a wrong result")
  func damagedRecords() throws {
    _ = try build()
    let outputs = try ["build/a.condensed", "build/b.safetensors"].map { try workspace.data($0) }
    let path = workspace.path(".condense/v1/pipelines")
    let intact = try Data(contentsOf: URL(fileURLWithPath: path))
    var random = SeededGenerator(seed: 11)
    for round in 0..<60 {
      var damaged = intact
      switch round % 3 {
      case 0: damaged[Int.random(in: 0..<damaged.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: damaged = damaged.prefix(Int.random(in: 0..<damaged.count, using: &random))
      default: damaged.append(contentsOf: [UInt8](repeating: 0xFF, count: Int.random(in: 1..<20, using: &random)))
      }
      try damaged.write(to: URL(fileURLWithPath: path))
      let report = try build().report
      #expect(report.actions.ran == 0 && report.actions.total == 9, "round \(round), seed 11")
      #expect(report.pipelines.allSatisfy { $0.error == nil })
    }
    #expect(try ["build/a.condensed", "build/b.safetensors"].map { try workspace.data($0) } == outputs)
  }
}
