import CondenseCodecs
import CondensePipelines
import CondenseTensors
import Foundation
import TestSupport
import Testing

@testable import CondenseEngine

@Suite("Pipelines made from other pipelines")
struct UpstreamTests {
  private static func workspace(_ files: [String: String]) throws -> TemporaryWorkspace {
    let workspace = try TemporaryWorkspace()
    var generator = SeededGenerator(seed: 7)
    try workspace.writeModel([
      ("a", .randomWeights([8, 16], using: &generator)), ("b", .randomWeights([4, 8], using: &generator)),
    ])
    for (name, text) in files { try workspace.write(text, to: "pipelines/\(name).yaml") }
    return workspace
  }

  private static let base =
    "model: ../model.safetensors\nstages: [{prune: {sparsity: 0.5}}, {cluster: {bits: 2}}, huffman]\noutputs: [../base.condensed]\n"

  private static func places(_ result: BuildResult) -> [String] {
    result.diagnostics.map { placed in
      let diagnostic = placed.diagnostic
      return
        "\((diagnostic.file as NSString).lastPathComponent):\(diagnostic.range?.start.line ?? 0):\(diagnostic.range?.start.column ?? 0): \(diagnostic.message)"
    }
  }

  @Test("A pipeline starts where a stage of another ends, shares its actions, and is measured against the source")
  func stage() throws {
    let workspace = try Self.workspace([
      "base": Self.base,
      "next":
        "model: {pipeline: base, stage: prune}\nstages: [{quantize: {dtype: int8}}, huffman]\noutputs: [../next.condensed]\n",
      "alone":
        "model: ../model.safetensors\nstages: [{prune: {sparsity: 0.5}}, {quantize: {dtype: int8}}, huffman]\noutputs: [../alone.condensed]\n",
    ])
    let result = try workspace.build("base", "next", "alone")
    #expect(result.diagnostics.isEmpty)
    #expect(result.report.pipelines.map(\.actions.total) == [6, 6, 6])
    #expect(result.report.pipelines.map(\.actions.ran) == [6, 4, 0])
    #expect(result.report.pipelines[1].stages.map(\.id) == ["base/prune", "quantize", "huffman"])
    #expect(try workspace.data("next.condensed") == workspace.data("alone.condensed"))
    let (next, alone) = (result.report.pipelines[1].metrics, result.report.pipelines[2].metrics)
    #expect(next == alone && (next?.density ?? 1) < 0.6)
  }

  @Test("Without a stage it is the last, and a coding at the end is left away")
  func lastStage() throws {
    let workspace = try Self.workspace([
      "base": Self.base,
      "next": "model: {pipeline: base}\nstages: [quantize, huffman]\noutputs: [../next.condensed]\n",
      "same":
        "model: ../model.safetensors\nstages: [{prune: {sparsity: 0.5}}, {cluster: {bits: 2}}, quantize, huffman]\noutputs: [../same.condensed]\n",
      "coded":
        "model: {pipeline: base, stage: huffman}\nstages: [{quantize: {from: model}}, huffman]\noutputs: [../coded.condensed, {path: ../raw.condensed, from: model}]\n",
      "lossless": "model: ../model.safetensors\nstages: [huffman]\noutputs: [../lossless.condensed]\n",
      "source": "model: {pipeline: lossless}\nstages: [huffman]\noutputs: [../source.condensed]\n",
    ])
    let result = try workspace.build()
    #expect(result.diagnostics.isEmpty && !result.hasInvalidInput)
    #expect(result.report.pipelines.allSatisfy { $0.status != .failed })
    for name in ["next", "coded"] {
      #expect(try workspace.data("\(name).condensed") == workspace.data("same.condensed"))
    }
    #expect(try workspace.data("source.condensed") == workspace.data("lossless.condensed"))
    let raw = try workspace.tensors(of: "raw.condensed"), base = try workspace.tensors(of: "base.condensed")
    #expect(raw == base)
  }

