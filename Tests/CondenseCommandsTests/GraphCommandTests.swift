import Foundation
import Testing

@Suite("condense graph, why, status, and builds of a part")
struct GraphCommandTests {
  private let runner: CommandRunner

  init() throws {
    runner = try CommandRunner()
    try runner.writeModel()
    try runner.writePipeline("p", "[prune: {sparsity: 0.5}, huffman]")
  }

  private func actions(_ result: CommandRunner.Result) throws -> [String: Int] {
    try #require(try result.json()["actions"] as? [String: Int])
  }

  @Test("A dry run tells what would run and why, runs nothing and writes nothing")
  func dryRun() throws {
    let dry = try runner.run("build", "--dry-run", "--json")
    #expect(dry.status == 0)
    #expect(try actions(dry) == ["total": 3, "cached": 0, "run": 2, "depend": 1])
    #expect(!FileManager.default.fileExists(atPath: runner.path("build")))
    #expect(try actions(runner.run("build", "--json")) == ["total": 3, "ran": 3, "cached": 0])
    #expect(try runner.run("build", "--dry-run").output.contains("1 unchanged"))
    try runner.writePipeline("p", "[prune: {sparsity: 0.25}, huffman]")
    let text = try runner.run("build", "--dry-run").output
    #expect(text.contains("would run: sparsity was 0.5, is 0.25 (pipelines/p.yaml:2:28)"))
    #expect(text.contains("3 actions: 1 to run, 1 depend on those, 1 cached"))
    try runner.write(
      "model: ../gone.safetensors\nstages: [huffman]\noutputs: [../x.condensed]\n", to: "pipelines/q.yaml")
    #expect(try runner.run("build", "--dry-run").status == 65)
  }

  @Test("The graph shows stages, sizes and what is cached, in every format", arguments: ["p", "pipelines/p.yaml"])
  func graph(name: String) throws {
    let cold = try runner.run("graph", name)
    #expect(cold.status == 0 && cold.output.contains("└─ prune  1 tensor  [1 to run]"))
    _ = try runner.run("build")
    let text = try runner.run("graph", name).output
    #expect(text.contains("[cached]") && text.contains("→ build/p.condensed"))
    let dot = try runner.run("graph", name, "--format", "dot").output
    #expect(dot.hasPrefix("digraph \"p\" {") && dot.contains("\"prune\" -> \"huffman\";") && dot.contains("\n}"))
    let mermaid = try runner.run("graph", name, "--format", "mermaid").output
    #expect(mermaid.hasPrefix("flowchart LR\n") && mermaid.contains("n0 --> n1"))
    let document = try runner.run("graph", name, "--format", "json").json()
    let pipeline = try #require((document["pipelines"] as? [[String: Any]])?.first)
    #expect((pipeline["stages"] as? [[String: Any]])?.compactMap { $0["id"] as? String } == ["prune", "huffman"])
    #expect((pipeline["stages"] as? [[String: Any]])?.compactMap { $0["from"] as? String } == ["model", "prune"])
  }

  @Test("A name that there is none of is an error with the nearest that there is", arguments: ["graph", "why"])
  func unknownName(command: String) throws {
    try runner.writePipeline("photos", "[huffman]")
    _ = try runner.run("build")
    let result = try runner.run(command, "photo")
    #expect(result.status == 1 && result.errors.contains("did you mean 'photos'?"))
  }

