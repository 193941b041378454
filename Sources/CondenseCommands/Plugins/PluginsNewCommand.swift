import ArgumentParser
import CondenseEngine
import CondenseFiles
import CondensePipelines
import CondensePlugins
import CondenseReports
import CondenseTensors
import Foundation

struct PluginsNewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Writes a plugin to begin with, and names it in 'condense.yaml'. Overwrites nothing.")

  @Argument(help: "The stage's name: lower-case letters, digits and hyphens.")
  var name: String

  @Option(name: .shortAndLong, help: "The language: python, shell or swift.")
  var language: PluginStarter.Language = .python

  @Option(help: ArgumentHelp("The folder of plugins, relative to the workspace.", valueName: "folder"))
  var folder = "stages"

  @OptionGroup var location: WorkspaceOptions

  func validate() throws {
    guard ProcessStage.isName(name) else {
      throw ValidationError("'\(name)' is no stage's name: lower-case letters, digits and hyphens, a letter first")
    }
  }

  func run() throws {
    let console = Console()
    let workspace = try location.resolvedWorkspace()
    let stages = try Toolbox.current.stages.withPlugins(
      of: workspace.configuration, loader: try WorkspaceStages.loader(for: workspace))
    guard stages.registry.stage(named: name) == nil else {
      console.error("there is a stage '\(name)' already")
      throw ExitCode.failure
    }
    let starter = PluginStarter(name: name, language: language)
    let target = AbsolutePath.resolve(folder, from: workspace.root)
    do {
      // What the configuration would become is known before anything is written.
      let edit = try ConfigurationEdit(workspace.configuration, at: workspace.configurationPath)
        .adding(pluginFolder: folder, absolute: target)
      for path in try starter.write(to: target) { console.result("wrote \(workspace.displayPath(path))") }
      if let edit {
        try FileSystem.replace(
          workspace.configurationPath, with: Bytes(edit.utf8), through: workspace.configurationPath + ".new")
        console.result("named the folder in \(workspace.displayPath(workspace.configurationPath))")
      }
      console.note("try it with 'condense plugins check \(name)', then use it as '- \(name)' in a pipeline")
    } catch let error as FileError where error.code == EEXIST {
      console.error("'\(workspace.displayPath(error.path))' is there already; it is left as it is")
      throw ExitCode.failure
    } catch let error as ConfigurationEdit.Failure {
      console.error(error.message)
      throw ExitCode.failure
    }
  }
}

extension PluginStarter.Language: ExpressibleByArgument {}
