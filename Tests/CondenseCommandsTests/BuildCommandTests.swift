import Foundation
import Testing

@Suite("condense build and check")
struct BuildCommandTests {
  private static func runner(_ stages: String = "[{prune: {sparsity: 0.5}}, huffman]", more: String = "") throws
    -> CommandRunner
  {
    let runner = try CommandRunner()
    try runner.writeModel()
    try runner.writePipeline("p", stages, more: more)
    return runner
  }

  @Test("A build tells what was done, and a second one that all is cached")
  func tables() throws {
    let runner = try Self.runner(more: "checks: {density: {max: 60%}}")
    let first = try runner.run("build")
    #expect(first.status == 0 && first.errors.isEmpty)
    for text in [
      "prune", "huffman", "→ build/p.condensed", "check held: density is 0.6 (max 0.6)",
      "1 pipeline built · 3 actions: 3 ran, 0 cached",
    ] {
      #expect(first.output.contains(text), "\(first.output)")
    }
    #expect(!first.output.contains("\u{1B}"), "no colours where there is no terminal")
    let second = try runner.run("build")
    #expect(second.output.contains("1 pipeline, all cached · 3 actions: 0 ran, 3 cached"))
  }

  @Test("--json prints the document that tools lean on")
  func document() throws {
    let runner = try Self.runner(more: "checks: {ratio: {min: 0.1}, sqnr: {min: 3 dB}}")
    _ = try runner.run("build")
    let document = try runner.run("build", "--json").json()
    let actions = document["actions"] as? [String: Int]
    #expect(actions == ["total": 3, "ran": 0, "cached": 3])
    #expect(document["seconds"] is Double)
    let pipeline = try #require((document["pipelines"] as? [[String: Any]])?.first)
    #expect(pipeline["name"] as? String == "p" && pipeline["status"] as? String == "cached")
    #expect((pipeline["file"] as? String)?.hasSuffix("pipelines/p.yaml") == true)
    #expect(pipeline["actions"] as? [String: Int] == ["total": 3, "ran": 0, "cached": 3])
    #expect(pipeline["error"] is NSNull)
    let output = try #require((pipeline["outputs"] as? [[String: Any]])?.first)
    #expect(output["bytes"] as? Int == (try runner.data("build/p.condensed").count))
    #expect((output["sha256"] as? String)?.count == 64)
    #expect((output["path"] as? String)?.hasSuffix("build/p.condensed") == true)
    let metrics = try #require(pipeline["metrics"] as? [String: Any])
    for key in ["source_bytes", "bytes", "ratio", "density", "sqnr", "max_error", "cosine"] {
      #expect(metrics[key] is Double || metrics[key] is Int)
    }
    let checks = try #require(pipeline["checks"] as? [[String: Any]])
    #expect(checks.map { $0["metric"] as? String } == ["ratio", "sqnr"])
    #expect(
      checks.allSatisfy {
        $0["held"] as? Bool == true && $0["max"] is NSNull && $0["min"] is Double && $0["value"] is Double
      })
  }

  @Test("Where nothing is lost the signal-to-noise ratio is null and passes any minimum")
  func losslessMetrics() throws {
    let runner = try Self.runner("[huffman]", more: "checks: {sqnr: {min: 90 dB}}")
    let result = try runner.run("build", "--json")
    #expect(result.status == 0)
    let pipeline = try #require((try result.json()["pipelines"] as? [[String: Any]])?.first)
    #expect((pipeline["metrics"] as? [String: Any])?["sqnr"] is NSNull)
    #expect((pipeline["checks"] as? [[String: Any]])?.first?["held"] as? Bool == true)
  }

  @Test("A failing check ends with 1, says so, and keeps the previous output")
  func failingCheck() throws {
    let runner = try Self.runner()
    _ = try runner.run("build")
    let before = try runner.data("build/p.condensed")
    try runner.writePipeline("p", "[huffman]", more: "checks: {density: {max: 10%}}")
    let result = try runner.run("build", "--json")
    #expect(result.status == 1)
    #expect(result.errors.contains("pipelines/p.yaml:4:10: error: p: check failed: density is 1, above max 0.1"))
    #expect(try runner.data("build/p.condensed") == before)
  }

  @Test("An invalid file ends with 65 and shows the place; the others are built")
  func invalidFile() throws {
    let runner = try Self.runner()
    try runner.writePipeline("broken", "[{prune: {sparsty: 0.5}}]")
    let result = try runner.run("build", "--json")
    #expect(result.status == 65)
    #expect(
      result.errors.hasPrefix(
        "pipelines/broken.yaml:2:19: error: unknown parameter of prune 'sparsty'; did you mean 'sparsity'?\n"
          + "  stages: [{prune: {sparsty: 0.5}}]\n                    ^~~~~~~\n"),
      "\(result.errors)")
    let statuses = (try result.json()["pipelines"] as? [[String: Any]])?.map { $0["status"] as? String }
    #expect(statuses == ["failed", "built"])
    #expect(FileManager.default.fileExists(atPath: runner.path("build/p.condensed")))
  }

  @Test("A stage that errs ends with 1 and names its place, the tensor and the element")
  func failingStage() throws {
    let runner = try Self.runner()
    try runner.writeModel([1, 2, 3, .infinity])
    let result = try runner.run("build")
    #expect(result.status == 1)
    #expect(
      result.errors == "pipelines/p.yaml:2:11: error: p: tensor 'w': prune: the value is not finite at element 3\n")
  }

  @Test("A missing model is 65 at its place")
  func missingModel() throws {
    let runner = try Self.runner()
    try FileManager.default.removeItem(atPath: runner.path("model.safetensors"))
    let result = try runner.run("build")
    #expect(result.status == 65)
    #expect(result.errors.hasPrefix("pipelines/p.yaml:1:8: error: there is no model '../model.safetensors'"))
  }

  @Test(
    "Wrong usage ends with 64",
    arguments: [
      ["bild"], ["build", "--jobs", "0"], ["build", "--jobs", "x"], ["build", "--nope"], ["unpack", "x"],
      ["stages", "zip"], [],
    ])
  func usage(arguments: [String]) throws {
    let runner = try Self.runner()
    let result =
      switch arguments.count {
      case 0: try runner.run("compare")
      case 1: try runner.run(arguments[0])
      case 2: try runner.run(arguments[0], arguments[1])
      default: try runner.run(arguments[0], arguments[1], arguments[2])
      }
    #expect(result.status == 64, "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test("Files and folders can be named, from anywhere in the workspace; a file that is not there is 65")
  func paths() throws {
    let runner = try Self.runner()
    try runner.writePipeline("q", "[huffman]")
    #expect(try runner.run("build", "q.yaml", in: "pipelines").output.contains("1 pipeline built"))
    #expect(try runner.run("build", "../pipelines", in: "pipelines").output.contains("2 pipelines built"))
    #expect(try runner.run("build", "--workspace", "..", in: "pipelines").output.contains("2 pipelines, all cached"))
    #expect(try runner.run("build", "none.yaml").status == 65)
  }

  @Test("A check validates and builds nothing")
  func check() throws {
    let runner = try Self.runner()
    let good = try runner.run("check")
    #expect(good.status == 0 && good.output == "1 of 1 pipeline file valid\n")
    #expect(!FileManager.default.fileExists(atPath: runner.path("build")))
    try runner.write("stages: [prnue]", to: "pipelines/base.yml")
    let bad = try runner.run("check", "--json")
    #expect(bad.status == 65)
    let diagnostics = try #require(try bad.json()["diagnostics"] as? [[String: Any]])
    #expect(diagnostics.count == 1)
    #expect(diagnostics[0]["line"] as? Int == 1 && diagnostics[0]["column"] as? Int == 10)
  }
}
