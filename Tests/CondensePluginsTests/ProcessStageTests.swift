import CondenseCodecs
import CondenseStages
import CondenseTensors
import Foundation
import TestSupport
import Testing

@testable import CondensePlugins

@Suite("Stages that are programs of their own")
struct ProcessStageTests {
  @Test("One process serves many tensors; one that serves only one is started again", arguments: [false, true])
  func persistence(isOneShot: Bool) throws {
    let workspace = try PluginWorkspace()
    let body = "echo $$ >> pids\n" + ShellPlugin.copy + "\n" + ShellPlugin.done
    try workspace.writePlugin("copy", ShellPlugin(body, isOneShot: isOneShot))
    let stage = try workspace.stage()
    for _ in 0..<5 {
      let result = try stage.apply(PluginWorkspace.tensor, allocation: nil, run: StageRun())
      #expect(result == StageResult(PluginWorkspace.tensor))
    }
    let ids = workspace.text("pids").split(separator: "\n")
    #expect(ids.count == 5 && Set(ids).count == (isOneShot ? 5 : 1))
  }

  @Test("One that speaks out of turn is started again for the next tensor, and that is told")
  func speaking() throws {
    let workspace = try PluginWorkspace()
    let body = """
      \(ShellPlugin.note)
      \(ShellPlugin.copy)
      \(ShellPlugin.done)
      if [ ! -e said ]; then
        until [ -e taken ]; do sleep 0.01; done
        echo '{"type":"progress","share":1}'
        : > said
      fi
      """
    try workspace.writePlugin("eager", ShellPlugin(body))
    let stage = try workspace.stage()
    _ = try stage.apply(PluginWorkspace.tensor, allocation: nil, run: StageRun())
    try workspace.write("", to: "taken")
    let deadline = Deadline(seconds: Double(longestWait))
    while !FileManager.default.fileExists(atPath: workspace.root + "/said"), !deadline.isOver { usleep(1000) }
    let told = Told()
    let result = try stage.apply(PluginWorkspace.tensor, allocation: nil, run: StageRun(log: { told.add($0) }))
    #expect(result == StageResult(PluginWorkspace.tensor))
    #expect(told.lines == ["the plugin wrote more after its result, so it is started again"])
    #expect(Set(workspace.text("pids").split(separator: "\n")).count == 2)
  }

  @Test("A plugin that gave up goes on with the next tensor")
  func errorsKeepTheProcess() throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin("picky", ShellPlugin(#"echo $$ >> pids; echo '{"type":"error","message":"no"}'"#))
    let stage = try workspace.stage()
    for _ in 0..<2 {
      #expect(throws: StageError("plugin 'picky' (stages/condense-stage-picky): no")) {
        try stage.apply(PluginWorkspace.tensor, allocation: nil, run: StageRun())
      }
    }
    #expect(Set(workspace.text("pids").split(separator: "\n")).count == 1)
  }

