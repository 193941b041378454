import CondenseEngine
import CondenseFiles
import Foundation
import Testing

@testable import CondenseDaemon

@Suite("A daemon and changes to pipelines") struct PipelineChangeTests {
  @Test("A pipeline that is dropped into the folder is built, as a clean build would") func dropped() async throws {
    try await withDaemon(DaemonWorkspace()) { daemon in
      try daemon.workspace.writePipeline("digits")
      try daemon.waitUntilWell("digits")
      try daemon.waitForCleanOutputs()
      let state = try #require(daemon.state("digits"))
      #expect(state.report.actions.ran == 2)
      #expect(state.build == daemon.workspace.builds().last?.build)
      #expect(daemon.builtCount("digits") == 1)
    }
  }

  @Test("An edited last stage runs again, and nothing before it") func lastStage() async throws {
    try await withDaemon(DaemonWorkspace()) { daemon in
      try daemon.workspace.writePipeline("digits", "[{prune: {sparsity: 0.5}}, {cluster: {bits: 2}}]")
      try daemon.waitUntilWell("digits")
      try daemon.workspace.writePipeline("digits", "[{prune: {sparsity: 0.5}}, {cluster: {bits: 3}}]")
      try daemon.waitForCleanOutputs()
      let stages = try #require(daemon.state("digits")).report.stages
      #expect(stages.map(\.actions.ran) == [0, 2])
    }
  }

  @Test("A removed pipeline is served no more, and its output stays") func removed() async throws {
    let workspace = try DaemonWorkspace()
    for name in ["a", "b", "c"] { try workspace.writePipeline(name) }
    try await withDaemon(workspace) { daemon in
      #expect(daemon.service.pipelines.names == ["a", "b", "c"])
      let output = try workspace.output("b")
      try workspace.remove("pipelines/b.yaml")
      try daemon.wait(for: "it to be gone") { daemon.removals() == ["b"] }
      #expect(daemon.service.pipelines.names == ["a", "c"])
      #expect(daemon.state("b") == nil)
      #expect(try workspace.output("b") == output)
    }
  }

  @Test("An invalid file shows where it is wrong and leaves the last good output; mending it recovers")
  func invalid() async throws {
    let workspace = try DaemonWorkspace()
    try workspace.writePipeline("digits")
    try await withDaemon(workspace) { daemon in
      let output = try workspace.output("digits")
      try workspace.write(
        "model: ../model.safetensors\nstages:\n  - prune: {sparsity: 7}\noutputs: [../build/digits.condensed]\n",
        to: "pipelines/digits.yaml")
      try daemon.waitForError("digits")
      let state = try #require(daemon.state("digits"))
      #expect(state.report.isInvalid)
      #expect(try #require(state.report.error).contains("pipelines/digits.yaml:3:"))
      #expect(try #require(state.diagnostics.first).contains("pipelines/digits.yaml:3:"))
      #expect(try workspace.output("digits") == output)
      // It is told and logged once, however often it is found again.
      try workspace.write("stages: []\n", to: "pipelines/digits.yaml.swp")
      daemon.service.sweep()
      try daemon.settle()
      #expect(daemon.errors("digits").count == 1)
      #expect(workspace.builds().map(\.outcome) == [.done, .invalid])
      try workspace.writePipeline("digits")
      try daemon.waitUntilWell("digits")
      #expect(daemon.state("digits")?.diagnostics == [])
      try workspace.writePipeline("digits", "[{prune: {sparsity: 0.25}}]")
      try daemon.waitUntilWell("digits")
      try daemon.waitForCleanOutputs()
    }
  }

  @Test("A base that is edited rebuilds what extends it, and nothing else; one that is missing is waited for")
  func base() async throws {
    let workspace = try DaemonWorkspace()
    try workspace.write("stages: [{prune: {sparsity: 0.5}}]\nmodel: ../model.safetensors\n", to: "bases/base.yaml")
    for name in ["a", "b"] {
      try workspace.write(
        "extends: ../bases/base.yaml\noutputs: [../build/\(name).condensed]\n", to: "pipelines/\(name).yaml")
    }
    try workspace.writePipeline("other")
    try await withDaemon(workspace) { daemon in
      #expect(daemon.service.pipelines.byName.values.allSatisfy { $0.report.error == nil })
      let before = ["a", "b", "other"].map { daemon.builtCount($0) }
      try workspace.write("stages: [{prune: {sparsity: 0.75}}]\nmodel: ../model.safetensors\n", to: "bases/base.yaml")
      try daemon.waitForCleanOutputs()
      #expect(["a", "b", "other"].map { daemon.builtCount($0) } == [before[0] + 1, before[1] + 1, before[2]])
      let output = try workspace.output("a")
      try workspace.remove("bases")
      try daemon.waitForError("a")
      #expect(try workspace.output("a") == output)
      try workspace.write("stages: [{prune: {sparsity: 0.25}}]\nmodel: ../model.safetensors\n", to: "bases/base.yaml")
      try daemon.waitUntilWell("a")
      try daemon.waitForCleanOutputs()
    }
  }

