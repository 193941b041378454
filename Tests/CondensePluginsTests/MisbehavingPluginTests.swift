import CondenseCodecs
import CondenseFiles
import CondenseStages
import CondenseTensors
import Foundation
import TestSupport
import Testing

@testable import CondensePlugins

/// A plugin that does something that it must not, and what is said of it.
struct Misbehaviour: CustomTestStringConvertible, Sendable {
  var name: String
  var body: String
  var message: String
  var description: String?
  var isOneShot = false

  var testDescription: String { name }

  init(_ name: String, _ body: String, _ message: String, description: String? = nil, isOneShot: Bool = false) {
    (self.name, self.body, self.message) = (name, body, message)
    (self.description, self.isOneShot) = (description, isOneShot)
  }

  /// A result with a metric, as JSON.
  private static func metric(_ json: String) -> String {
    ShellPlugin.copy
      + "\nprintf '{\"type\":\"result\",\"id\":%s,\"tensors\":\"out.safetensors\",\"metrics\":\(json)}\\n' \"$id\""
  }

  /// A result in a file of this name.
  private static func file(_ name: String) -> String {
    "printf '{\"type\":\"result\",\"id\":%s,\"tensors\":\"\(name)\"}\\n' \"$id\""
  }

  /// Writes a safetensors file of one float32 tensor: its name, shape, and bytes as `printf` has them.
  private static func tensor(
    _ name: String = "tensor", dtype: String = "F32", shape: String = "2,3", end: Int = 24, bytes: String
  ) -> String {
    let json = "{\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":[\(shape)],\"data_offsets\":[0,\(end)]}}"
    let length = String(json.utf8.count, radix: 8)
    return
      "printf '\\\(length)\\0\\0\\0\\0\\0\\0\\0\(json)\(bytes)' > \"$output/out.safetensors\"\n" + ShellPlugin.done
  }