  @Test("What it says in several lines stays in lines, which end somewhere")
  func lines() throws {
    let workspace = try PluginWorkspace()
    let long = String(repeating: "x", count: 5000)
    try workspace.write(
      #"""
      {"type":"log","text":"one\n\ntwo \u001b[1m\n\#(long)"}
      {"type":"error","message":"no\nsuch layer"}

      """#, to: "reply")
    try workspace.writePlugin("wordy", ShellPlugin("cat reply"))
    let told = Told()
    #expect(throws: StageError("plugin 'wordy' (stages/condense-stage-wordy): no\n    such layer")) {
      try workspace.stage().apply(PluginWorkspace.tensor, allocation: nil, run: StageRun(log: { told.add($0) }))
    }
    #expect(told.lines == ["one", "two \u{FFFD}[1m", String(long.prefix(1000))])
  }

  @Test("Processes end with the last who could need them")
  func ending() throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin(
      "copy", ShellPlugin("echo $$ >> pids; sleep 1000 &\n" + ShellPlugin.copy + "\n" + ShellPlugin.done))
    func use() throws { _ = try workspace.stage().apply(PluginWorkspace.tensor, allocation: nil, run: StageRun()) }
    try use()
    let id = try #require(pid_t(workspace.text("pids").trimmingCharacters(in: .newlines)))
    #expect(!isRunning(id))
  }

  @Test("A plugin that is loaded again unchanged goes on with its processes")
  func reloading() throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin("copy", ShellPlugin("echo $$ >> pids\n" + ShellPlugin.copy + "\n" + ShellPlugin.done))
    let loader = workspace.loader()
    for _ in 0..<2 {
      let stage = try #require(workspace.load(with: loader).stages.first).configure([:])
      _ = try stage.apply(PluginWorkspace.tensor, allocation: nil, run: StageRun())
    }
    #expect(Set(workspace.text("pids").split(separator: "\n")).count == 1)
  }

  @Test("Progress, log lines and metrics come through")
  func told() throws {
    let workspace = try PluginWorkspace()
    let body = """
      echo 'to the log' >&2
      echo '{"type":"progress","share":0.25}'
      echo '{"type":"log","text":"halfway"}'
      \(ShellPlugin.copy)
      printf '{"type":"result","id":%s,"tensors":"out.safetensors","metrics":{"share":0.5,"count":3}}\\n' "$id"
      """
    try workspace.writePlugin(
      "tell",
      ShellPlugin(
        body,
        description:
          #""version":4,"summary":"S","metrics":[{"name":"share","summary":"A"},{"name":"count","total":"sum"}]"#))
    let told = Told()
    let run = StageRun(progress: { told.add("\($0)") }, log: { told.add($0) })
    let result = try workspace.stage().apply(PluginWorkspace.tensor, allocation: nil, run: run)
    #expect(result.metrics == ["share": 0.5, "count": 3])
    #expect(Set(told.lines) == ["0.25", "halfway", "to the log"])
    let description = try #require(workspace.load().stages.first).description
    #expect(description.version == 4 && description.metrics.map(\.total) == [.mean, .sum])
  }

  @Test("Parameters reach the plugin with defaults, and are checked before it starts")
  func parameters() throws {
    let workspace = try PluginWorkspace()
    let schema = #"""
      "version":1,"summary":"S","parameters":{"type":"object","additionalProperties":false,"required":["rank"],"properties":{
      "rank":{"type":"integer","minimum":1,"maximum":9,"description":"The rank."},
      "share":{"type":"number","minimum":0,"maximum":1,"default":0.5},"fast":{"type":"boolean","default":false},
      "kind":{"type":"string","enum":["a","b"],"default":"a"},"note":{"type":"string"},
      "size":{"type":"array","items":{"type":"integer","minimum":1},"minItems":2,"maxItems":2}}}
      """#.replacing("\n", with: "")
    try workspace.writePlugin(
      "set",
      ShellPlugin(
        "printf '%s\\n' \"$request\" >> requests\n" + ShellPlugin.copy + "\n" + ShellPlugin.done, description: schema))
    let stage = try workspace.stage(["rank": .integer(3), "size": .list([.integer(1), .integer(2)])])
    _ = try stage.apply(PluginWorkspace.tensor, allocation: nil, run: StageRun())
    #expect(
      workspace.text("requests").contains(
        #""action":"apply","parameters":{"fast":false,"kind":"a","rank":3,"share":0.5,"size":[1,2]},"input":"/"#))
    for (wrong, key) in [
      ([:], nil), (["rank": .integer(10)], "rank"), (["rank": .integer(1), "other": .bool(true)], "other"),
      (["rank": .integer(1), "kind": .string("c")], "kind"),
      (["rank": .integer(1), "size": .list([.integer(1)])], "size"),
    ] as [(StageParameters, String?)] {
      do {
        _ = try workspace.stage(wrong)
        Issue.record("\(wrong) is taken")
      } catch let error as ParameterError {
        #expect(error.key == key)
      }
    }
  }

  @Test("One that does not do as its examples fails its check")
  func conformance() throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin(
      "boast",
      ShellPlugin(
        description:
          #""version":1,"summary":"S","examples":[{"title":"Doubles","shape":[1,1],"input":[1],"output":[2]}]"#))
    let stage = try #require(workspace.load().stages.first)
    #expect(stage.conformance().compactMap(\.problem) == ["Doubles: it yields [1.0]"])
  }

  @Test("One that describes itself otherwise than it did, though no file changed, fails its check")
  func conformanceOfDescription() throws {
    let workspace = try PluginWorkspace()
    try workspace.write("1", to: "version")
    try workspace.writePlugin(
      "vary",
      ShellPlugin(
        describe: #"echo "{\"protocol\":1,\"name\":\"vary\",\"version\":$(cat version),\"summary\":\"S\"}""#))
    let stage = try #require(workspace.load().stages.first)
    try workspace.write("2", to: "version")
    #expect(
      stage.conformance().compactMap(\.problem) == ["it is 'vary' version 2 now, though no file of it changed"])
  }

  @Test("A decision over the model goes by way of JSON")
  func decides() throws {
    let workspace = try PluginWorkspace()
    let body = """
      case $request in
      *'"action":"measure"'*) printf '{"type":"result","id":%s,"measurement":{"norm":[1,2.5]}}\\n' "$id" ;;
      *'"action":"allocate"'*'"measurements":[{"norm":[1,2.5]},{"norm":[1,2.5]}]}')
        printf '{"type":"result","id":%s,"allocations":[[3,4],7]}\\n' "$id" ;;
      *'"allocation":[3,4]}') \(ShellPlugin.copy); \(ShellPlugin.done) ;;
      esac
      """
    try workspace.writePlugin("decide", ShellPlugin(body, description: #""version":1,"summary":"S","decides":true"#))
    let stage = try workspace.stage()
    #expect(stage.spansModel)
    let measurement = try stage.measure(PluginWorkspace.tensor, run: StageRun())
    let allocations = try stage.allocate([measurement, measurement], run: StageRun())
    #expect(allocations == [Allocation([3, 4]), Allocation([7])])
    _ = try stage.apply(PluginWorkspace.tensor, allocation: allocations[0], run: StageRun())
  }

  @Test("A stage that sees a model gets all tensors by their names")
  func model() throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin("tune", ShellPlugin(description: #""version":1,"summary":"S","scope":"model""#))
    let stage = try workspace.stage()
    let other = EncodedTensor(try Tensor([0, 0, 0, 0, 0, 0, 0, 1], shape: [8]))
    let model = [NamedTensor(name: "a/b \"c\"", tensor: PluginWorkspace.tensor), NamedTensor(name: "é", tensor: other)]
    let result = try stage.transform(model, run: StageRun())
    // Zeros are left out where that is smaller.
    #expect(result.tensors[0] == PluginWorkspace.tensor && result.tensors[1].mask != nil)
    #expect(try result.tensors[1].expanded() == other.expanded())
  }

  @Test("An evaluation yields numbers and no tensors", arguments: [false, true])
  func evaluation(hasTensors: Bool) throws {
    let workspace = try PluginWorkspace()
    let tensors = hasTensors ? "\\\"tensors\\\":\\\"x\\\"," : ""
    try workspace.writePlugin(
      "score",
      ShellPlugin(
        "printf \"{\\\"type\\\":\\\"result\\\",\\\"id\\\":%s,\(tensors)\\\"metrics\\\":{\\\"accuracy\\\":0.9}}\\n\" \"$id\"",
        description: #""version":1,"summary":"S","scope":"evaluation","metrics":[{"name":"accuracy","summary":"A"}]"#))
    let stage = try workspace.stage()
    let model = [NamedTensor(name: "w", tensor: PluginWorkspace.tensor)]
    if hasTensors {
      #expect(throws: StageError.self) { try stage.transform(model, run: StageRun()) }
    } else {
      #expect(try stage.transform(model, run: StageRun()) == ModelResult([], metrics: ["accuracy": 0.9]))
    }
  }

  @Test(
    "What it acts on is what it says",
    arguments: [(DType.f16, 1, true), (.f16, 0, false), (.f64, 2, false), (.i8, 3, true)])
  func accepts(dtype: DType, rank: Int, isAccepted: Bool) throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin(
      "some", ShellPlugin(description: #""version":1,"summary":"S","accepts":{"dtypes":["F16","I8"],"minRank":1}"#))
    let shape = try Shape(Array(repeating: 2, count: rank))
    #expect(try workspace.stage().accepts(TensorDescription(dtype: dtype, shape: shape)) == isAccepted)
  }

  @Test("Callers at a time get a process each, and all the same bytes")
  func concurrency() throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin("copy", ShellPlugin("echo $$ >> pids\n" + ShellPlugin.copy + "\n" + ShellPlugin.done))
    let stage = try workspace.stage()
    let results = Told()
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      let result = try? stage.apply(PluginWorkspace.tensor, allocation: nil, run: StageRun())
      results.add(result == StageResult(PluginWorkspace.tensor) ? "same" : "other")
    }
    #expect(results.lines == Array(repeating: "same", count: 8))
  }

  @Test("A plugin inherits no ignored signal, no blocked one, no open file, and is in a group of its own")
  func surroundings() throws {
    #if os(Linux)
      let workspace = try PluginWorkspace()
      try workspace.writePlugin(
        "look",
        ShellPlugin(
          "grep -E '^Sig(Blk|Ign)' /proc/self/status > signals; cut -d ' ' -f 5 /proc/$$/stat > group; echo $$ > pid; ls /proc/$$/fd > open\n"
            + ShellPlugin.copy + "\n" + ShellPlugin.done))
      // Somebody has not thought of programs that are started.
      let inherited = fcntl(open("/dev/null", O_RDONLY), F_DUPFD, 500)
      defer { close(inherited) }
      try #require(inherited >= 500)
      _ = try workspace.stage().apply(PluginWorkspace.tensor, allocation: nil, run: StageRun())
      let masks = workspace.text("signals").split(whereSeparator: \.isWhitespace).compactMap { UInt64($0, radix: 16) }
      // Those from 32 on are the C library's own.
      #expect(masks.count == 2 && masks.allSatisfy { $0 & 0x7FFF_FFFF == 0 })
      #expect(workspace.text("group") == workspace.text("pid"))
      let open = workspace.text("open").split(separator: "\n")
      #expect(open.starts(with: ["0", "1"]) && !open.contains("\(inherited)"), "\(open)")
    #endif
  }

  #if os(Linux)
    @Test("More memory than is allowed is refused to the plugin")
    func memory() throws {
      let workspace = try PluginWorkspace()
      try workspace.writePlugin("big", ShellPlugin("ulimit -v > limit\n" + ShellPlugin.copy + "\n" + ShellPlugin.done))
      let loaded = workspace.load("plugins: [{folder: stages, memory: 512 MiB}]")
      let stage = try #require(loaded.stages.first, "\(loaded.diagnostics.map(\.message))").configure([:])
      _ = try stage.apply(PluginWorkspace.tensor, allocation: nil, run: StageRun())
      #expect(workspace.text("limit") == "524288\n")
    }

    @Test("A script that is being written is waited for, for a while", arguments: [nil, 1 << 30])
    func busy(memory: Int?) throws {
      let workspace = try PluginWorkspace()
      try workspace.writePlugin("copy", ShellPlugin())
      let path = workspace.root + "/stages/condense-stage-copy"
      func start() throws(PluginFailure) -> ChildProcess {
        try ChildProcess.start([path, "describe"], in: workspace.root, memory: memory, hasInput: false)
      }
      let writer = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
      #expect(throws: PluginFailure("cannot start '\(path)': Text file busy")) { try start() }
      close(writer)
      let process = try start()
      process.waitForExit(seconds: Double(longestWait))
      process.kill()
      #expect(process.status == .exited(0))
    }
  #endif

  @Test("A process that somebody else has waited for is not killed: its number may be another's")
  func reaped() throws {
    let workspace = try PluginWorkspace()
    let process = try ChildProcess.start(["/bin/sh", "-c", "exit 3"], in: workspace.root, memory: nil, hasInput: false)
    while waitpid(process.id, nil, 0) < 0, errno == EINTR {}
    #expect(process.hasExited)
    #expect(process.status == .unknown)
  }

  @Test("What does not start says why, with a limit too", arguments: [nil, 1 << 30])
  func notStarting(memory: Int?) throws {
    let workspace = try PluginWorkspace()
    try workspace.write("echo", to: "no-script", isExecutable: true)
    try workspace.write("#!/no/such/shell\n", to: "no-shell", isExecutable: true)
    for (name, problem) in [
      ("no-script", "Exec format error; a script begins with a line such as #!/bin/sh"),
      ("no-shell", "No such file or directory"), ("missing", "No such file or directory"),
    ] {
      let path = workspace.root + "/" + name
      #expect(throws: PluginFailure("cannot start '\(path)': \(problem)")) {
        try ChildProcess.start([path], in: workspace.root, memory: memory, hasInput: true)
      }
    }
  }
}

/// Lines from any thread.
final class Told: @unchecked Sendable {
  private let lock = NSLock()
  private var all: [String] = []

  func add(_ line: String) { lock.withLock { all.append(line) } }
  var lines: [String] { lock.withLock { all } }
}
