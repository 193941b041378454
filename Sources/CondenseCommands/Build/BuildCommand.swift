import ArgumentParser
import CondenseEngine
import CondensePipelines
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

  @Flag(help: "Show each tensor of large models too.")
  var tensors = false

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
  }

  func run() throws {
    let console = Console()
    let workspace = try pipelines.resolvedWorkspace()
    let listing = try pipelines.listing(in: workspace)
    let engine = Engine(
      stages: Toolbox.current.stages, formats: Toolbox.current.formats,
      store: try LocalStore.fromEnvironment(for: workspace))
    if !workspace.otherStateVersions.isEmpty {
      console.note(
        "note: '.condense' holds \(workspace.otherStateVersions.joined(separator: ", ")) of another version of condense; "
          + "left as it is")
    }
    var request = BuildRequest(
      workspace: workspace, files: listing.files,
      jobs: jobs ?? workspace.configuration.jobs?.value ?? ProcessInfo.processInfo.activeProcessorCount,
      keepGoing: keepGoing)
    let problems = listing.problems.map {
      PlacedDiagnostic(diagnostic: $0, source: workspace.configuration.source(of: $0))
    }
    if let changed = try changedPaths(in: workspace) {
      request.files = engine.files(affectedBy: changed, in: request)
    }
    guard !dryRun else {
      let run = engine.dryRun(request)
      console.show(problems + run.diagnostics, workspace: workspace)
      let report = DryRunReport(run: run, workspace: workspace)
      console.result(json ? try JSONOutput.text(report.document) : report.text)
      if run.hasInvalidInput || !problems.isEmpty { throw ExitCode.invalidInput }
      return
    }
    if trace != nil { request.trace = BuildTrace() }
    let line = ProgressLine(console: console)
    let build = engine.build(request, progress: { line.show($0) })
    line.finish()
    if let trace, let recorded = request.trace { try write(recorded, to: trace) }
    console.show(problems + build.diagnostics, workspace: workspace)
    if json {
      console.result(try JSONOutput.text(BuildDocument(build.report)))
    } else {
      let summary = BuildSummary(
        report: build.report, workspace: workspace, console: console, largestTensorTable: tensors ? .max : 16)
      console.result(summary.text())
    }
    for pipeline in build.report.pipelines {
      guard let error = pipeline.error, !pipeline.isInvalid else { continue }
      console.error("\(pipeline.name): \(error)")
    }
    if build.hasInvalidInput || !listing.problems.isEmpty { throw ExitCode.invalidInput }
    if build.report.pipelines.contains(where: { $0.status == .failed }) { throw ExitCode.failure }
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