  private static let zeros = String(repeating: #"\0"#, count: 24)
  private static let described = "\"version\":1,\"summary\":\"A test.\",\"metrics\":[{\"name\":\"share\"}]"

  static let all = [
    Self("hangs", "sleep 1000", "it gave no result within 1 s, its time limit"),
    Self("hangs and will not be asked to end", "trap '' TERM\nwhile :; do sleep 1; done", "no result within 1 s"),
    Self("spins", "while :; do :; done", "no result within 1 s"),
    Self("forks, lingers and ends", "sleep 1000 & exit 0", "ended with exit code 0 without a result"),
    Self("forks and hangs", "sleep 1000 &\nsleep 1000", "no result within 1 s"),
    Self(
      "writes no end of lines", "while :; do echo '{\"type\":\"progress\",\"share\":0.5}'; done",
      "it wrote more than 262144 bytes"),
    Self(
      "writes a line without end", "while :; do printf 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'; done",
      "a line of its reply is longer than 65536 bytes"),
    Self("writes no end of log", "while :; do echo log >&2; done", "no result within 1 s"),
    Self("says nothing that is JSON", "echo hello", "its reply is no JSON: expected a value, found 'h'"),
    Self("writes half a reply and ends", "printf '{\"type\":\"resu'; exit 0", "its reply is no JSON"),
    Self("writes bytes that are no UTF-8", #"printf '{"type":"\377"}\n'"#, "a string is not valid UTF-8"),
    Self("replies with a list", "echo '[1]'", "its reply is no object with a type"),
    Self("replies with an unknown type", "echo '{\"type\":\"done\"}'", "of the unknown type \"done\""),
    Self(
      "replies with an unknown field", "echo '{\"type\":\"result\",\"id\":1,\"tensor\":\"x\"}'",
      "its result has the unknown field \"tensor\""),
    Self("replies too deeply", "printf '{\"type\":%01000d' 0 | tr 0 '['; echo", "values are nested too deeply"),
    Self(
      "answers another request", "printf '{\"type\":\"result\",\"id\":999}\\n'", "its result is for request 999, not"),
    Self(
      "answers twice",
      ShellPlugin.copy + "\n"
        + #"printf '{"type":"result","id":%s,"tensors":"out.safetensors"}\n{"type":"result","id":%s}\n' "$id" "$id""#,
      "it wrote more after its result"),
    Self(
      "writes after its result",
      ShellPlugin.copy + "\n" + #"printf '{"type":"result","id":%s,"tensors":"out.safetensors"}\nbye' "$id""#,
      "it wrote more after its result"),
    Self("closes its output and goes on", "exec >&-; sleep 1000", "it closed its standard output without a result"),
    Self(
      "ends with an error", "echo 'no such layer' >&2; exit 1",
      "it ended with exit code 1; the last of its log:\n    no such layer"),
    Self("ends with nothing", "exit 0", "it ended with exit code 0 without a result"),
    Self("is killed", "kill -9 $$", "it was killed by signal 9"),
    Self("crashes", "kill -SEGV $$", "it was killed by signal 11"),
    Self("gives up", #"echo '{"type":"error","message":"out of paper"}'"#, "out of paper"),
    Self("names no file", #"printf '{"type":"result","id":%s}\n' "$id""#, "its result names no file of tensors"),
    Self("names a file that is not there", file("none.safetensors"), "its result 'none.safetensors' is not there"),
    Self(
      "names a file outside its folder", file("../in.safetensors"), "expected the name of a file in the output folder"),
    Self("names an absolute path", file("/etc/passwd"), "expected the name of a file in the output folder"),
    Self("names the folder itself", file("."), "expected the name of a file in the output folder"),
    Self(
      "links to a file outside", "ln -s \"$input\" \"$output/out.safetensors\"\n" + ShellPlugin.done,
      "'out.safetensors' is a symbolic link"),
    Self(
      "makes a folder of its result", "mkdir \"$output/out.safetensors\"\n" + ShellPlugin.done,
      "'out.safetensors' is no regular file"),
    Self(
      "makes a pipe of its result", "mkfifo \"$output/out.safetensors\"\n" + ShellPlugin.done,
      "'out.safetensors' is no regular file"),
    Self(
      "makes ten gigabytes", "truncate -s 10G \"$output/out.safetensors\"\n" + ShellPlugin.done,
      "has 10737418240 bytes; the tensors take 24"),
    Self(
      "makes an empty file", ": > \"$output/out.safetensors\"\n" + ShellPlugin.done,
      "the file is too short for a safetensors header"),
    Self(
      "makes half a file", "head -c 40 \"$input\" > \"$output/out.safetensors\"\n" + ShellPlugin.done,
      "its result 'out.safetensors' cannot be read"),
    Self(
      "makes another shape", tensor(shape: "3,2", bytes: zeros),
      "holds F32 [3, 2] for the tensor \"tensor\", which is F32 [2, 3]"),
    Self("makes another dtype", tensor(dtype: "I32", bytes: zeros), "holds I32 [2, 3] for the tensor"),
    Self("makes another tensor", tensor("other", bytes: zeros), "holds the tensor \"other\", which nobody asked for"),
    Self(
      "makes no tensor", #"printf '\2\0\0\0\0\0\0\0{}' > "$output/out.safetensors""# + "\n" + ShellPlugin.done,
      "holds no tensor \"tensor\""),
    Self(
      "makes a not-a-number", tensor(bytes: #"\0\0\0\0\0\0\300\177"# + String(repeating: #"\0"#, count: 16)),
      "is not finite at element 1"),
    Self(
      "makes an infinity", tensor(bytes: String(repeating: #"\0"#, count: 20) + #"\0\0\200\377"#),
      "is not finite at element 5"),
    Self("reports a metric too many", metric(#"{"share":1}"#), "has the metric \"share\", which is not described"),
    Self(
      "reports a metric too few", ShellPlugin.copy + "\n" + ShellPlugin.done, "has no metric 'share'",
      description: described),
    Self(
      "reports a metric that is no number", metric(#"{"share":"much"}"#), "the metric \"share\" is no number: \"much\"",
      description: described),
    Self(
      "reports a metric that is not a number", metric(#"{"share":NaN}"#), "its reply is no JSON", description: described
    ),
    Self(
      "reports a metric beyond all numbers", metric(#"{"share":1e999}"#), "the number 1e999 is too large",
      description: described),
    Self(
      "calls a change lossless", tensor(bytes: zeros), "it calls itself lossless",
      description: "\"version\":1,\"summary\":\"A test.\",\"lossless\":true"),
  ]
}

@Suite("Plugins that misbehave")
struct MisbehavingPluginTests {
  @Test("Each gets an error that names it, and leaves nothing behind", arguments: Misbehaviour.all)
  func misbehaves(_ case: Misbehaviour) async throws {
    let workspace = try PluginWorkspace(limits: PluginWorkspace.short)
    // What it starts is in its group, whose number it writes down. Once there is `well`, it behaves.
    let guarded = """
        if [ -e well ]; then
        \(ShellPlugin.copy)
        printf '{"type":"result","id":%s,"tensors":"out.safetensors"\(`case`.description?.contains("share") == true ? ",\"metrics\":{\"share\":1}" : "")}\\n' "$id"
        else
        echo $$ >> pids
        \(`case`.body)
        fi
      """
    try workspace.writePlugin(
      "bad", ShellPlugin(guarded, description: `case`.description, isOneShot: `case`.isOneShot))
    let stage = try workspace.stage()
    do {
      _ = try stage.apply(PluginWorkspace.tensor, allocation: nil, run: StageRun())
      Issue.record("it went well")
    } catch {
      #expect(error.message.hasPrefix("plugin 'bad' (stages/condense-stage-bad): "), "\(error)")
      #expect(error.message.contains(`case`.message), "\(error)")
    }
    // One that gave up is well, and waits for the next request.
    try await expectNothingRuns(workspace, but: `case`.name == "gives up" ? 1 : 0)
    #expect(try FileSystem.names(in: workspace.root + "/.condense/v1/plugins/scratch").count <= 2)
    try workspace.write("", to: "well")
    let result = try stage.apply(PluginWorkspace.tensor, allocation: nil, run: StageRun())
    #expect(result.tensor == PluginWorkspace.tensor)
  }

  /// That no process of a group that was written down is there; one that was killed may take a moment to go.
  private func expectNothingRuns(_ workspace: PluginWorkspace, but count: Int) async throws {
    for text in workspace.text("pids").split(separator: "\n") {
      let group = try #require(pid_t(text))
      var left = longestWait * 100
      while left > 0, Self.runningCount(inGroup: group) > count {
        left -= 1
        try await Task.sleep(for: .milliseconds(10))
      }
      #expect(left > 0, "a process of group \(group) is left")
    }
  }

  private static func runningCount(inGroup group: pid_t) -> Int {
    #if os(Linux)
      let ids = ((try? FileSystem.names(in: "/proc")) ?? []).compactMap { pid_t($0) }
      return ids.count { id in
        guard let status = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return false }
        let fields = (status.split(separator: ")").last ?? "").split(separator: " ")
        return fields.count > 2 && fields[0] != "Z" && pid_t(fields[2]) == group
      }
    #else
      return kill(-group, 0) == 0 ? 1 : 0
    #endif
  }

  @Test(
    "A description that is wrong is an error at the plugin's entry",
    arguments: [
      ("sleep 1000", "it did not end within 1 s"), ("exit 3", "describe: it ended with exit code 3"),
      ("kill -9 $$", "describe: it was killed by signal 9"), ("sleep 1000 & echo '{'", "no JSON"),
      ("echo hello >&2; exit 1", "ended with exit code 1; the last of its log:\n    hello"),
      ("yes", "it printed more than 1048576 bytes"), (":", "no JSON: expected a value, found the end"),
      ("echo '[]'", "describe printed an array, not an object"),
      (#"echo '{"name":"bad"}'"#, "the description has no protocol"),
      (#"echo '{"protocol":2}'"#, "the plugin speaks version 2 of the protocol; this condense speaks 1"),
      (
        #"echo '{"protocol":1,"name":"other","version":1,"summary":"S"}'"#,
        "it calls itself 'other', but its file's name says 'bad'"
      ),
      (#"echo '{"protocol":1,"name":"Bad","version":1,"summary":"S"}'"#, "\"Bad\" is no stage's name"),
      (
        #"echo '{"protocol":1,"name":"bad","version":-1,"summary":"S"}'"#, "version of the description is the number -1"
      ),
      (
        #"echo '{"protocol":1,"name":"bad","version":1,"summary":"S","enviroment":[]}'"#,
        "the unknown field \"enviroment\""
      ),
      (
        #"echo '{"protocol":1,"name":"bad","version":1,"summary":"S","scope":"layer"}'"#,
        "none of tensor, model, evaluation"
      ),
      (
        #"echo '{"protocol":1,"name":"bad","version":1,"summary":"S","parameters":{"properties":{"a":{"type":"string","pattern":"x"}}}}'"#,
        "parameter 'a' has the unknown field \"pattern\""
      ),
      (
        #"echo '{"protocol":1,"name":"bad","version":1,"summary":"S","parameters":{"properties":{"a":{"type":"integer","maximum":3,"default":4}}}}'"#,
        "the default of parameter 'a' is the number 4, which its type does not allow"
      ),
      (
        #"echo '{"protocol":1,"name":"bad","version":1,"summary":"S","parameters":{"required":["b"]}}'"#,
        "the required parameter \"b\" is not described"
      ),
      (
        #"echo '{"protocol":1,"name":"bad","version":1,"summary":"S","metrics":[{"name":"a b"}]}'"#,
        "\"a b\" is no metric's name"
      ),
    ])
  func badDescription(_ script: String, _ message: String) throws {
    var limits = PluginWorkspace.short
    limits.describeSeconds = script.contains("1000") ? 1 : Double(longestWait)
    let workspace = try PluginWorkspace(limits: limits)
    try workspace.writePlugin("bad", ShellPlugin(describe: script))
    let loaded = workspace.load()
    #expect(loaded.stages.isEmpty)
    #expect(loaded.diagnostics.count == 1)
    let diagnostic = try #require(loaded.diagnostics.first)
    #expect(diagnostic.message.hasPrefix("the plugin stages/condense-stage-bad does not work: "))
    #expect(diagnostic.message.contains(message), "\(diagnostic.message)")
    #expect(diagnostic.range?.start.line == 1 && diagnostic.range?.start.column == 11)
    #expect(StageRegistry.builtIn.adding(loaded).unavailable["bad"]?.contains(message) == true)
  }

  @Test("What nobody wants any more is ended within its grace")
  func cancelled() throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin("slow", ShellPlugin("echo $$ >> pids; sleep 1000"))
    let stage = try workspace.stage()
    let run = StageRun(isCancelled: { workspace.lineCount("pids") > 0 })
    #expect(throws: StageError.cancelled) {
      try stage.apply(PluginWorkspace.tensor, allocation: nil, run: run)
    }
    let id = try #require(pid_t(workspace.text("pids").trimmingCharacters(in: .newlines)))
    #expect(!isRunning(id))
  }
}
