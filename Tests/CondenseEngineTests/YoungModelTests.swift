import CondenseEngine
import CondenseFiles
import CondenseStages
import CondenseTensors
import Foundation
import TestSupport
import Testing

@Suite("Models that are on their way")
struct YoungModelTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    try workspace.writeModel([("w", try Tensor([1, -2, 3, -4], shape: [2, 2]))])
    try workspace.writePipeline("whole", stages: "[{prune: {sparsity: 0.5}}]")
    try workspace.write(
      "model: ../half.safetensors\nstages: [{prune: {sparsity: 0.5}}]\noutputs: [../build/half.condensed]\n",
      to: "pipelines/half.yaml")
    try workspace.data("model.safetensors").dropLast(3).write(
      to: URL(fileURLWithPath: workspace.path("half.safetensors")))
  }

  private func build(patience: Double?) -> BuildResult {
    let place = Workspace(root: workspace.root)
    var request = BuildRequest(workspace: place, files: place.allPipelines().files, jobs: 1, keepGoing: true)
    request.patienceWithModels = patience
    request.reportsInputs = true
    let store = workspace.store
    return Engine(stages: workspace.stages, formats: .builtIn, store: store).build(request)
  }

  @Test("A build with patience leaves them out, tells when to look again, and what they rest on")
  func leftOut() throws {
    let result = build(patience: 1000)
    #expect(result.report.pipelines.map(\.name) == ["whole"])
    #expect(!result.hasInvalidInput && result.diagnostics.isEmpty)
    let half = workspace.path("pipelines/half.yaml")
    let wait = try #require(result.waiting[half])
    #expect(result.waiting.count == 1 && wait > 0 && wait <= 1000)
    #expect(result.inputs[half]?.contains(workspace.path("half.safetensors")) == true)
  }

  @Test("Without patience, or once they are old, they are what they are", arguments: [nil, 1000.0])
  func old(patience: Double?) throws {
    let long = Date(timeIntervalSinceNow: patience == nil ? 0 : -2000)
    try FileManager.default.setAttributes(
      [.modificationDate: long], ofItemAtPath: workspace.path("half.safetensors"))
    let result = build(patience: patience)
    #expect(result.waiting.isEmpty && result.hasInvalidInput)
    #expect(result.report.pipelines.map(\.name) == ["half", "whole"])
    #expect(result.report.pipelines.first?.error?.contains("the model cannot be read") == true)
  }

  @Test("A model that is not there, or from the future, is not waited for", arguments: [true, false])
  func notWaited(isMissing: Bool) throws {
    let path = workspace.path("half.safetensors")
    if isMissing {
      try FileSystem.remove(path)
    } else {
      try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: 5000)], ofItemAtPath: path)
    }
    let result = build(patience: 1000)
    #expect(result.waiting.isEmpty && result.hasInvalidInput)
  }

  @Test("What a sharded model that lacks a part rests on is its folder")
  func shards() throws {
    try FileSystem.makeFolders(workspace.path("parts"))
    try workspace.write("{\"weight_map\": {\"w\": \"model-1.safetensors\"}}", to: "parts/m.safetensors.index.json")
    try workspace.write(
      "model: ../parts/m.safetensors.index.json\nstages: [{prune: {sparsity: 0.5}}]\noutputs: [../build/half.condensed]\n",
      to: "pipelines/half.yaml")
    let inputs = build(patience: nil).inputs[workspace.path("pipelines/half.yaml")] ?? []
    #expect(inputs.isSuperset(of: [workspace.path("parts"), workspace.path("parts/m.safetensors.index.json")]))
  }
}
