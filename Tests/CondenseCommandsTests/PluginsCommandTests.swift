import CondensePipelines
import Foundation
import TestSupport
import Testing

@testable import CondenseCommands

@Suite("condense plugins")
struct PluginsCommandTests {
  @Test("A plugin in shell is started, listed and passes its check")
  func shell() throws {
    let runner = try CommandRunner()
    let made = try runner.run("plugins", "new", "copy", "--language", "shell")
    #expect(made.status == 0, "\(made.errors)")
    #expect(made.output == "wrote stages/condense-stage-copy\nnamed the folder in condense.yaml\n")
    #expect(String(decoding: try runner.data("condense.yaml"), as: UTF8.self) == "plugins:\n  - stages/\n")
    let list = try runner.run("plugins", "list", "--json").json()
    let plugins = try #require(list["plugins"] as? [[String: Any]])
    #expect(plugins.count == 1)
    #expect(plugins[0]["name"] as? String == "copy" && plugins[0]["works"] as? Bool == true)
    #expect(plugins[0]["location"] as? String == "stages/condense-stage-copy")
    let check = try runner.run("plugins", "check", "copy")
    #expect(check.status == 0, "\(check.output)")
    #expect(check.output.hasSuffix("copy: all 11 checks passed\n"))
    // A second one of the name is refused, and a name in another case too.
    #expect(try runner.run("plugins", "new", "copy").status == 1)
    #expect(try runner.run("plugins", "new", "Copy").status == 64)
    #expect(try runner.run("plugins", "new", "prune").errors.contains("there is a stage 'prune' already"))
  }

  @Test("A plugin in Python or Swift passes its check, where there is what it needs")
  func interpreted() throws {
    let runner = try CommandRunner()
    for (language, isThere) in [("python", hasNumpy()), ("swift", canRun("swift", "--version"))] where isThere {
      #expect(try runner.run("plugins", "new", "my-\(language)", "--language", language).status == 0)
      // The first start ever compiles much that is kept for the next, and need not keep within a limit.
      #expect(canRun(runner.path("stages/condense-stage-my-\(language)"), "describe"))
      let check = try runner.run("plugins", "check", "my-\(language)", "--json")
      #expect(check.status == 0, "\(check.output)\(check.errors)")
      #expect(try check.json()["passed"] as? Bool == true)
    }
  }

  @Test("The README's way from an empty folder to a build works word for word, where Python has numpy")
  func walkThrough() throws {
    guard hasNumpy() else { return }
    // Below no workspace.
    let folder = FileManager.default.temporaryDirectory.path + "/condense-empty-\(UUID().uuidString)"
    let store = folder + "-store"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { for path in [folder, store] { try? FileManager.default.removeItem(atPath: path) } }
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let section = try #require(readme.components(separatedBy: "## Stages of your own\n").last)
    let start = try #require(section.range(of: "```sh\n"))
    let end = try #require(section.range(of: "```", range: start.upperBound..<section.endIndex))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-e", "-c", String(section[start.upperBound..<end.lowerBound])]
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    let programs = try CommandRunner.executable().deletingLastPathComponent().path
    let environment = ProcessInfo.processInfo.environment
    process.environment = environment.merging([
      "PATH": "\(programs):\(environment["PATH"] ?? "")", "CONDENSE_CACHE_DIR": store,
    ]) { $1 }
    let text = try output(of: process)
    #expect(process.terminationStatus == 0, "\(text)")
    #expect(text.contains("snap: all 11 checks passed"))
    #expect(text.contains("1 pipeline, all cached"))
  }