  @Test("Why tells the parameter that changed, its place, and only of the tensor that is asked for")
  func why() throws {
    _ = try runner.run("build")
    try runner.writePipeline("p", "[prune: {sparsity: 0.25}, huffman]")
    _ = try runner.run("build")
    let text = try runner.run("why", "p").output
    #expect(text.contains("ran: sparsity was 0.5, is 0.25 (pipelines/p.yaml:2:28)"))
    #expect(text.contains("→ build/p.condensed  written: what goes into it is not what it was"))
    let actions = try #require(
      try runner.run("why", "p", "b", "--json").json()["actions"] as? [[String: Any]])
    #expect(actions.count == 1 && actions[0]["ran"] as? Bool == false)
    let all = try #require(try runner.run("why", "p", "--json").json()["actions"] as? [[String: Any]])
    let cause = try #require(all.first { $0["stage"] as? String == "prune" }?["cause"] as? [String: Any])
    #expect(cause["kind"] as? String == "parameter" && cause["name"] as? String == "sparsity")
    #expect(cause["from"] as? String == "0.5" && cause["to"] as? String == "0.25")
    #expect((cause["place"] as? String)?.hasSuffix("/pipelines/p.yaml:2:28") == true)
    #expect(try runner.run("why", "p", "nosuch").status == 1)
  }

  @Test("Status tells of the last build, and the history of all")
  func status() throws {
    #expect(try runner.run("status").output.contains("nothing has been built"))
    _ = try runner.run("build")
    _ = try runner.run("build")
    try runner.write("model: [", to: "pipelines/bad.yaml")
    _ = try runner.run("build")
    let builds = try #require(
      try runner.run("status", "--history", "--json").json()["builds"] as? [[String: Any]])
    #expect(builds.compactMap { $0["build"] as? Int } == [3, 2, 1])
    #expect(builds.compactMap { $0["outcome"] as? String } == ["invalid", "done", "done"])
    #expect(builds.compactMap { $0["unchanged"] as? Int } == [1, 1, 0])
    let latest = try runner.run("status").output
    #expect(latest.contains("build 3") && latest.contains("bad") && latest.contains("1 unchanged"))
    #expect(try runner.run("status", "--history", "--limit", "1").output.split(separator: "\n").count == 2)
  }

  @Test("A trace is a document of events")
  func trace() throws {
    #expect(try runner.run("build", "--trace", "trace.json").status == 0)
    let object = try JSONSerialization.jsonObject(with: runner.data("trace.json")) as? [String: Any]
    #expect(((object?["traceEvents"] as? [[String: Any]])?.count ?? 0) > 5)
    #expect(try runner.run("build", "--trace", "no/such/folder.json").status == 1)
  }

  @Test("Only pipelines that a change touches are built: by their file, base, model or another one's output")
  func affected() throws {
    try runner.write("stages: [huffman]\n", to: "pipelines/base.yaml")
    try runner.write(
      "extends: base.yaml\nmodel: ../build/p.condensed\noutputs: [../build/q.safetensors]\n", to: "pipelines/q.yaml")
    try runner.writePipeline("r", "[huffman]")
    // What q is made from is there after the first build.
    _ = try runner.run("build", "pipelines/p.yaml")
    _ = try runner.run("build")
    func names(_ arguments: String...) throws -> [String] {
      let result = try runner.run("build", "--json", "--affected-by", arguments[0])
      return try #require(try result.json()["pipelines"] as? [[String: Any]]).compactMap { $0["name"] as? String }
    }
    #expect(try names("pipelines/r.yaml") == ["r"])
    #expect(try names("pipelines/base.yaml") == ["q"])
    #expect(try names("pipelines/p.yaml") == ["p", "q"])
    #expect(try names("model.safetensors") == ["p", "q", "r"])
    #expect(try names("condense.yaml") == ["p", "q", "r"])
    #expect(try names("README.md") == [])
    #expect(try names("pipelines") == ["p", "q", "r"])
  }

  @Test("Since a revision means what differs from it, new and removed files too")
  func since() throws {
    func git(_ arguments: String...) throws {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments =
        ["git", "-C", runner.root, "-c", "user.name=n", "-c", "user.email=e@example.org"] + arguments
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0, "git \(arguments)")
    }
    try runner.write("build/\nstore/\n", to: ".gitignore")
    try FileManager.default.removeItem(atPath: runner.path(".git"))
    try git("init", "-q")
    try git("add", "-A")
    try git("commit", "-q", "-m", "first")
    func names() throws -> [String] {
      let result = try runner.run("build", "--json", "--since", "HEAD")
      return try #require(try result.json()["pipelines"] as? [[String: Any]]).compactMap { $0["name"] as? String }
    }
    #expect(try names() == [])
    try runner.writePipeline("new", "[huffman]")
    #expect(try names() == ["new"])
    try FileManager.default.removeItem(atPath: runner.path("model.safetensors"))
    #expect(try names().sorted() == ["new", "p"])
    let wrong = try runner.run("build", "--since", "no-such-revision")
    #expect(wrong.status == 64 && wrong.errors.contains("no-such-revision"))
    #expect(try runner.run("build", "--since", "--output=x").status == 64)
  }
}
