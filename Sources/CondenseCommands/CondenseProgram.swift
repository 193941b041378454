import ArgumentParser
import CondenseEngine
import CondenseModels
import CondenseReports
import CondenseStages

/// The `condense` program. A package that has stages of its own builds its own `condense` by running this with them:
///
/// ```swift
/// CondenseProgram.run(stages: StageRegistry(StageRegistry.builtIn.stages + [MyStage()]))
/// ```
public enum CondenseProgram {
  /// Runs the command that the process's arguments ask for, and exits.
  public static func run(stages: StageRegistry = .builtIn, formats: ModelFormats = .builtIn) -> Never {
    Toolbox.$current.withValue(Toolbox(stages: stages, formats: formats)) {
      RootCommand.main()
    }
    RootCommand.exit()
  }
}

/// What commands work with. Argument parsing makes the commands, so this reaches them beside it.
struct Toolbox: Sendable {
  var stages = StageRegistry.builtIn
  var formats = ModelFormats.builtIn

  @TaskLocal static var current = Toolbox()

  /// The stages that pipelines of a workspace can use.
  func stages(of workspace: Workspace) -> WorkspaceStages { WorkspaceStages(workspace, beside: stages) }
}

struct RootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "condense",
    abstract: "The build system for compressed neural networks.",
    discussion: """
      A pipeline file names a model, the stages that make it smaller, and where the result goes. 'condense build' runs \
      what has changed since it last ran, tensor by tensor, and nothing twice.
      """,
    version: CondenseVersion.text,
    subcommands: [
      BuildCommand.self, DaemonCommand.self, CheckCommand.self, StatusCommand.self, WhyCommand.self, GraphCommand.self,
      CacheCommand.self, PluginsCommand.self,
      InitCommand.self, SchemaCommand.self, StagesCommand.self, InspectCommand.self, UnpackCommand.self,
      CompareCommand.self,
    ])
}

enum CondenseVersion {
  static let text = "0.1.0"
}

extension ExitCode {
  /// A pipeline or a model file is invalid (`EX_DATAERR` of sysexits.h).
  static let invalidInput = ExitCode(65)
}
