import CondenseEngine
import CondenseStages
import CondenseTensors
import Foundation
import Testing

@Suite("The worked example of CONTRIBUTING.md")
struct WorkedExampleTests {
  @Test("The guide shows the stage that these tests run")
  func guideShowsTheStage() throws {
    let here = URL(fileURLWithPath: #filePath)
    let root = (0..<4).reduce(here) { url, _ in url.deletingLastPathComponent() }
    let guide = try String(contentsOf: root.appending(path: "CONTRIBUTING.md"), encoding: .utf8)
    let stage = try String(
      contentsOf: here.deletingLastPathComponent().appending(path: "SignStage.swift"), encoding: .utf8)
    #expect(guide.contains("```swift\n" + stage + "```"))
  }

  @Test("A registered stage can be used in a pipeline, and is cached like the others")
  func stageOfOnesOwn() throws {
    let workspace = try TemporaryWorkspace()
    try workspace.writeModel([("w", Tensor([1, -2, 3], shape: [1, 3]))])
    try workspace.writePipeline("p", stages: "[sign, huffman]")
    let store = workspace.store
    let engine = Engine(
      stages: StageRegistry(StageRegistry.builtIn.stages + [SignStage()]), formats: .builtIn, store: store)
    let request = BuildRequest(
      workspace: Workspace(root: workspace.root), files: [workspace.path("pipelines/p.yaml")], jobs: 1)
    #expect(engine.build(request).report.actions.ran == 2)
    #expect(engine.build(request).report.actions.ran == 0)
    #expect(try workspace.tensors(of: "build/p.condensed")["w"]?.floats == [2, -2, 2])
  }
}
