import CondenseCodecs
import CondenseFiles
import CondensePlugins
import CondenseTensors
import Foundation
import TestSupport
import Testing

@testable import CondenseDaemon

@Suite("A daemon and plugins that misbehave") struct MisbehavingPluginTests {
  private static let plugin = "stages/condense-stage-bad"

  private static let limits: PluginLimits = {
    var limits = PluginLimits()
    // Also those that are well must describe themselves within it.
    limits.describeSeconds = 10
    limits.graceSeconds = 0.1
    limits.lineByteCount = 1 << 16
    limits.outputByteCount = 1 << 18
    return limits
  }()

  private static func configuration(seconds: Int) -> String { "plugins: [{folder: stages/, seconds: \(seconds)}]\n" }

  /// A workspace with a model that is what they expect, and a pipeline of nothing but the plugin.
  private static func workspace() throws -> DaemonWorkspace {
    let workspace = try DaemonWorkspace()
    let shape = try Shape([2, 3])
    let header = try SafetensorsHeader.laidOut([("layer.weight", .f32, shape)])
    let values = Bytes(elements: [1, -2, 3, -4, 5, -6] as [Float])
    try Data(header.encoded().array + values.array).write(to: URL(fileURLWithPath: workspace.path("model.safetensors")))
    try workspace.write(configuration(seconds: longestWait), to: "condense.yaml")
    try FileSystem.makeFolders(workspace.path("stages"))
    return workspace
  }

  /// Puts the plugin in place by a rename, so that it is never started half written.
  private static func write(_ plugin: ShellPlugin, _ note: String, in workspace: DaemonWorkspace) throws {
    let new = workspace.path(".new")
    // Another script each time: nothing of an earlier one may be taken for what this one does.
    try (plugin.text(name: "bad") + "\n# \(note)\n").write(toFile: new, atomically: false, encoding: .utf8)
    chmod(new, 0o755)
    guard rename(new, workspace.path(MisbehavingPluginTests.plugin)) == 0 else {
      throw FileError("rename", new, code: errno)
    }
  }

  @Test("Each is told, leaves nothing behind, and once it is mended the next build works") func one() async throws {
    let cases = Misbehaviour.requests + Misbehaviour.descriptions
    #expect(Set(cases.map(\.name)).count == cases.count && cases.count >= 25)
    let workspace = try MisbehavingPluginTests.workspace()
    try MisbehavingPluginTests.write(ShellPlugin(), "the first", in: workspace)
    try workspace.writePipeline("digits", "[bad]")
    try await withDaemon(
      workspace,
      {
        $0.pluginLimits = MisbehavingPluginTests.limits
        // What is wrong with a plugin may pass; that is not waited for.
        $0.firstRetry = Double(longestWait)
      }
    ) { daemon in
      try daemon.waitUntilWell("digits")
      let expected = try workspace.output("digits")
      for one in cases { try MisbehavingPluginTests.misbehave(one, daemon, expected) }
    }
  }

  private static func misbehave(_ one: Misbehaviour, _ daemon: RunningDaemon, _ expected: Data) throws {
    let workspace = daemon.workspace
    var plugin = one.plugin
    plugin.body = ShellPlugin.note + "\n" + plugin.body
    plugin.describe = plugin.describe.map { ShellPlugin.note + "\n" + $0 }
    if one.isSlow { try workspace.write(configuration(seconds: Misbehaviour.seconds), to: "condense.yaml") }
    try write(plugin, one.name, in: workspace)
    try daemon.settle()
    let error = try #require(daemon.state("digits")?.report.error, "\(one.name)")
    #expect(error.contains(one.message), "\(one.name): \(error)")
    #expect(error.contains("'bad'"), "\(one.name): \(error)")
    #expect(one.plugin.describe != nil || error.contains("'layer.weight'"), "\(one.name): \(error)")
    let pids = (try? workspace.data("pids")).map { String(decoding: $0, as: UTF8.self) } ?? ""
    #expect(!pids.isEmpty && runningCount(inGroups: pids, expected: one.staysWell ? 1 : 0) <= 1, "\(one.name)")

    if one.isSlow { try workspace.write(configuration(seconds: longestWait), to: "condense.yaml") }
    try write(one.mended, "\(one.name), mended", in: workspace)
    try daemon.waitUntilWell("digits")
    let report = try #require(daemon.state("digits")).report
    #expect(report.stages.map(\.actions.ran) == [1], "\(one.name)")
    #expect(try workspace.output("digits") == expected, "\(one.name)")
    #expect(runningCount(inGroups: pids) == 0, "\(one.name)")
    try workspace.remove("pids")
  }
}