  /// Runs a process to its end; returns what it wrote to its standard output.
  private func output(of process: Process) throws -> String {
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let written = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: written, as: UTF8.self)
  }

  private func hasNumpy() -> Bool { canRun("python3", "-c", "import numpy") }

  private func canRun(_ words: String...) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  @Test(
    "A plugin works however condense was started",
    arguments: ["trap '' CHLD; exec \"$0\" \"$@\"", "exec \"$0\" \"$@\" <&-", "exec \"$0\" \"$@\" <&- 2>&-"])
  func surroundings(command: String) throws {
    let runner = try CommandRunner()
    #expect(try runner.run("plugins", "new", "copy", "--language", "shell").status == 0)
    let process = Process()
    // Not every shell hands an ignored SIGCHLD on.
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", command, try CommandRunner.executable().path, "plugins", "check", "copy"]
    process.currentDirectoryURL = URL(fileURLWithPath: runner.root)
    let text = try output(of: process)
    #expect(process.terminationStatus == 0, "\(text)")
    #expect(text.hasSuffix("copy: all 11 checks passed\n"), "\(text)")
  }

  @Test("A stage that breaks its promises fails its check with 1")
  func failing() throws {
    let runner = try CommandRunner()
    #expect(try runner.run("plugins", "new", "copy", "--language", "shell").status == 0)
    let script = String(decoding: try runner.data("stages/condense-stage-copy"), as: UTF8.self)
    try runner.write(script.replacing("cp \"$input\"", with: "cp /dev/null"), to: "stages/condense-stage-copy")
    chmod(runner.path("stages/condense-stage-copy"), 0o755)
    let check = try runner.run("plugins", "check", "copy")
    #expect(check.status == 1)
    #expect(check.output.contains("FAILED  keeps types and shapes, and reports what it describes: F32 [1, 1]"))
    #expect(check.output.contains("plugin 'copy' (stages/condense-stage-copy): "))
    #expect(try runner.run("plugins", "check", "cluster").status == 0)
    #expect(try runner.run("plugins", "check", "none").status == 64)
    #expect(try runner.run("plugins", "check", "copy", "--set", "a=1").errors.contains("copy has no parameters"))
  }

  @Test("A plugin that does not work is told at its entry")
  func broken() throws {
    let runner = try CommandRunner()
    try runner.write("jobs: 1\nplugins:\n  - stages/\n", to: "condense.yaml")
    try FileManager.default.createDirectory(atPath: runner.path("stages"), withIntermediateDirectories: true)
    try runner.write("#!/bin/sh\necho oops >&2\nexit 3\n", to: "stages/condense-stage-bad")
    chmod(runner.path("stages/condense-stage-bad"), 0o755)
    let list = try runner.run("plugins", "list")
    #expect(list.status == 65)
    #expect(list.output.contains("does not work"))
    #expect(list.errors.contains("condense.yaml:3:5: error: the plugin stages/condense-stage-bad does not work"))
    #expect(list.errors.contains("ended with exit code 3; the last of its log:\n    oops"))
    #expect(try runner.run("plugins", "check", "bad").status == 1)
  }

  @Test("What a plugin runs ends with an interrupted condense", arguments: [SIGINT, SIGTERM, SIGHUP])
  func interrupted(signal: Int32) async throws {
    let runner = try CommandRunner()
    #expect(try runner.run("plugins", "new", "slow", "--language", "shell").status == 0)
    let script = String(decoding: try runner.data("stages/condense-stage-slow"), as: UTF8.self)
    try runner.write(
      script.replacing(
        "cp \"$input\"", with: "trap '' TERM; echo $$ > pid.new; mv pid.new pid; sleep 1000; cp \"$input\""),
      to: "stages/condense-stage-slow")
    chmod(runner.path("stages/condense-stage-slow"), 0o755)
    let process = Process()
    process.executableURL = try CommandRunner.executable()
    process.arguments = ["plugins", "check", "slow"]
    process.currentDirectoryURL = URL(fileURLWithPath: runner.root)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try runWithoutBlockedSignals(process)
    try await wait("the plugin does not start") { FileManager.default.fileExists(atPath: runner.path("pid")) }
    let text = String(decoding: try runner.data("pid"), as: UTF8.self)
    let id = try #require(pid_t(text.trimmingCharacters(in: .newlines)))
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == signal)
    // An orphan is reaped by another, in its own time.
    try await wait("the plugin is left") {
      let status = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ""
      return kill(id, 0) != 0 || status.contains(") Z ")
    }
  }

  @Test("A build that fails ends the plugins that still run")
  func failingBuild() throws {
    let runner = try CommandRunner()
    // Too large to be handled together by one thread.
    try runner.writeModel([Float](repeating: 1, count: 40_000))
    try runner.write("plugins: [stages/]\n", to: "condense.yaml")
    try FileManager.default.createDirectory(atPath: runner.path("stages"), withIntermediateDirectories: true)
    for (name, body) in [
      ("hang", "\(ShellPlugin.note); sleep 1000 & : > began; wait"),
      ("fail", #"until [ -e began ]; do sleep 0.01; done; echo '{"type":"error","message":"no paper"}'"#),
    ] {
      try runner.write(ShellPlugin(body).text(name: name), to: "stages/condense-stage-\(name)")
      chmod(runner.path("stages/condense-stage-\(name)"), 0o755)
      try runner.write(
        "model: ../model.safetensors\nstages: [\(name)]\noutputs: [../build/\(name).condensed]\n",
        to: "pipelines/\(name).yaml")
    }
    let build = try runner.run("build", "--jobs", "2")
    #expect(build.status == 1)
    #expect(build.output.contains("plugin 'fail' (stages/condense-stage-fail): no paper"), "\(build.output)")
    #expect(build.output.contains("not finished, since the build stopped at an earlier failure"), "\(build.output)")
    let pids = String(decoding: try runner.data("pids"), as: UTF8.self)
    #expect(!pids.isEmpty && runningCount(inGroups: pids) == 0)
  }

  /// Tests run on threads that block signals, and a program inherits that from the thread that starts it.
  private func runWithoutBlockedSignals(_ process: Process) throws {
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
  }

  private func wait(_ message: Comment, until isTrue: () -> Bool) async throws {
    var left = longestWait * 100
    while left > 0, !isTrue() {
      left -= 1
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(left > 0, message)
  }

  @Test(
    "A folder is named in a configuration whose comments and layout stay",
    arguments: [
      ("", "plugins:\n  - stages/\n"), ("# mine\njobs: 2 # two", "# mine\njobs: 2 # two\nplugins:\n  - stages/\n"),
      ("plugins:\n  - python3 a.py # slow\njobs: 1\n", "plugins:\n  - python3 a.py # slow\n  - stages/\njobs: 1\n"),
      (
        "plugins:\n- command: [a, b]\n  seconds: 3\n\n# end\n",
        "plugins:\n- command: [a, b]\n  seconds: 3\n- stages/\n\n# end\n"
      ),
      ("plugins: [more/] # these\njobs: 1", "plugins: [more/, stages/] # these\njobs: 1"),
      ("plugins: []\n", "plugins: [stages/]\n"), ("plugins: more/ # one\n", "plugins: [more/, stages/] # one\n"),
      ("plugins: [stages]", nil), ("plugins:\n  - folder: ./stages/\n", nil),
    ] as [(String, String?)])
  func edits(before: String, after: String?) throws {
    let configuration = Configuration(SourceText(file: "/w/condense.yaml", text: before))
    let edit = ConfigurationEdit(configuration, at: "/w/condense.yaml")
    #expect(try edit.adding(pluginFolder: "stages", absolute: "/w/stages") == after)
  }

  @Test(
    "A configuration that is written too cleverly is left to its author", arguments: ["{jobs: 1}", "{plugins: [a/]}"])
  func refusedEdits(text: String) {
    let configuration = Configuration(SourceText(file: "/w/condense.yaml", text: text))
    #expect(throws: ConfigurationEdit.Failure.self) {
      try ConfigurationEdit(configuration, at: "/w/condense.yaml").adding(pluginFolder: "stages", absolute: "/w/stages")
    }
  }

  @Test("The Python helper that new plugins get is the repository's")
  func pythonHelper() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../Python")
    let text = try String(contentsOf: root.appending(path: "condense_stage.py"), encoding: .utf8)
    #expect(PluginStarter.pythonHelper == text)
  }
}
