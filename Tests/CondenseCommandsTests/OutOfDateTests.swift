import Foundation
import Testing

@Suite("condense build --check")
struct OutOfDateTests {
  /// A base, and a pipeline that extends it; both built.
  private static func built() throws -> CommandRunner {
    let runner = try CommandRunner()
    try runner.writeModel()
    try FileManager.default.createDirectory(atPath: runner.path("bases"), withIntermediateDirectories: true)
    try writeBase(runner, sparsity: 0.5)
    try runner.write(
      "extends: ../bases/base.yaml\noutputs: [../build/p.condensed]\nchecks: {density: {max: 90%}}\n",
      to: "pipelines/p.yaml")
    try runner.writePipeline("q", "[huffman]")
    let build = try runner.run("build")
    #expect(build.status == 0, "\(build.errors)")
    return runner
  }

  private static func writeBase(_ runner: CommandRunner, sparsity: Double) throws {
    try runner.write(
      "model: ../model.safetensors\nstages: [{prune: {sparsity: \(sparsity)}}, huffman]\n", to: "bases/base.yaml")
  }

  @Test("It passes after a build, and says so")
  func upToDate() throws {
    let runner = try Self.built()
    let check = try runner.run("build", "--check")
    #expect(check.status == 0 && check.errors.isEmpty, "\(check.errors)")
    #expect(check.output == "2 pipelines, all up to date\n")
  }

  @Test(
    "It fails with the names after an edit of a model, a base, a pipeline, a check or an output, and changes nothing",
    arguments: [
      ("model", ["p", "q"]), ("base", ["p"]), ("pipeline", ["q"]), ("check", ["p"]), ("missing", ["q"]),
      ("edited", ["q"]),
    ])
  func edits(edit: String, names: [String]) throws {
    let runner = try Self.built()
    switch edit {
    case "model": try runner.writeModel([1, -2, 3, -4, 5, -6, 7, -9])
    case "base": try Self.writeBase(runner, sparsity: 0.25)
    case "pipeline": try runner.writePipeline("q", "[{prune: {sparsity: 0.5}}]")
    case "check":
      try runner.write(
        "extends: ../bases/base.yaml\noutputs: [../build/p.condensed]\nchecks: {density: {max: 10%}}\n",
        to: "pipelines/p.yaml")
    case "missing": try FileManager.default.removeItem(atPath: runner.path("build/q.condensed"))
    default: try runner.write("something else", to: "build/q.condensed")
    }
    let before = try FileManager.default.subpathsOfDirectory(atPath: runner.path("build"))
      .map { try runner.data("build/" + $0) }
    let check = try runner.run("build", "--check")
    #expect(check.status == 1)
    #expect(check.output == "\(names.count) of 2 pipelines out of date: \(names.joined(separator: ", "))\n")
    for name in names {
      #expect(check.errors.contains("error: build/\(name).condensed is out of date: "), "\(check.errors)")
    }
    #expect(check.errors.split(separator: "\n").count == names.count)
    let after = try FileManager.default.subpathsOfDirectory(atPath: runner.path("build"))
      .map { try runner.data("build/" + $0) }
    #expect(before == after)
    _ = try runner.run("build")
    #expect(try runner.run("build", "--check").status == (edit == "check" ? 1 : 0))
  }

  @Test("It says what was edited, and where")
  func reasons() throws {
    let runner = try Self.built()
    try Self.writeBase(runner, sparsity: 0.25)
    try FileManager.default.removeItem(atPath: runner.path("build/q.condensed"))
    let errors = try runner.run("build", "--check").errors
    #expect(
      errors == """
        pipelines/p.yaml:2:11: error: build/p.condensed is out of date: prune would run: sparsity was 0.5, is 0.25 \
        (bases/base.yaml:2:29)
        pipelines/q.yaml:3:11: error: build/q.condensed is out of date: it is not there

        """)
  }

  @Test("An edit that leaves the output as it is passes, and so does a clone's output that the store can make")
  func sameBytes() throws {
    let runner = try Self.built()
    try runner.writePipeline("q", "[huffman]", more: "# a comment")
    #expect(try runner.run("build", "--check").status == 0)
    let clone = try CommandRunner()
    for name in ["model.safetensors", "bases", "pipelines", "build"] {
      try? FileManager.default.removeItem(atPath: clone.path(name))
      try FileManager.default.copyItem(atPath: runner.path(name), toPath: clone.path(name))
    }
    let check = try clone.run("build", "--check", environment: ["CONDENSE_CACHE_DIR": runner.path("store")])
    #expect(check.status == 0, "\(check.errors)")
  }

  @Test("With --json it tells for each pipeline whether it is out of date, and what would become of its outputs")
  func document() throws {
    let runner = try Self.built()
    try FileManager.default.removeItem(atPath: runner.path("build/q.condensed"))
    let check = try runner.run("build", "--check", "--json")
    #expect(check.status == 1)
    let pipelines = try #require(try check.json()["pipelines"] as? [[String: Any]])
    #expect(pipelines.map { $0["out_of_date"] as? Bool } == [false, true])
    let outputs = pipelines.map { ($0["outputs"] as? [[String: Any]])?.first?["reason"] as? String }
    #expect(outputs == ["unchanged", "missing"])
  }

  @Test("An invalid pipeline is 65, as it is for a build")
  func invalid() throws {
    let runner = try Self.built()
    try runner.writePipeline("q", "[prnue]")
    let check = try runner.run("build", "--check")
    #expect(check.status == 65)
    #expect(check.errors.contains("pipelines/q.yaml:2:10: error: unknown stage 'prnue'"))
  }
}
