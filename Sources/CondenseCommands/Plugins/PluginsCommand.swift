import ArgumentParser
import CondenseEngine
import CondensePlugins
import CondenseReports
import CondenseStages

struct PluginsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugins",
    abstract: "Lists stages that are programs of their own, checks them, and starts new ones.",
    discussion: """
      A stage plugin is an executable 'condense-stage-NAME' in a folder, or a command, that 'condense.yaml' names under \
      'plugins:'. See docs/stage-plugins.md.
      """,
    subcommands: [PluginsListCommand.self, PluginsCheckCommand.self, PluginsNewCommand.self])
}

struct PluginsListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the workspace's plugins, where they are and whether they work.")

  @OptionGroup var location: WorkspaceOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let console = Console()
    let workspace = try location.resolvedWorkspace()
    let stages = Toolbox.current.stages(of: workspace)
    console.show(stages.problems, workspace: workspace)
    if json {
      console.result(try JSONOutput.text(PluginsDocument(stages.loaded)))
    } else if stages.loaded.plugins.isEmpty {
      console.note("there are no plugins; 'condense plugins new NAME' starts one")
    } else {
      var table = TextTable([.left, .left, .left, .left, .left, .left])
      for plugin in stages.loaded.plugins {
        let description = plugin.stage?.description
        table.add(
          plugin.name ?? "?", description.map { "version \($0.version)" } ?? "", description?.scope.rawValue ?? "",
          plugin.location, description?.parameters.map(\.name).joined(separator: ", ") ?? "",
          plugin.problem == nil ? "works" : "does not work")
      }
      console.result(table.lines().joined(separator: "\n"))
    }
    if stages.problems.hasErrors { throw ExitCode.invalidInput }
  }
}

/// What `condense plugins list --json` prints.
struct PluginsDocument: Encodable {
  var plugins: [Plugin]

  struct Plugin: Encodable {
    var name: Nullable<String>
    var location: String
    var works: Bool
    var problem: Nullable<String>
    var version: Nullable<Int>
    var scope: Nullable<String>
    var summary: Nullable<String>
    var parameters: [StagesDocument.Parameter]
    var metrics: [String]
    /// Files and variables that decide what the stage yields.
    var sources: [String]
  }

  init(_ loaded: LoadedPlugins) {
    plugins = loaded.plugins.map { plugin in
      let description = plugin.stage?.description
      return Plugin(
        name: Nullable(plugin.name), location: plugin.location, works: plugin.problem == nil,
        problem: Nullable(plugin.problem), version: Nullable(description?.version),
        scope: Nullable(description?.scope.rawValue), summary: Nullable(description?.summary),
        parameters: description.map { StagesDocument.Stage($0).parameters } ?? [],
        metrics: description?.metrics.map(\.name) ?? [], sources: description?.sources.map(\.name) ?? [])
    }
  }
}
