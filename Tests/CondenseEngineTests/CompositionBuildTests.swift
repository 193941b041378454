import CondenseCodecs
import CondensePipelines
import CondenseTensors
import Foundation
import TestSupport
import Testing

@testable import CondenseEngine

@Suite("Building several from one file")
struct CompositionBuildTests {
  private static func workspace() throws -> TemporaryWorkspace {
    let workspace = try TemporaryWorkspace()
    var generator = SeededGenerator(seed: 3)
    try workspace.writeModel([("w", .randomWeights([8, 16], using: &generator))])
    return workspace
  }

  @Test("A matrix builds each combination and reports each, and stages that do not depend on an axis run once")
  func matrix() throws {
    let workspace = try Self.workspace()
    try workspace.write(
      """
      model: ../model.safetensors
      matrix: {bits: [1, 2]}
      stages: [{prune: {sparsity: 0.5}}, {cluster: {bits: "${bits}"}}]
      outputs: ["../build/${name}.condensed"]
      """, to: "pipelines/p.yaml")
    let result = try workspace.build()
    #expect(result.diagnostics.isEmpty)
    #expect(result.report.pipelines.map(\.name) == ["p[bits=1]", "p[bits=2]"])
    #expect(result.report.pipelines.map(\.status) == [.built, .built])
    #expect(result.report.actions.ran == 3)
    #expect(result.report.pipelines.map(\.actions.ran) == [2, 1])
    let outputs = result.report.pipelines.flatMap(\.outputs).map { ($0.path as NSString).lastPathComponent }
    #expect(outputs == ["p[bits=1].condensed", "p[bits=2].condensed"])
  }

  @Test("All builds of an invalid file are invalid, and other files are built")
  func invalid() throws {
    let workspace = try Self.workspace()
    try workspace.write(
      "model: ../model.safetensors\nmatrix: {bits: [1, 99]}\nstages: [{cluster: {bits: '${bits}'}}]\noutputs: ['../${name}.condensed']\n",
      to: "pipelines/a.yaml")
    try workspace.writePipeline("b", stages: "[huffman]")
    let result = try workspace.build()
    #expect(result.hasInvalidInput)
    #expect(result.report.pipelines.map(\.name) == ["a[bits=1]", "a[bits=99]", "b"])
    #expect(result.report.pipelines.map(\.status) == [.failed, .failed, .built])
    #expect(result.report.pipelines.map(\.isInvalid) == [true, true, false])
    let diagnostic = try #require(result.diagnostics.first?.diagnostic)
    #expect(result.diagnostics.count == 1 && diagnostic.range?.start == SourcePosition(line: 3, column: 27))
    #expect(diagnostic.notes.map(\.message) == ["bits is '99' here"])
  }

  @Test("Builds that publish one path are told how to tell their outputs apart")
  func clash() throws {
    let workspace = try Self.workspace()
    let text =
      "model: ../model.safetensors\nmatrix: {bits: [1, 2, 3]}\nstages: [{cluster: {bits: '${bits}'}}]\noutputs: [../o.condensed]\n"
    try workspace.write(text, to: "pipelines/a.yaml")
    let result = try workspace.build()
    #expect(
      result.diagnostics.map(\.diagnostic.message) == [
        "two outputs are written to 'o.condensed' by 'a[bits=1]' and 'a[bits=2]'; put ${name}, ${model} or a variable of the matrix into the path"
      ])
    #expect(result.report.pipelines.allSatisfy { $0.isInvalid })
  }

  @Test("An error that several pipelines inherit is shown once, with the base's line, and all of them are invalid")
  func inherited() throws {
    let workspace = try Self.workspace()
    try workspace.write("model: ../model.safetensors\nstages: [prnue]\n", to: "pipelines/base.yaml")
    for name in ["a", "b", "c"] {
      try workspace.write("extends: base.yaml\noutputs: [../\(name).condensed]\n", to: "pipelines/\(name).yaml")
    }
    let result = try workspace.build("a", "b", "c")
    #expect(result.diagnostics.map(\.diagnostic.message) == ["unknown stage 'prnue'; did you mean 'prune'?"])
    #expect(result.diagnostics.first?.diagnostic.file == workspace.path("pipelines/base.yaml"))
    #expect(result.diagnostics.first?.source?.line(2) == "stages: [prnue]")
    #expect(result.report.pipelines.map(\.isInvalid) == [true, true, true])
    // Two outputs that are inherited from one place are one error too.
    try workspace.write(
      "model: ../model.safetensors\nstages: [huffman]\noutputs: [o.condensed]\n", to: "pipelines/base.yaml")
    for name in ["a", "b", "c"] { try workspace.write("extends: base.yaml\n", to: "pipelines/\(name).yaml") }
    let clash = try workspace.build("a", "b", "c")
    #expect(clash.diagnostics.count == 1)
    #expect(clash.report.pipelines.map(\.isInvalid) == [true, true, true])
  }

  @Test("What a file's builds depend on is told: the file, and all that it extends, there or not")
  func inputs() throws {
    let workspace = try Self.workspace()
    try workspace.write("extends: base.yaml\noutputs: [o.condensed]\n", to: "pipelines/a.yaml")
    try workspace.write("extends: ../none.yaml\n", to: "pipelines/base.yaml")
    let loaded = PipelineLoader(stages: .builtIn, formats: .builtIn, workspace: Workspace(root: workspace.root))
      .load([workspace.path("pipelines/a.yaml")])
    #expect(
      loaded.files.map { $0.dependencies.map(\.path) } == [
        ["condense.yaml", "none.yaml", "pipelines/a.yaml", "pipelines/base.yaml"].map { workspace.path($0) }
      ])
    #expect(loaded.files.map(\.isValid) == [false])
  }
}

