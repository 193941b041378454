import CondensePipelines
import CondenseStages
import Foundation
import TestSupport
import Testing

@testable import CondensePlugins

extension PluginWorkspace {
  /// How often the plugin of ``PluginSourceTests/counting(_:version:)`` was asked: twice each time.
  fileprivate var timesDescribed: Double { Double(lineCount("described")) / 2 }
}

@Suite("What decides what a plugin does")
struct PluginSourceTests {
  /// A plugin that counts how often it is asked to describe itself.
  private static func counting(_ more: String = "", version: Int = 1) -> ShellPlugin {
    ShellPlugin(
      describe:
        "echo x >> described; echo '{\"protocol\":1,\"name\":\"one\",\"version\":\(version),\"summary\":\"S\"\(more)}'")
  }

  /// Contents of the sources, which are what keys hold.
  private static func contents(_ loaded: LoadedPlugins, _ name: String = "one") throws -> [String] {
    try #require(loaded.stages.first { $0.description.name == name }).description.sources.map(\.content)
  }

  @Test("What was described is remembered while no file of the plugin changes")
  func remembered() throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin("one", Self.counting())
    let first = try Self.contents(workspace.load())
    #expect(try Self.contents(workspace.load()) == first)
    #expect(workspace.timesDescribed == 1)
  }

  @Test(
    "A change to what the plugin is made of is another key, and it describes itself again",
    arguments: ["condense-stage-one", "module.txt", "inner/deep.txt"])
  func changed(file: String) throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin("one", Self.counting())
    try workspace.write("a", to: "stages/module.txt")
    try workspace.write("a", to: "stages/inner/deep.txt")
    let first = try Self.contents(workspace.load())
    try workspace.write(
      workspace.text("stages/\(file)") + "\n# more", to: "stages/\(file)", isExecutable: file.hasPrefix("condense"))
    #expect(try Self.contents(workspace.load()) != first)
    #expect(workspace.timesDescribed == 2)
  }

  @Test("A module under another name is another key")
  func renamed() throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin("one", Self.counting())
    try workspace.write("a", to: "stages/module.txt")
    let first = try Self.contents(workspace.load())
    try FileManager.default.moveItem(
      atPath: workspace.root + "/stages/module.txt", toPath: workspace.root + "/stages/module2.txt")
    #expect(try Self.contents(workspace.load()) != first)
  }

  @Test(
    "What is no part of the plugin changes no key",
    arguments: ["stages/__pycache__/x.pyc", "stages/.git/index", "stages/.hidden", "pipelines/a.yaml"])
  func unchanged(file: String) throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin("one", Self.counting())
    let first = try Self.contents(workspace.load())
    try workspace.write("new", to: file)
    #expect(try Self.contents(workspace.load()) == first)
    #expect(workspace.timesDescribed == 1)
  }

  @Test("An edited plugin is another key for itself, not for others in its folder")
  func neighbours() throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin("one", Self.counting())
    try workspace.writePlugin("two", ShellPlugin())
    let before = workspace.load()
    try workspace.writePlugin("two", ShellPlugin("# other\n" + ShellPlugin.copy + "\n" + ShellPlugin.done))
    let after = workspace.load()
    #expect(try Self.contents(before) == Self.contents(after))
    #expect(try Self.contents(before, "two") != Self.contents(after, "two"))
  }

  @Test("The workspace's place is in no key")
  func moved() throws {
    var all: [[String]] = []
    for _ in 0..<2 {
      let workspace = try PluginWorkspace()
      try workspace.writePlugin("one", Self.counting())
      try workspace.write("a", to: "stages/module.txt")
      all.append(try Self.contents(workspace.load()))
    }
    #expect(all[0] == all[1])
  }

  @Test("Files, folders, patterns and variables that the description names are in keys")
  func named() throws {
    let workspace = try PluginWorkspace()
    let more = #","files":["../common/lib.txt","../data","../*.cfg","../none"],"environment":["CONDENSE_TEST_UNSET"]"#
    try workspace.writePlugin("one", Self.counting(more))
    for file in ["common/lib.txt", "data/a/b.txt", "x.cfg"] { try workspace.write("a", to: file) }
    let loaded = workspace.load()
    let sources = try #require(loaded.stages.first).description.sources
    #expect(
      Set(sources.map(\.name)) == [
        "command", "stages/condense-stage-one", "common/lib.txt", "data/a/b.txt", "x.cfg", "none",
        "$CONDENSE_TEST_UNSET",
      ])
    for file in ["common/lib.txt", "data/a/b.txt", "data/c.txt", "x.cfg", "y.cfg", "none"] {
      let before = try Self.contents(workspace.load())
      try workspace.write("b", to: file)
      #expect(try Self.contents(workspace.load()) != before, "\(file)")
    }
  }

  @Test("A command's program, its scripts and its words are in keys")
  func command() throws {
    let workspace = try PluginWorkspace()
    try workspace.write(Self.counting().text(name: "one"), to: "stages/one.sh")
    // `describe` comes after the command's own words.
    try workspace.write("shift; . stages/one.sh", to: "stages/main.sh")
    let one = workspace.load("plugins: ['sh stages/main.sh fast']")
    #expect(one.diagnostics.isEmpty, "\(one.diagnostics)")
    #expect(one.plugins.first?.location == "sh stages/main.sh fast")
    let names = try #require(one.stages.first).description.sources.map(\.name)
    #expect(
      names.contains("stages/main.sh") && names.contains("stages/one.sh") && names.contains { $0.hasSuffix("/sh") })
    #expect(try Self.contents(one) != Self.contents(workspace.load("plugins: ['sh stages/main.sh slow']")))
  }

  @Test("A script beside the workspace's other files takes in none of them")
  func atTheRoot() throws {
    let workspace = try PluginWorkspace()
    try workspace.write(Self.counting().text(name: "one"), to: "one.sh", isExecutable: true)
    try workspace.write("weights", to: "model.safetensors")
    let loaded = workspace.load("plugins: [./one.sh]")
    #expect(try #require(loaded.stages.first).description.sources.map(\.name) == ["command", "one.sh"])
  }

  @Test("A path's content is in keys, and where it is does not matter")
  func pathParameter() throws {
    let workspace = try PluginWorkspace()
    let more = #","parameters":{"properties":{"data":{"type":"string","format":"path"}}}"#
    try workspace.writePlugin("one", Self.counting(more))
    try workspace.write("a", to: "a.txt")
    try workspace.write("a", to: "b.txt")
    func configured(_ name: String) throws -> any ConfiguredStage {
      try workspace.stage(["data": .string(workspace.root + "/" + name)])
    }
    let first = try configured("a.txt")
    #expect(first.parameters == (try configured("b.txt").parameters))
    #expect(first.sources.map(\.name) == ["a.txt"])
    #expect(first.sources.first?.path == workspace.root + "/a.txt")
    #expect(!first.parameters.description.contains(workspace.root))
    try workspace.write("b", to: "a.txt")
    #expect(try configured("a.txt").parameters != first.parameters)
    #expect(throws: ParameterError("data", "cannot look at 'none': No such file or directory")) {
      try configured("none")
    }
    #expect(throws: ParameterError.self) { try configured("stages") }
  }

  @Test("A result is not taken when a file that decides it changed meanwhile")
  func changedMeanwhile() throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin(
      "one", ShellPlugin("echo b >> stages/module.txt\n" + ShellPlugin.copy + "\n" + ShellPlugin.done))
    try workspace.write("a", to: "stages/module.txt")
    let stage = try workspace.stage()
    do {
      _ = try stage.apply(PluginWorkspace.tensor, allocation: nil, run: StageRun())
      Issue.record("it went well")
    } catch {
      #expect(error.message.contains("/stages/module.txt' changed while it worked; build again"))
    }
  }

  @Test("A damaged memory of plugins is none")
  func damagedCache() throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin("one", Self.counting())
    let first = try Self.contents(workspace.load())
    let path = workspace.root + "/.condense/v1/plugins/known"
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    var generator = SeededGenerator(seed: 7)
    for round in 0..<50 {
      let damaged = Mutation().damaged(Array(bytes), using: &generator)
      try Data(damaged).write(to: URL(fileURLWithPath: path))
      #expect(try Self.contents(workspace.load()) == first, "round \(round)")
    }
  }

  @Test("Two plugins of one name are an error that shows both places; so is a built-in stage's name")
  func clashes() throws {
    let workspace = try PluginWorkspace()
    try workspace.writePlugin("one", ShellPlugin())
    try workspace.write(ShellPlugin().text(name: "one"), to: "more/condense-stage-one", isExecutable: true)
    try workspace.write(ShellPlugin().text(name: "prune"), to: "third/condense-stage-prune", isExecutable: true)
    let loaded = workspace.load("plugins:\n- stages/\n- more/\n- third/\n")
    #expect(loaded.stages.map(\.location) == ["stages/condense-stage-one"])
    #expect(
      loaded.diagnostics.map(\.message) == [
        "more/condense-stage-one: there is another plugin 'one': stages/condense-stage-one",
        "third/condense-stage-prune: there is a built-in stage 'prune'; the plugin needs another name",
      ])
    #expect(loaded.diagnostics.map { $0.range?.start.line } == [3, 4])
    #expect(loaded.diagnostics.first?.notes.first?.range.start.line == 2)
  }

  @Test(
    "What is no plugin is told at its entry",
    arguments: [
      ("none/", "cannot list the plugins in 'none/': No such file or directory"),
      ("none", "there is no program 'none', and no folder of that name"),
      ("./none.sh x", "there is no program './none.sh'"), ("plain.txt", "there is no program 'plain.txt'"),
      ("empty", "there is no plugin in 'empty'"),
      ("dull", "it is not executable; try 'chmod +x dull/condense-stage-x'"),
      ("odd", "'A.py' is no stage's name"),
      ("./bare", "a script begins with a line such as #!/bin/sh"),
    ])
  func noPlugin(entry: String, message: String) throws {
    let workspace = try PluginWorkspace()
    try workspace.write("x", to: "plain.txt")
    try workspace.write("x", to: "empty/readme")
    try workspace.write("#!/bin/sh", to: "dull/condense-stage-x")
    try workspace.write("#!/bin/sh", to: "odd/condense-stage-A.py", isExecutable: true)
    try workspace.write("exit 0", to: "bare", isExecutable: true)
    let loaded = workspace.load("plugins:\n  - \(entry)\n")
    #expect(loaded.diagnostics.count == 1)
    #expect(loaded.diagnostics.first?.message.contains(message) == true, "\(loaded.diagnostics.map(\.message))")
    #expect(loaded.diagnostics.first?.range?.start.line == 2)
  }

  @Test("A configuration without plugins costs no folder and no process")
  func noPlugins() throws {
    let (registry, loaded) = StageRegistry.builtIn.withPlugins(
      of: Configuration(),
      loader: { () -> PluginLoader in
        Issue.record("asked for")
        return PluginLoader(root: "/none", stateFolder: "/none")
      }())
    #expect(registry.names == StageRegistry.builtIn.names && loaded.plugins.isEmpty)
  }
}
