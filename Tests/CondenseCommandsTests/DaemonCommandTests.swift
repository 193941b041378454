import Foundation
import Testing

@Suite("condense daemon, and commands that find it")
struct DaemonCommandTests {
  /// A workspace, and how `condense build` is asked for.
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var arguments: [String] = []
    var status: Int32
    var prepare: @Sendable (CommandRunner) throws -> Void
  }

  private static let good = "[{prune: {sparsity: 0.5}}, huffman]"

  static let cases: [Case] = [
    Case(testDescription: "all fine", status: 0) { try $0.writePipeline("p", good) },
    Case(testDescription: "a failed check", status: 1) {
      try $0.writePipeline("p", good, more: "checks: {density: {max: 1%}}")
    },
    Case(testDescription: "an invalid file", status: 65) {
      try $0.writePipeline("a", good)
      try $0.writePipeline("p", "[{prune: {sparsity: 7}}]")
    },
    Case(testDescription: "a missing model", status: 65) {
      let text = "model: nowhere.safetensors\nstages: \(good)\noutputs: [../build/p.condensed]\n"
      try $0.write(text, to: "pipelines/p.yaml")
    },
    Case(testDescription: "a document", arguments: ["--json"], status: 0) { try $0.writePipeline("p", good) },
    Case(testDescription: "going on", arguments: ["--keep-going"], status: 1) {
      try $0.writePipeline("a", good, more: "checks: {density: {max: 1%}}")
      try $0.writePipeline("b", good)
    },
    Case(testDescription: "a path", arguments: ["pipelines/b.yaml", "--tensors"], status: 0) {
      try $0.writePipeline("a", "[{prune: {sparsity: 7}}]")
      try $0.writePipeline("b", good)
    },
    Case(testDescription: "a path that names nothing", arguments: ["pipelines/c.yaml"], status: 65) {
      try $0.writePipeline("b", good)
    },
  ]

  /// Times and the runner's own folder taken out.
  private static func words(_ text: String, _ runner: CommandRunner) -> String {
    text.replacing(runner.root, with: "ROOT")
      .replacing(/"seconds" ?: ?[0-9.e-]+/, with: "SECONDS")
      .replacing(/[0-9.]+ ?(ms|s|min)\b/, with: "TIME")
  }

  @Test("A build says the same and ends the same with a daemon as without", arguments: cases)
  func same(test: Case) throws {
    // The daemon builds what it finds when it starts, so both are asked once more when all is done.
    let (alone, served) = (try CommandRunner(), try CommandRunner())
    for runner in [alone, served] {
      try runner.writeModel()
      try test.prepare(runner)
    }
    _ = try alone.run("build", "--keep-going")
    let expected = try alone.run(["build"] + test.arguments)
    let daemon = try DaemonProcess(served)
    _ = try served.run("build", "--keep-going")
    let result = try served.run(["build"] + test.arguments)
    #expect(expected.status == test.status)
    #expect(result.status == test.status)
    #expect(Self.words(result.output, served) == Self.words(expected.output, alone))
    #expect(Self.words(result.errors, served) == Self.words(expected.errors, alone))
    daemon.signal(SIGTERM)
    #expect(daemon.end() == 0, "\(daemon.log)")
  }

  @Test("A daemon of another version is said, and the command builds by itself") func version() throws {
    let runner = try CommandRunner()
    try runner.writeModel()
    try runner.writePipeline("p", Self.good)
    let daemon = try DaemonProcess(runner)
    let path = ".condense/daemon/record.json"
    let record = String(decoding: try runner.data(path), as: UTF8.self)
    try runner.write(record.replacing(/"version" : "[^"]*"/, with: "\"version\" : \"0.0.1\""), to: path)
    let result = try runner.run("build")
    #expect(result.status == 0)
    let note = "note: the daemon that serves this workspace (process \(daemon.pid)) is condense 0.0.1"
    #expect(result.errors.contains(note))
    #expect(result.errors.contains("building in this process"))
    #expect(result.output.contains("p"))
    let asked = try runner.run("build", "--no-daemon")
    #expect(asked.status == 0 && asked.errors.isEmpty)
  }

  @Test("A second daemon says who serves the workspace, and ends with 1") func second() throws {
    let runner = try CommandRunner()
    let daemon = try DaemonProcess(runner)
    let result = try runner.run("daemon")
    #expect(result.status == 1)
    #expect(result.errors.contains("a daemon serves this workspace already: process \(daemon.pid), since "))
    daemon.signal(SIGKILL)
    #expect(daemon.end() == -SIGKILL)
    // What it left behind hinders nobody.
    let next = try DaemonProcess(runner)
    next.signal(SIGINT)
    #expect(next.end() == 0)
    #expect(!FileManager.default.fileExists(atPath: runner.path(".condense/daemon/record.json")))
    #expect(!FileManager.default.fileExists(atPath: runner.path(".condense/daemon/socket")))
  }

  @Test("A build that the daemon does not survive is done all the same") func killed() throws {
    let runner = try CommandRunner()
    try runner.writeModel()
    try runner.writePipeline("p", Self.good)
    let daemon = try DaemonProcess(runner)
    daemon.signal(SIGKILL)
    _ = daemon.end()
    let result = try runner.run("build")
    #expect(result.status == 0 && result.errors.isEmpty)
  }

  @Test("SIGTERM ends a daemon that builds, with 0") func terminated() throws {
    let runner = try CommandRunner()
    var weights: [Float] = []
    for index in 0..<4_000_000 { weights.append(Float((index &* 2_654_435_761) % 1_000_003) / 1000) }
    try runner.writeModel(weights)
    for bits in 1...8 { try runner.writePipeline("p\(bits)", "[{cluster: {bits: \(bits)}}, huffman]") }
    let daemon = try DaemonProcess(runner)
    daemon.signal(SIGTERM)
    #expect(daemon.end() == 0, "\(daemon.log)")
    #expect(daemon.log.contains("ended"))
    #expect(try daemon.notification() == "STOPPING=1")
    let result = try runner.run("build", "pipelines/p1.yaml")
    #expect(result.status == 0)
  }

  @Test("SIGHUP has the configuration read again, and the service manager told") func reload() throws {
    let runner = try CommandRunner()
    let daemon = try DaemonProcess(runner)
    daemon.signal(SIGHUP)
    #expect(try daemon.notification().hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
    #expect(try daemon.notification().hasPrefix("READY=1"))
    daemon.signal(SIGTERM)
    #expect(try daemon.notification() == "STOPPING=1")
    #expect(daemon.end() == 0)
  }

  @Test("status tells of the daemon and what it serves, as text and as JSON") func status() throws {
    let runner = try CommandRunner()
    try runner.writeModel()
    try runner.writePipeline("p", Self.good)
    let without = try runner.run("status", "--json").json()
    #expect(without["daemon"] is NSNull && without["building"] is NSNull)
    let daemon = try DaemonProcess(runner)
    #expect(try runner.run("build").status == 0)
    let document = try runner.run("status", "--json").json()
    #expect(
      Set(document.keys) == ["workspace", "daemon", "building", "pipelines", "problems", "builds"])
    let service = try #require(document["daemon"] as? [String: Any])
    let keys = [
      "pid", "started", "version", "socket", "address", "token_file", "store", "watching", "watches", "queue_depth",
    ]
    for key in keys {
      #expect(service[key] != nil, "\(key)")
    }
    #expect(service["pid"] as? Int == Int(daemon.pid))
    #expect((service["address"] as? String)?.hasPrefix("http://127.0.0.1:") == true)
    let text = try runner.run("status")
    #expect(text.status == 0)
    #expect(text.output.contains("daemon  process \(daemon.pid)"))
    #expect(text.output.contains("watching: "))
  }

  @Test(
    "Only the loopback is served",
    arguments: ["0.0.0.0:80", "example.com:80", "[::]:80", ":80", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", ""])
  func listen(place: String) throws {
    let runner = try CommandRunner()
    let result = try runner.run("daemon", "--listen", place)
    #expect(result.status == 64)
    #expect(result.errors.contains("--listen"))
  }

  @Test("A port that is taken is said, and ends the daemon with 1") func takenPort() throws {
    let (runner, other) = (try CommandRunner(), try CommandRunner())
    let daemon = try DaemonProcess(runner)
    let service = try #require(runner.run("status", "--json").json()["daemon"] as? [String: Any])
    let address = try #require(service["address"] as? String).replacing("http://", with: "")
    let result = try other.run("daemon", "--listen", address)
    #expect(result.status == 1)
    #expect(result.errors.contains("cannot listen on \(address): another process does"))
    withExtendedLifetime(daemon) {}
  }

  @Test("--print-service prints what a service manager runs, and starts nothing", arguments: ["systemd", "launchd"])
  func service(manager: String) throws {
    let runner = try CommandRunner()
    let result = try runner.run("daemon", "--print-service", "--service-manager", manager)
    #expect(result.status == 0)
    #expect(result.output.contains(runner.root))
    #expect(result.output.contains(runner.root + "/store"))
    #expect(result.output.contains(manager == "systemd" ? "Type=notify" : "<key>ProgramArguments</key>"))
    #expect(!FileManager.default.fileExists(atPath: runner.path(".condense/daemon")))
  }
}