@Suite("Building every model that a pattern names")
struct ModelPatternTests {
  private static func workspace(models: [String]) throws -> TemporaryWorkspace {
    let workspace = try TemporaryWorkspace()
    try FileManager.default.createDirectory(
      atPath: workspace.path("models"), withIntermediateDirectories: true)
    var generator = SeededGenerator(seed: 5)
    for model in models {
      try workspace.writeModel(
        [("w", .randomWeights([8, 16], using: &generator))], to: "models/\(model).safetensors")
    }
    return workspace
  }

  private static let text =
    "model: ../models/*.safetensors\nstages: [huffman]\noutputs: ['../build/${model}.condensed']\n"

  @Test("One build a match; a match that is added or removed is a build more or less")
  func matches() throws {
    let workspace = try Self.workspace(models: ["a", "b"])
    try workspace.write(Self.text, to: "pipelines/p.yaml")
    #expect(try workspace.build().report.pipelines.map(\.name) == ["p[a]", "p[b]"])
    var generator = SeededGenerator(seed: 6)
    try workspace.writeModel([("w", .randomWeights([4, 4], using: &generator))], to: "models/aa.safetensors")
    let added = try workspace.build()
    #expect(added.report.pipelines.map(\.name) == ["p[a]", "p[aa]", "p[b]"])
    #expect(added.report.pipelines.map(\.status) == [.cached, .built, .cached])
    try FileManager.default.removeItem(atPath: workspace.path("models/a.safetensors"))
    #expect(try workspace.build().report.pipelines.map(\.name) == ["p[aa]", "p[b]"])
  }

  @Test("The folders that were searched are among what a file's builds rest on, and show a match that comes or goes")
  func dependencies() throws {
    let workspace = try Self.workspace(models: ["a"])
    try workspace.write(Self.text, to: "pipelines/p.yaml")
    func dependencies() -> [TrackedFile] {
      PipelineLoader(stages: .builtIn, formats: .builtIn, workspace: Workspace(root: workspace.root))
        .load([workspace.path("pipelines/p.yaml")]).files.flatMap(\.dependencies)
    }
    let before = dependencies()
    #expect(before.map(\.path) == ["condense.yaml", "models", "pipelines/p.yaml"].map { workspace.path($0) })
    #expect(before.map { $0.identity == nil } == [true, false, false])
    #expect(before.map { $0.sha256 == nil } == [true, true, false])
    try workspace.write("", to: "models/b.safetensors")
    try workspace.write("", to: "condense.yaml")
    let after = dependencies()
    #expect(after[0].identity != nil)
    #expect(after[1].identity != before[1].identity)
    #expect(after[2].identity == before[2].identity)
  }

  @Test("No match is an error at the model, and so is what keeps a folder from being searched")
  func noMatch() throws {
    let workspace = try Self.workspace(models: [])
    try workspace.write(Self.text, to: "pipelines/p.yaml")
    let result = try workspace.build()
    #expect(result.hasInvalidInput)
    #expect(
      result.diagnostics.map(\.diagnostic.message) == [
        "no model matches '../models/*.safetensors' (looked for \(workspace.path("models/*.safetensors")))"
      ])
    #expect(result.diagnostics.first?.diagnostic.range?.start == SourcePosition(line: 1, column: 8))
    #expect(result.report.pipelines.map(\.name) == ["p"])
  }

  @Test("Outputs that the pattern takes for models are refused before they are built again and again")
  func replacedModels() throws {
    let workspace = try Self.workspace(models: ["a"])
    try workspace.write(
      Self.text.replacing("../build/${model}.condensed", with: "../models/${model}-small.safetensors"),
      to: "pipelines/p.yaml")
    #expect(try workspace.build().report.pipelines.map(\.status) == [.built])
    let again = try workspace.build()
    #expect(
      again.diagnostics.map(\.diagnostic.message) == [
        "the output would replace the model of 'p[a-small]'; write it where the pattern does not look"
      ])
    #expect(again.report.pipelines.allSatisfy { $0.isInvalid })
  }

  @Test("Models of one name give builds of one name, which is an error that names it")
  func sameNames() throws {
    let workspace = try Self.workspace(models: ["a"])
    try FileManager.default.createDirectory(atPath: workspace.path("models/s"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: workspace.path("models/a.safetensors"), toPath: workspace.path("models/s/a.safetensors"))
    try workspace.write(Self.text.replacing("*.", with: "**/*."), to: "pipelines/p.yaml")
    #expect(
      try workspace.build().diagnostics.map(\.diagnostic.message).first
        == "two builds are named 'p[a]'; the models' files need names of their own")
  }
}
