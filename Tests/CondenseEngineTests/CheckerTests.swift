import CondenseEngine
import CondenseModels
import CondensePipelines
import CondenseStages
import CondenseTensors
import Foundation
import TestSupport
import Testing

@Suite("Checking pipelines")
struct CheckerTests {
  private static func check(_ stages: String, outputs: String = "[o.condensed]") -> (CheckedPipeline?, ParsedPipeline) {
    let text = "model: m.safetensors\nstages: \(stages)\noutputs: \(outputs)\n"
    var parsed = PipelineParser.parse(SourceText(file: "/w/p.yaml", text: text))
    let checked = PipelineChecker(stages: .builtIn, formats: .builtIn).check(&parsed)
    return (checked.first, parsed)
  }

  /// Where the text begins that a diagnostic should point at.
  private static func position(of place: String, in stages: String) -> SourcePosition? {
    stages.range(of: place, options: .backwards).map {
      SourcePosition(
        line: 2, column: "stages: ".count + stages.distance(from: stages.startIndex, to: $0.lowerBound) + 1)
    }
  }

  @Test(
    "Names and parameters that do not exist are reported at their place with the nearest that do",
    arguments: [
      ("[prnue]", "unknown stage 'prnue'; did you mean 'prune'?", "prnue"),
      ("[zip]", "unknown stage 'zip'; expected one of prune, cluster, quantize, huffman, entropy", "zip"),
      ("[{prune: {sparsty: 1}}]", "unknown parameter of prune 'sparsty'; did you mean 'sparsity'?", "sparsty"),
      ("[{huffman: {level: 1}}]", "unknown parameter of huffman 'level'; expected layout", "level"),
      ("[{cluster: {bits: 12}}]", "expected a whole number from 1 to 8 for bits, found the number 12", "12"),
      ("[{cluster: {bits: 4.5}}]", "expected a whole number from 1 to 8 for bits", "4.5"),
      ("[{cluster: {bits: '4'}}]", "expected a whole number from 1 to 8 for bits, found '4'", "'4'"),
      ("[{prune: {sparsity: 1.5}}]", "expected a number from 0 to 1 for sparsity", "1.5"),
      ("[{prune: {sparsity: 150%}}]", "expected a number from 0 to 1 for sparsity", "150%"),
      ("[{prune: {sparsity: [1]}}]", "found a list", "[1]"),
      ("[{quantize: {dtype: int9}}]", "did you mean 'int8'?", "int9"),
      ("[{quantize: {symmetric: yes}}]", "did you mean 'true'?", "yes"),
      ("[{quantize: {granularity: {group: 0}}}]", "{group: a whole number from 1 to 1073741824}", "{group"),
      ("[{prune: {sparsity: 1, pattern: {block: [1]}}}]", "for pattern, found a mapping", "{block"),
      ("[{prune: {sparsity: 1, pattern: 9:1}}]", "expected unstructured, channel, N:M", "9:1"),
      ("[{prune: {sparsity: 1, threshold: 2}}]", "give a sparsity or a threshold, not both", "2}"),
      ("[prune]", "prune needs a sparsity or a threshold", "prune"),
      ("[{cluster: {}}]", "cluster needs bits or a count", "cluster"),
      ("[{cluster: {bits: 2, overrides: [{match: a, bits: 99}]}}]", "expected a whole number from 1 to 8", "99"),
      ("[{cluster: {bits: 2, overrides: [{match: a, count: 9}]}}]", "give bits or a count, not both", "9}"),
    ])
  func reported(stages: String, message: String, at place: String) {
    let (checked, parsed) = Self.check(stages)
    #expect(checked == nil)
    let diagnostic = parsed.diagnostics.first
    #expect(diagnostic?.message.contains(message) == true, "\(parsed.diagnostics.map(\.message))")
    #expect(diagnostic?.range?.start == Self.position(of: place, in: stages), "\(stages)")
    #expect(parsed.diagnostics.count == 1, "\(parsed.diagnostics.map(\.message))")
  }

  @Test(
    "An order that makes no sense is refused at the stage",
    arguments: [
      ("[huffman, {prune: {sparsity: 0.5}}]", "prune cannot follow huffman", "prune"),
      ("[{cluster: {bits: 2}}, {prune: {sparsity: 0.5}}]", "prune cannot follow cluster", "prune"),
      ("[quantize, huffman, {huffman: {id: again}}]", "huffman cannot follow huffman", "huffman: {id"),
      ("[{cluster: {bits: 2}}, {quantize: {granularity: {group: 8}}}]", "groups cut across a codebook", "quantize"),
    ])
  func orders(stages: String, message: String, at place: String) {
    let (checked, parsed) = Self.check(stages)
    #expect(checked == nil)
    #expect(parsed.diagnostics.map(\.message).contains { $0.contains(message) }, "\(parsed.diagnostics.map(\.message))")
    #expect(parsed.diagnostics.first?.range?.start == Self.position(of: place, in: stages))
  }

