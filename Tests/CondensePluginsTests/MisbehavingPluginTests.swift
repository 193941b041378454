import CondenseCodecs
import CondenseFiles
import CondenseStages
import CondenseTensors
import Foundation
import TestSupport
import Testing

@testable import CondensePlugins

@Suite("Plugins that misbehave")
struct MisbehavingPluginTests {
  /// Limits under which what is too much is soon found out.
  private var limits: PluginLimits {
    var limits = PluginWorkspace.long
    limits.graceSeconds = 0.2
    limits.lineByteCount = 1 << 16
    limits.outputByteCount = 1 << 18
    return limits
  }

  @Test("Each gets an error that names it, and leaves nothing behind", arguments: Misbehaviour.requests)
  func misbehaves(_ case: Misbehaviour) throws {
    let workspace = try PluginWorkspace(limits: limits)
    // Once there is `well`, it behaves.
    var plugin = `case`.plugin
    plugin.body = "if [ -e well ]; then\n\(`case`.mended.body)\nelse\n\(ShellPlugin.note)\n\(plugin.body)\nfi"
    try workspace.writePlugin("bad", plugin)
    let short = "plugins: [{folder: stages/, seconds: \(Misbehaviour.seconds)}]"
    let stage = try workspace.stage(configuration: `case`.isSlow ? short : PluginWorkspace.configuration)
    do {
      _ = try stage.apply(PluginWorkspace.tensor, allocation: nil, run: StageRun())
      Issue.record("it went well")
    } catch {
      #expect(error.message.hasPrefix("plugin 'bad' (stages/condense-stage-bad): "), "\(error)")
      #expect(error.message.contains(`case`.message), "\(error)")
    }
    let expected = `case`.staysWell ? 1 : 0
    #expect(runningCount(inGroups: workspace.text("pids"), expected: expected) == expected)
    #expect(try FileSystem.names(in: workspace.root + "/.condense/v1/plugins/scratch").count <= 2)
    try workspace.write("", to: "well")
    // What is well has the time that it needs on a busy machine.
    let next = `case`.isSlow ? try workspace.stage() : stage
    let result = try next.apply(PluginWorkspace.tensor, allocation: nil, run: StageRun())
    #expect(result.tensor == PluginWorkspace.tensor)
  }

  @Test("A description that is wrong is an error at the plugin's entry", arguments: Misbehaviour.descriptions)
  func badDescription(_ case: Misbehaviour) throws {
    var limits = limits
    if `case`.isSlow { limits.describeSeconds = Double(Misbehaviour.seconds) }
    let workspace = try PluginWorkspace(limits: limits)
    var plugin = `case`.plugin
    plugin.describe = [ShellPlugin.note, plugin.describe ?? ""].joined(separator: "\n")
    try workspace.writePlugin("bad", plugin)
    let loaded = workspace.load()
    #expect(loaded.stages.isEmpty)
    #expect(loaded.diagnostics.count == 1)
    let diagnostic = try #require(loaded.diagnostics.first)
    #expect(diagnostic.message.hasPrefix("the plugin stages/condense-stage-bad does not work: "))
    #expect(diagnostic.message.contains(`case`.message), "\(diagnostic.message)")
    #expect(diagnostic.range?.start.line == 1 && diagnostic.range?.start.column == 11)
    #expect(StageRegistry.builtIn.adding(loaded).unavailable["bad"]?.contains(`case`.message) == true)
    #expect(runningCount(inGroups: workspace.text("pids")) == 0)
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
