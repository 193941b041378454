import CondenseFiles
import CondenseTensors
import Foundation
import Testing

@Suite("condense cache")
struct CacheCommandTests {
  private let runner: CommandRunner

  init() throws {
    runner = try CommandRunner()
    try runner.writeModel()
    try runner.writePipeline("a", "[prune: {sparsity: 0.5}, huffman]")
    #expect(try runner.run("build").status == 0)
  }

  private func counts() throws -> [String: Any] {
    let result = try runner.run("cache", "stats", "--json")
    #expect(result.status == 0)
    return try result.json()
  }

  @Test("stats tells what is there, as text and as JSON")
  func stats() throws {
    let document = try counts()
    #expect(document["actions"] as? Int == 3 && document["limit"] as? Int == 20_000_000_000)
    #expect((document["inline"] as? [String: Int])?["count"] == 3)
    #expect((document["roots"] as? [String: Int])?["count"] == 2)
    #expect((document["workspaces"] as? [[String: Any]])?.first?["builds"] as? Int == 1)
    let text = try runner.run("cache", "stats").output
    #expect(text.contains("of 20.0 GB") && text.contains("1 build, seen "))
  }

  @Test("gc evicts what makes no output, and tells beforehand")
  func collect() throws {
    let told = try runner.run("cache", "gc", "--limit", "0", "--dry-run", "--json").json()
    #expect(told["artifacts"] as? Int == 1 && told["roots"] as? Int == 2)
    #expect(try counts()["actions"] as? Int == 3)
    let done = try runner.run("cache", "gc", "--limit", "0 kB")
    #expect(done.status == 0 && done.output.contains("evicted 1 artifacts") && done.output.contains("over the limit"))
    #expect(try counts()["actions"] as? Int == 2)
    #expect(try runner.run("cache", "gc", "--older-than", "30").output.contains("evicted 0 artifacts"))
    #expect(try runner.run("build").output.contains("all cached"))
  }

  @Test("verify ends with 1 where something is found, and keeps it if asked to")
  func verify() throws {
    let sound = try runner.run("cache", "verify")
    #expect(sound.status == 0 && sound.output.contains("3 artifacts") && sound.output.contains("all sound"))
    let stray = runner.path("store/v3/stray")
    try OpenFile.creating(stray).write([Bytes([1])])
    let kept = try runner.run("cache", "verify", "--keep", "--json")
    #expect(kept.status == 1 && FileSystem.exists(stray))
    #expect((try kept.json()["problems"] as? [[String: Any]])?.map { $0["place"] as? String } == [stray])
    let dropped = try runner.run("cache", "verify")
    #expect(dropped.status == 1 && dropped.output.contains("stray file: \(stray)") && !FileSystem.exists(stray))
    #expect(try runner.run("cache", "verify").status == 0)
  }

  @Test("Wrong options are told", arguments: [["--limit", "much"], ["--limit=-1"], ["--older-than=-3"]])
  func usage(options: [String]) throws {
    let result = try runner.run(["cache", "gc"] + options)
    #expect(result.status == 64 && result.errors.contains(options[0].prefix(7)))
  }
}