  @Test("Stages stand in an order in which inputs come first, whatever the file's order")
  func inputsFirst() throws {
    let (checked, parsed) = Self.check(
      "[{huffman: {from: quantize}}, {quantize: {from: p}}, {prune: {id: p, sparsity: 50%, from: model}}]",
      outputs: "[{path: o.condensed, from: huffman}]")
    #expect(parsed.diagnostics.isEmpty)
    #expect(checked?.stages.map(\.id) == ["p", "quantize", "huffman"])
    #expect(checked?.stages.map(\.input) == [.model, .stage(0), .stage(1)])
    #expect(checked?.outputs.map(\.from) == [.stage(2)])
  }

  @Test("Formats come from the extension or from 'format', and unknown ones are reported")
  func formats() throws {
    let (checked, _) = Self.check(
      "[huffman]", outputs: "[a.condensed, b.safetensors, {path: c.bin, format: condensed}]")
    #expect(checked?.outputs.map(\.format) == ["condensed", "safetensors", "condensed"])
    #expect(
      Self.check("[huffman]", outputs: "[a.zip]").1.diagnostics.first?.message.contains("tells no model format") == true
    )
    let misspelt = Self.check("[huffman]", outputs: "[{path: a, format: condense}]").1.diagnostics.first
    #expect(misspelt?.message == "unknown format 'condense'; did you mean 'condensed'?")
  }

  @Test("A stage that feeds no output is warned of, and the pipeline stays valid")
  func unused() {
    let (checked, parsed) = Self.check("[{prune: {sparsity: 0.5}}, {huffman: {from: model}}]")
    #expect(checked != nil)
    #expect(parsed.diagnostics.map(\.severity) == [.warning])
    #expect(parsed.diagnostics.first?.message == "no output is made from 'prune', so it does not run")
  }

  @Test("'only', 'skip' and overrides decide for each tensor, the last override first")
  func resolution() throws {
    let (checked, _) = Self.check(
      "[{cluster: {bits: 2, only: [fc*, conv*], skip: '*.skip', overrides: [{match: fc1*, bits: 3}, {match: '*1.last', bits: 4}]}}]"
    )
    let stage = try #require(checked?.stages.first)
    func count(_ tensor: String) -> Int? { stage.configured(for: tensor)?.parameters["count"]?.int }
    #expect(count("fc2.weight") == 4)
    #expect(count("fc1.weight") == 8)
    #expect(count("fc1.last") == 16)
    #expect(count("conv1.last") == 16)
    #expect(count("fc1.skip") == nil)
    #expect(count("other") == nil)
  }

  @Test("Sharing a name or an output is an error at both places")
  func clashes() throws {
    let workspace = try TemporaryWorkspace()
    try workspace.writeModel([("w", Tensor([1, 2], shape: [1, 2]))])
    try workspace.write(
      "name: x\nmodel: ../model.safetensors\nstages: [huffman]\noutputs: [../a.condensed]\n", to: "pipelines/a.yaml")
    try workspace.write(
      "model: ../model.safetensors\nname: x\nstages: [huffman]\noutputs: [.././a.condensed]\n", to: "pipelines/b.yaml")
    let result = try workspace.build()
    #expect(result.hasInvalidInput)
    let places = result.diagnostics.map {
      "\(($0.diagnostic.file as NSString).lastPathComponent):\($0.diagnostic.range?.start.line ?? 0)"
    }
    #expect(places == ["a.yaml:1", "a.yaml:4", "b.yaml:2", "b.yaml:4"])
    #expect(result.diagnostics.allSatisfy { $0.diagnostic.notes.count == 1 })
  }

  @Test("An output in the place of the pipeline's own model is refused")
  func ownModel() throws {
    let workspace = try TemporaryWorkspace()
    try workspace.writeModel([("w", Tensor([1, 2], shape: [1, 2]))])
    let before = try workspace.data("model.safetensors")
    try workspace.write(
      "model: ../model.safetensors\nstages: [{prune: {sparsity: 1}}]\noutputs: [../pipelines/../model.safetensors]\n",
      to: "pipelines/a.yaml")
    let result = try workspace.build()
    #expect(result.diagnostics.first?.diagnostic.message == "the output would replace the pipeline's own model")
    #expect(try workspace.data("model.safetensors") == before)
  }

  @Test("A broken model is an invalid pipeline, reported at its model")
  func brokenModel() throws {
    let workspace = try TemporaryWorkspace()
    try workspace.write("no model", to: "model.safetensors")
    try workspace.writePipeline("p", stages: "[huffman]")
    let result = try workspace.build()
    #expect(result.hasInvalidInput)
    #expect(result.diagnostics.first?.diagnostic.range?.start == SourcePosition(line: 1, column: 8))
    #expect(result.report.pipelines.map(\.status) == [.failed])
  }
}