  @Test("Another pipeline is found in the workspace where it is not asked for, and is not published")
  func notAskedFor() throws {
    let workspace = try Self.workspace([
      "base": Self.base, "broken": "model: [",
      "middle": "model: {pipeline: base, stage: prune}\nstages: [{cluster: {bits: 3}}]\noutputs: [../m.condensed]\n",
      "next": "model: {pipeline: middle}\nstages: [quantize]\noutputs: [../next.condensed]\n",
    ])
    let result = try workspace.build("next")
    #expect(result.diagnostics.isEmpty)
    #expect(result.report.pipelines.map(\.name) == ["next"])
    #expect(result.report.pipelines[0].stages.map(\.id) == ["base/prune", "middle/cluster", "quantize"])
    #expect(!FileManager.default.fileExists(atPath: workspace.path("base.condensed")))
    let loaded = PipelineLoader(stages: .builtIn, formats: .builtIn, workspace: Workspace(root: workspace.root))
      .load([workspace.path("pipelines/next.yaml")])
    #expect(
      loaded.files.map { $0.dependencies.map(\.path) } == [
        ["condense", "pipelines/base", "pipelines/middle", "pipelines/next"].map { workspace.path("\($0).yaml") }
      ])
  }

  @Test("A build of a matrix is named with its values, which can be variables")
  func builds() throws {
    let workspace = try Self.workspace([
      "base":
        "model: ../model.safetensors\nmatrix: {bits: [2, 3]}\nstages: [{cluster: {bits: '${bits}'}}]\noutputs: ['../${name}.condensed']\n",
      "next":
        "matrix: {b: [3, 2]}\nmodel: {pipeline: 'base[bits=${b}]'}\nstages: [quantize]\noutputs: ['../${name}.condensed']\n",
    ])
    let result = try workspace.build()
    #expect(result.diagnostics.isEmpty)
    #expect(
      result.report.pipelines.suffix(2).map { $0.stages.map(\.id) } == [
        ["base[bits=3]/cluster", "quantize"], ["base[bits=2]/cluster", "quantize"],
      ])
  }

  @Test("Unknown pipelines and stages are reported with the nearest, at their place")
  func unknown() throws {
    let workspace = try Self.workspace([
      "base": Self.base, "empty": "stages: [huffman]\n",
      "a": "model: {pipeline: bsae}\nstages: [quantize]\noutputs: [../a.condensed]\n",
      "b": "model: {pipeline: base, stage: prnue}\nstages: [quantize]\noutputs: [../b.condensed]\n",
      "c": "model: {pipeline: empty}\nstages: [quantize]\noutputs: [../c.condensed]\n",
    ])
    #expect(
      Self.places(try workspace.build()) == [
        "a.yaml:1:19: unknown pipeline 'bsae'; did you mean 'base'?",
        "b.yaml:1:32: unknown stage of 'base' 'prnue'; did you mean 'prune'?",
        "c.yaml:1:19: 'empty' is a base: it has no outputs, so nothing is built of it",
      ])
  }

  @Test("A circle is one error with its path, and what leads into it is invalid")
  func circle() throws {
    let rest = "\nstages: [quantize]\noutputs: ['../${name}.condensed']\n"
    let workspace = try Self.workspace([
      "b": "model: {pipeline: c}" + rest, "c": "model: {pipeline: a}" + rest, "a": "\nmodel: {pipeline: b}" + rest,
      "d": "model: {pipeline: b}" + rest, "e": "model: {pipeline: e}" + rest,
    ])
    let result = try workspace.build("d", "e", "b", "a", "c")
    #expect(
      Self.places(result) == [
        "d.yaml:1:19: the pipeline 'b' has errors",
        "e.yaml:1:19: pipelines are made from each other in a circle: pipelines/e.yaml:1 → pipelines/e.yaml:1",
        "a.yaml:2:19: pipelines are made from each other in a circle: pipelines/a.yaml:2 → pipelines/b.yaml:1 → pipelines/c.yaml:1 → pipelines/a.yaml:2",
      ])
    #expect(result.report.pipelines.allSatisfy { $0.isInvalid })
    #expect(Set(Self.places(try workspace.build("d"))) == Set(Self.places(result).filter { !$0.hasPrefix("e") }))
  }

  @Test("A pipeline whose model has errors is invalid; what is wrong is shown in the other's file")
  func invalid() throws {
    let workspace = try Self.workspace([
      "base": Self.base.replacing("prune:", with: "prnue:"), "gone": Self.base.replacing("model.saf", with: "none.saf"),
      "a": "model: {pipeline: base}\nstages: [quantize]\noutputs: [../a.condensed]\n",
      "b": "model: {pipeline: gone}\nstages: [quantize]\noutputs: [../b.condensed]\n",
      "c": "model: {pipeline: ok}\nstages: [{prune: {sparsity: 1}}]\noutputs: [../c.condensed]\n",
      "ok": Self.base.replacing("base.cond", with: "ok.cond"),
      "d": "model: {pipeline: ok, stage: prune}\nstages: [huffman]\noutputs: [../model.safetensors]\n",
    ])
    let result = try workspace.build("a", "b", "c", "d")
    #expect(
      Self.places(result) == [
        "a.yaml:1:19: the pipeline 'base' has errors",
        "gone.yaml:1:8: there is no model '../none.safetensors' (looked for \(workspace.path("none.safetensors")))",
        "c.yaml:2:11: prune cannot follow cluster; put it before",
        "d.yaml:3:11: the output would replace the pipeline's own model",
        "base.yaml:2:11: unknown stage 'prnue'; did you mean 'prune'?",
      ])
    #expect(result.diagnostics.allSatisfy { $0.source?.file == $0.diagnostic.file })
  }

  @Test("Chains of pipelines are as long as files that extend each other may be, and no longer")
  func longChain() throws {
    let workspace = try Self.workspace([
      "p0": "model: ../model.safetensors\nstages: [huffman]\noutputs: ['../${name}.condensed']\n"
    ])
    for index in 1..<200 {
      try workspace.write(
        "model: {pipeline: p\(index - 1)}\nstages: [huffman]\noutputs: ['../${name}.condensed']\n",
        to: "pipelines/p\(index).yaml")
    }
    let result = try workspace.build()
    #expect(Self.places(result).contains("p32.yaml:1:19: more than 32 pipelines start from each other"))
    #expect(result.report.pipelines.count { !$0.isInvalid } == 32)
  }
}