  @Test("A pipelines folder that is made later is served") func laterFolder() async throws {
    try await withDaemon(DaemonWorkspace(pipelinesFolder: false)) { daemon in
      try daemon.workspace.writePipeline("digits")
      try daemon.waitUntilWell("digits")
      try daemon.workspace.remove("pipelines")
      try daemon.wait(for: "it to be gone") { daemon.removals() == ["digits"] }
      try daemon.workspace.writePipeline("digits", "[{prune: {sparsity: 0.75}}]")
      try daemon.waitForCleanOutputs()
      #expect(daemon.state("digits")?.report.error == nil)
    }
  }

  @Test("A new folder with pipelines in it is served, and one that was moved away is not") func folders() async throws {
    try await withDaemon(DaemonWorkspace()) { daemon in
      let workspace = daemon.workspace
      try workspace.writePipeline("inner", model: "../../model.safetensors")
      try FileSystem.makeFolders(workspace.path("elsewhere"))
      try FileManager.default.moveItem(
        atPath: workspace.path("pipelines/inner.yaml"), toPath: workspace.path("elsewhere/inner.yaml"))
      try daemon.settle()
      try FileManager.default.moveItem(
        atPath: workspace.path("elsewhere"), toPath: workspace.path("pipelines/elsewhere"))
      try daemon.waitUntilWell("inner")
      try FileManager.default.moveItem(
        atPath: workspace.path("pipelines/elsewhere"), toPath: workspace.path("elsewhere"))
      try daemon.wait(for: "it to be gone") { daemon.service.pipelines.names == [] }
    }
  }

  @Test("A broken condense.yaml is shown and keeps what is served; mended, it holds") func configuration() async throws
  {
    let workspace = try DaemonWorkspace()
    try workspace.writePipeline("digits")
    try workspace.write(
      "model: ../model.safetensors\nstages: [{prune: {sparsity: 0.5}}]\noutputs: [../build/more.condensed]\n",
      to: "more/more.yaml")
    try await withDaemon(workspace) { daemon in
      try workspace.write("pipelines: [\n", to: "condense.yaml")
      try daemon.wait(for: "the problem to show") { !daemon.service.pipelines.problems.isEmpty }
      #expect(try #require(daemon.service.pipelines.problems.first).contains("condense.yaml:"))
      #expect(daemon.service.pipelines.names == ["digits"])
      // Nor is anything built for whoever asks.
      let sink = CollectingSink()
      #expect(try daemon.build(sink: sink) == .invalidInput)
      #expect(try #require(sink.notes.first).contains("condense.yaml:"))
      #expect(sink.results == [])
      try workspace.write("pipelines: [pipelines, more]\n", to: "condense.yaml")
      try daemon.waitUntilWell("more")
      #expect(daemon.service.pipelines.problems == [])
      #expect(daemon.service.pipelines.names == ["digits", "more"])
      try workspace.write("pipelines: [more]\n", to: "condense.yaml")
      try daemon.wait(for: "it to be gone") { daemon.removals() == ["digits"] }
      try workspace.remove("condense.yaml")
      try daemon.wait(for: "the folder by default") { daemon.service.pipelines.names == ["digits"] }
    }
  }

  @Test("Two files with one name are both said to be wrong, and right again when one has another") func clash()
    async throws
  {
    let workspace = try DaemonWorkspace()
    try workspace.writePipeline("a")
    try await withDaemon(workspace) { daemon in
      try workspace.writePipeline("b", more: "name: a")
      try daemon.waitForError("a")
      #expect(daemon.service.pipelines.names == ["a"])
      try workspace.writePipeline("b")
      try daemon.wait(for: "both") { daemon.service.pipelines.names == ["a", "b"] }
      try daemon.settle()
      #expect(daemon.service.pipelines.byName.values.allSatisfy { $0.report.error == nil })
    }
  }

  @Test("What somebody else has built meanwhile shows, and a pipeline from elsewhere of the same name does not")
  func builtByOthers() async throws {
    let workspace = try DaemonWorkspace()
    try workspace.writePipeline("digits")
    try workspace.writePipeline("other")
    try await withDaemon(workspace) { daemon in
      let before = try #require(daemon.state("digits")?.report.outputs.first?.sha256)
      // As another process would, while the daemon has not heard of it.
      try workspace.writePipeline("digits", "[{prune: {sparsity: 0.75}}]")
      _ = try daemon.build([workspace.path("pipelines/digits.yaml")])
      try daemon.settle()
      let after = try #require(daemon.state("digits")?.report.outputs.first?.sha256)
      #expect(after != before)
      try workspace.write(
        "model: ../model.safetensors\nstages: [{prune: {sparsity: 0.1}}]\noutputs: [../build/elsewhere.condensed]\n",
        to: "elsewhere/digits.yaml")
      _ = try daemon.build([workspace.path("elsewhere/digits.yaml")])
      #expect(daemon.state("digits")?.report.file == workspace.path("pipelines/digits.yaml"))
      #expect(daemon.state("digits")?.report.outputs.first?.sha256 == after)
    }
  }
}
