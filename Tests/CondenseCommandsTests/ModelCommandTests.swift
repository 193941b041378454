import CondenseReports
import CondenseStages
import Foundation
import Testing

@testable import CondenseCommands

@Suite("condense inspect, unpack, compare, stages")
struct ModelCommandTests {
  private static func runner(_ stages: String) throws -> CommandRunner {
    let runner = try CommandRunner()
    try runner.writeModel()
    try runner.writePipeline("p", stages)
    #expect(try runner.run("build").status == 0)
    return runner
  }

  @Test("Unpacking a lossless output gives the source's file, bit for bit")
  func unpackLossless() throws {
    let runner = try Self.runner("[huffman]")
    #expect(try runner.run("unpack", "build/p.condensed", "-o", "back.safetensors").status == 0)
    #expect(try runner.data("back.safetensors") == runner.data("model.safetensors"))
    let names = try FileManager.default.contentsOfDirectory(atPath: runner.root)
    #expect(!names.contains { $0.contains(".condense-") }, "nothing is left beside it")
  }

  @Test("A comparison tells what was lost, as a table and as JSON")
  func compare() throws {
    let runner = try Self.runner("[{prune: {sparsity: 0.5}}, huffman]")
    let table = try runner.run("compare", "model.safetensors", "build/p.condensed")
    #expect(table.status == 0)
    #expect(table.output.contains("lossless") && table.output.contains("F32 [2, 4]"))
    let document = try runner.run("compare", "model.safetensors", "build/p.condensed", "--json").json()
    let tensors = try #require(document["tensors"] as? [[String: Any]])
    let metrics = try #require(tensors.first { $0["name"] as? String == "w" }?["metrics"] as? [String: Any])
    // 1, 2, 3 and 4 of ±1…8 are gone.
    #expect(metrics["max_error"] as? Double == 4)
    #expect(metrics["density"] as? Double == 0.5)
    let sqnr = try #require(metrics["sqnr"] as? Double)
    #expect(abs(sqnr - 10 * log10(204.0 / 30.0)) < 1e-9)
  }

  @Test("Inspecting shows types, shapes, density and coding")
  func inspect() throws {
    let runner = try Self.runner("[{prune: {sparsity: 0.5}}, {cluster: {bits: 2}}, huffman]")
    let text = try runner.run("inspect", "build/p.condensed").output
    #expect(text.contains("condensed, 2 tensors, 10 weights") && text.contains("3 centroids"))
    let tensors = try #require(
      try runner.run("inspect", "build/p.condensed", "--json").json()["tensors"] as? [[String: Any]])
    #expect(tensors.map { $0["name"] as? String } == ["w", "b"])
    #expect(tensors[0]["density"] as? Double == 0.5)
    #expect(tensors[0]["shape"] as? [Int] == [2, 4])
    #expect(try runner.run("inspect", "model.safetensors").output.contains("plain"))
  }

  @Test(
    "Inspecting tells how entropy has coded a tensor",
    arguments: [
      ("rans", "entropy, sparse by"), ("range", "entropy, sparse by"), ("huffman", "huffman, sparse by"),
    ])
  func inspectEntropy(coder: String, coding: String) throws {
    let runner = try Self.runner(
      "[{prune: {sparsity: 0.5}}, {cluster: {bits: 2}}, {entropy: {coder: \(coder), layout: sparse}}]")
    let tensors = try #require(
      try runner.run("inspect", "build/p.condensed", "--json").json()["tensors"] as? [[String: Any]])
    let described = try #require(tensors[0]["coding"] as? String)
    #expect(described.hasPrefix(coding) && described.hasSuffix("3 centroids"), "\(described)")
    let compared = try runner.run("compare", "model.safetensors", "build/p.condensed", "--json").json()
    #expect((compared["tensors"] as? [[String: Any]])?.count == 2)
  }

  @Test("A file that is no model ends with 65 and the reason", arguments: [["inspect"], ["compare"], ["unpack"]])
  func badFiles(command: [String]) throws {
    let runner = try CommandRunner()
    try runner.write("no model at all", to: "x.condensed")
    let result =
      switch command[0] {
      case "compare": try runner.run("compare", "x.condensed", "x.condensed")
      case "unpack": try runner.run("unpack", "x.condensed", "-o", "y.safetensors")
      default: try runner.run("inspect", "x.condensed")
      }
    #expect(result.status == 65)
    #expect(result.errors.hasPrefix("error: x.condensed: the header claims"))
    #expect(!FileManager.default.fileExists(atPath: runner.path("y.safetensors")))
  }

  @Test("The stages are listed and explained; the documentation is what the program prints")
  func stages() throws {
    let runner = try CommandRunner()
    let list = try runner.run("stages").output
    for name in ["prune", "cluster", "quantize", "huffman"] { #expect(list.contains(name)) }
    let page = try runner.run("stages", "prune").output
    #expect(page.contains("sparsity") && page.contains("stages: [{prune: {sparsity: 0.5}}]"))
    let document = try runner.run("stages", "--json").json()
    #expect((document["stages"] as? [[String: Any]])?.count == 5)
    let root = (0..<3).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    let documentation = try String(contentsOf: root.appending(path: "docs/stages.md"), encoding: .utf8)
    #expect(try runner.run("stages", "--markdown").output == documentation, "print docs/stages.md anew")
  }

  @Test("The version, the help and completions are there")
  func basics() throws {
    let runner = try CommandRunner()
    #expect(try runner.run("--version").output == CondenseVersion.text + "\n")
    #expect(try runner.run("--help").output.contains("SUBCOMMANDS"))
    for shell in ["bash", "zsh", "fish"] {
      #expect(try runner.run("--generate-completion-script", shell).output.contains("condense"))
    }
  }
}

@Suite("What people see")
struct FormattingTests {
  @Test("Columns are aligned and lines have no spaces at their end")
  func tables() {
    var table = TextTable([.left, .right, .left])
    table.add("a", "1", "x")
    table.add("bcd", "22", "")
    #expect(table.lines(indent: "  ") == ["  a     1  x", "  bcd  22"])
  }

  @Test("Progress tells what is done, how fast, and how long it will take")
  func progress() {
    let state = ProgressLine.text(
      .init(finishedActions: 30, ranActions: 10, totalActions: 120), seconds: 10, bar: false)
    #expect(state == "30/120 actions, 10 ran, 3/s, 30.00 s left")
    #expect(
      ProgressLine.json(.init(finishedActions: 60, ranActions: 10, totalActions: 120))
        == #"{"progress":{"finished":60,"ran":10,"total":120}}"#)
    let bar = ProgressLine.text(.init(finishedActions: 60, ranActions: 10, totalActions: 120), seconds: 10, bar: true)
    #expect(bar.hasPrefix("[" + String(repeating: "█", count: 12) + String(repeating: "·", count: 12) + "] 60/120"))
  }
}
