import CondenseEngine
import CondenseTensors
import Foundation
import TestSupport
import Testing

@Suite("Pipelines made of several files of which nothing has changed")
struct CompositionUpToDateTests {
  private static func workspace(_ files: [String: String]) throws -> TemporaryWorkspace {
    let workspace = try TemporaryWorkspace()
    var generator = SeededGenerator(seed: 11)
    try FileManager.default.createDirectory(atPath: workspace.path("models"), withIntermediateDirectories: true)
    for model in ["models/a", "models/b"] {
      try workspace.writeModel([("w", .randomWeights([8, 8], using: &generator))], to: model + ".safetensors")
    }
    for (name, text) in files { try workspace.write(text, to: name) }
    return workspace
  }

  private static let pipeline =
    "model: ../models/a.safetensors\nstages: [{cluster: {bits: 2}}]\noutputs: ['../build/${name}.condensed']\n"

  /// The names of builds with a stage that ran, or that failed.
  private static func touched(_ result: BuildResult) -> [String] {
    result.report.pipelines.filter { $0.status != .cached }.map(\.name)
  }

  @Test("An edit of what a pipeline extends is noticed, and runs only what it changes")
  func base() throws {
    let workspace = try Self.workspace([
      "pipelines/base.yaml": "model: ../models/a.safetensors\nstages: [{cluster: {bits: 2}}]\n",
      "pipelines/p.yaml": "extends: base.yaml\noutputs: ['../build/${name}.condensed']\n",
      "pipelines/q.yaml": Self.pipeline.replacing("bits: 2", with: "bits: 5"),
    ])
    #expect(Self.touched(try workspace.build()) == ["p", "q"])
    #expect(Self.touched(try workspace.build()) == [])
    try workspace.write("model: ../models/a.safetensors\nstages: [{cluster: {bits: 3}}]\n", to: "pipelines/base.yaml")
    #expect(Self.touched(try workspace.build()) == ["p"])
    try FileManager.default.removeItem(atPath: workspace.path("pipelines/base.yaml"))
    #expect(Self.touched(try workspace.build()) == ["p"])
  }

  @Test("A value that is added to a matrix, and a model that comes to match, are a build more")
  func more() throws {
    let workspace = try Self.workspace([
      "pipelines/m.yaml": "matrix: {bits: [2]}\n" + Self.pipeline.replacing("bits: 2", with: "bits: '${bits}'"),
      "pipelines/g.yaml": Self.pipeline.replacing("a.safe", with: "*.safe"),
    ])
    #expect(Self.touched(try workspace.build()) == ["g[a]", "g[b]"], "the other shares what the first ran")
    #expect(Self.touched(try workspace.build()) == [])
    try workspace.write(
      "matrix: {bits: [2, 3]}\n" + Self.pipeline.replacing("bits: 2", with: "bits: '${bits}'"), to: "pipelines/m.yaml")
    #expect(Self.touched(try workspace.build()) == ["m[bits=3]"])
    var generator = SeededGenerator(seed: 12)
    try workspace.writeModel([("w", .randomWeights([8, 8], using: &generator))], to: "models/c.safetensors")
    #expect(Self.touched(try workspace.build()) == ["g[c]"])
    try FileManager.default.removeItem(atPath: workspace.path("models/b.safetensors"))
    #expect(try workspace.build().report.pipelines.map(\.name) == ["g[a]", "g[c]", "m[bits=2]", "m[bits=3]"])
  }

  @Test("An edit of the pipeline that is the model is noticed")
  func upstream() throws {
    let workspace = try Self.workspace([
      "pipelines/p.yaml": Self.pipeline,
      "pipelines/q.yaml": "model: {pipeline: p}\nstages: [quantize]\noutputs: ['../build/${name}.condensed']\n",
    ])
    #expect(Self.touched(try workspace.build()) == ["p", "q"])
    #expect(Self.touched(try workspace.build("q")) == [])
    try workspace.write(Self.pipeline.replacing("bits: 2", with: "bits: 3"), to: "pipelines/p.yaml")
    #expect(Self.touched(try workspace.build("q")) == ["q"])
  }

  @Test("What is made from a pipeline that another one comes into conflict with is as wrong as in a clean build")
  func conflictUpstream() throws {
    let workspace = try Self.workspace([
      "pipelines/p.yaml": Self.pipeline,
      "pipelines/q.yaml": "model: {pipeline: p}\nstages: [quantize]\noutputs: ['../build/${name}.condensed']\n",
      "pipelines/r.yaml": "model: {pipeline: q}\nstages: [huffman]\noutputs: ['../build/${name}.condensed']\n",
      "pipelines/s.yaml": Self.pipeline,
    ])
    #expect(Self.touched(try workspace.build()) == ["p", "q", "r"])
    try workspace.write(Self.pipeline.replacing("${name}", with: "p"), to: "pipelines/copy.yaml")
    #expect(Self.touched(try workspace.build()) == ["copy", "p", "q", "r"])
    try FileManager.default.removeItem(atPath: workspace.path("pipelines/copy.yaml"))
    let result = try workspace.build()
    #expect(result.report.pipelines.allSatisfy { $0.error == nil } && result.report.actions.ran == 0)
  }

  @Test("A configuration that comes to be is noticed")
  func configuration() throws {
    let workspace = try Self.workspace(["pipelines/p.yaml": Self.pipeline])
    #expect(Self.touched(try workspace.build()) == ["p"])
    #expect(Self.touched(try workspace.build()) == [])
    try workspace.write("defaults: {checks: {ratio: {min: 1000}}}\n", to: "condense.yaml")
    #expect(try workspace.build().report.pipelines.map(\.checks.count) == [1])
  }

  @Test("A pipeline that is passed over can still be another's model, wherever it is")
  func passedOver() throws {
    let next = "model: {pipeline: p}\nstages: [quantize]\noutputs: ['../build/${name}.condensed']\n"
    let workspace = try Self.workspace([
      "pipelines/p.yaml": Self.pipeline, "pipelines/q.yaml": next, "condense.yaml": "pipelines: elsewhere\n",
    ])
    #expect(Self.touched(try workspace.build("p", "q")) == ["p", "q"])
    try workspace.write(next.replacing("quantize", with: "huffman"), to: "pipelines/q.yaml")
    let result = try workspace.build("p", "q")
    #expect(result.diagnostics.isEmpty && Self.touched(result) == ["q"])
  }

  @Test("A warning about what a pipeline extends is given each time")
  func warnings() throws {
    let workspace = try Self.workspace([
      "pipelines/base.yaml": "matrix: {a: [1, 2]}\nmodel: ../models/a.safetensors\nstages: [huffman]\n",
      "pipelines/p.yaml": "extends: base.yaml\noutputs: ['../build/${name}.condensed']\n",
    ])
    for _ in 0..<3 {
      #expect(
        try workspace.build("p").diagnostics.map(\.diagnostic.message) == ["nothing uses ${a}, so its builds are alike"]
      )
    }
  }
}
