import ArgumentParser
import CondenseDaemon
import CondenseReports
import CondenseEngine
import CondenseFiles
import CondensePipelines
import CondenseStages
import CondenseStore
import Foundation

struct BuildCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build", abstract: "Builds pipelines: runs what changed, reuses the rest, publishes the outputs.")

  @OptionGroup var pipelines: PipelineOptions

  @Option(name: .shortAndLong, help: "Stages that run at a time; by default one for each core.")
  var jobs: Int?

  @Flag(name: .shortAndLong, help: "Build what can be built after something failed.")
  var keepGoing = false

  @Flag(help: "Print one JSON document instead of tables.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "How progress is told on standard error: text, json (an object a line, for programs), or none.",
      valueName: "format"))
  var progress = ProgressFormat.text

  @Flag(help: "Show each tensor of large models too.")
  var tensors = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Publish the output of the one pipeline file that is named here, wherever it says; for other build systems.",
      valueName: "file"), completion: .file())
  var output: String?

  @Option(
    help: ArgumentHelp(
      "With --output: a file that the build may rest on; repeatable. It is an error if it rests on another.",
      valueName: "file"), completion: .file())
  var input: [String] = []

  @Option(
    help: ArgumentHelp(
      "With --input: list other files that the build rests on in this file, instead of failing.", valueName: "file"),
    completion: .file())
  var unlisted: String?

  @Option(
    name: .customLong("affected-by"),
    help: ArgumentHelp(
      "Build only the pipelines that a change to this file or folder touches; repeatable.", valueName: "path"),
    completion: .file())
  var affectedBy: [String] = []

  @Option(
    help: ArgumentHelp(
      "Build only the pipelines that what has changed since this Git revision touches.", valueName: "revision"))
  var since: String?

  @Flag(help: "Tell what would run and why, and run nothing.")
  var dryRun = false

  @Flag(help: "Build nothing, and fail with 1 where an output is not what a build would leave there; for CI.")
  var check = false

  @Option(
    help: ArgumentHelp(
      "Write what was done when to a file that Perfetto and Chrome's about:tracing open.", valueName: "file"),
    completion: .file())
  var trace: String?

  @Flag(help: "Build in this process, even if a daemon serves the workspace.")
  var noDaemon = false

  func validate() throws {
    if let jobs, !(1...Configuration.mostJobs).contains(jobs) {
      throw ValidationError("--jobs is a number from 1 to \(Configuration.mostJobs), not \(jobs)")
    }
    if output != nil && pipelines.paths.count != 1 {
      throw ValidationError("--output takes one pipeline file, and \(pipelines.paths.count) are named")
    }
    if output == nil && !input.isEmpty { throw ValidationError("--input goes with --output") }
    if input.isEmpty && unlisted != nil { throw ValidationError("--unlisted goes with --input") }
  }

  func run() throws {
    let console = Console()
    let workspace = try pipelines.resolvedWorkspace()
    let invocation = BuildInvocation(
      paths: try pipelines.checkedPaths(in: workspace), jobs: jobs, keepGoing: keepGoing, json: json, tensors: tensors,
      changed: try changedPaths(in: workspace), output: try requestedOutput())
    func engine(_ stages: StageRegistry) -> Engine {
      Engine(stages: stages, formats: Toolbox.current.formats, store: try BuildCommand.store(for: workspace))
    }
    let ownStages = engine(Toolbox.current.stages)
    let sink = ConsoleSink(console, progress: progress)
    if let status = askDaemon(for: invocation, in: workspace, ownStages, sink) {
      if status != .done { throw ExitCode(status.rawValue) }
      return
    }
    if !workspace.otherStateVersions.isEmpty {
      console.note(
        "note: '.condense' holds \(workspace.otherStateVersions.joined(separator: ", ")) of another version of condense; "
          + "left as it is")
    }
    let stages = Toolbox.current.stages(of: workspace)
    let run = BuildRun(
      invocation, in: workspace,
      engine: workspace.configuration.plugins.isEmpty ? ownStages : engine(stages.registry),
      sink: sink, trace: trace.map { _ in BuildTrace() }, problems: stages.problems)
    let status =
      check ? try run.check() : dryRun ? try run.dryRun() : try run.build()?.status ?? .failed
    if !onlyTells, let trace, let recorded = run.trace { try write(recorded, to: trace) }
    if status != .done { throw ExitCode(status.rawValue) }
  }

  /// Whether nothing is to be built.
  private var onlyTells: Bool { dryRun || check }

  /// The process ends with the build.
  private static func store(for workspace: Workspace) throws -> LocalStore {
    let store = try LocalStore.fromEnvironment(for: workspace)
    store.leaveOpen()
    return store
  }

  /// Has a daemon build that serves the workspace; nil where this process is to do it.
  private func askDaemon(
    for invocation: BuildInvocation, in workspace: Workspace, _ engine: Engine, _ sink: ConsoleSink
  ) -> ExitStatus? {
    // A trace is of this process, what changes nothing needs nobody else, and a daemon publishes where pipelines say.
    guard !noDaemon, !onlyTells, trace == nil, output == nil, let daemon = DaemonClient(workspace) else { return nil }
    do {
      return try daemon.build(
        invocation, version: CondenseVersion.text, program: engine.program.hex,
        store: LocalStore.folder(for: workspace), sink: sink)
    } catch {
      sink.note("note: \(error); building in this process")
      return nil
    }
  }

  private func requestedOutput() throws -> RequestedOutput? {
    guard let output else { return nil }
    let current = FileManager.default.currentDirectoryPath
    guard !FileSystem.isFolder(AbsolutePath.resolve(pipelines.paths[0], from: current)) else {
      throw ValidationError("--output takes one pipeline file, and '\(pipelines.paths[0])' is a folder")
    }
    return RequestedOutput(
      path: AbsolutePath.resolve(output, from: current),
      inputs: input.isEmpty ? nil : input.map { AbsolutePath.resolve($0, from: current) },
      unlisted: unlisted.map { AbsolutePath.resolve($0, from: current) })
  }

  /// What is said to have changed; nil where everything is to be built.
  private func changedPaths(in workspace: Workspace) throws -> [String]? {
    guard since != nil || !affectedBy.isEmpty else { return nil }
    let current = FileManager.default.currentDirectoryPath
    var paths = affectedBy.map { AbsolutePath.resolve($0, from: current) }
    if let since {
      do { paths += try ChangedFiles.since(since, in: workspace.root) } catch {
        throw ValidationError("--since \(since): \(error)")
      }
    }
    return paths
  }

  private func write(_ recorded: BuildTrace, to path: String) throws {
    let data = try recorded.json()
    do {
      try data.write(to: URL(fileURLWithPath: path))
    } catch {
      Console().error("cannot write the trace '\(path)': \(error.localizedDescription)")
      throw ExitCode.failure
    }
  }
}
