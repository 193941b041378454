import CondenseEngine
import CondensePipelines

/// Builds as `condense build` does, and tells what came of it.
package struct BuildRun: Sendable {
  package var invocation: BuildInvocation
  package var workspace: Workspace
  package var engine: Engine
  package var sink: any ReportSink
  package var trace: BuildTrace?
  /// What is wrong besides the pipelines.
  private let otherProblems: [PlacedDiagnostic]

  package init(
    _ invocation: BuildInvocation, in workspace: Workspace, engine: Engine, sink: any ReportSink,
    trace: BuildTrace? = nil, problems: [PlacedDiagnostic] = []
  ) {
    otherProblems = problems
    self.invocation = invocation
    self.workspace = workspace
    self.engine = engine
    self.sink = sink
    self.trace = trace
  }

  /// The files to build, and what kept others from being among them.
  private func listed() -> (request: BuildRequest, problems: [PlacedDiagnostic]) {
    let listing = invocation.listing(in: workspace)
    var request = invocation.request(in: workspace, files: listing.files)
    request.trace = trace
    if let changed = invocation.changed { request.files = engine.files(affectedBy: changed, in: request) }
    let problems = listing.problems.map {
      PlacedDiagnostic(diagnostic: $0, source: workspace.configuration.source(of: $0))
    }
    return (request, otherProblems + problems)
  }

  /// Builds, and tells of it. The result is nil where nobody is to be told, because the build was withdrawn.
  ///
  /// - Parameter prepare: what else is to be asked of the engine.
  package func build(_ prepare: (inout BuildRequest) -> Void = { _ in }) throws -> (
    status: ExitStatus, result: BuildResult
  )? {
    var (request, problems) = listed()
    request.stageLog = { sink.log($0) }
    prepare(&request)
    let build = engine.build(request, progress: { sink.progress($0) })
    sink.endProgress()
    guard !build.wasWithdrawn else { return nil }
    sink.show(problems + build.diagnostics, workspace: workspace)
    try tell(build.report)
    return (build.status(hasProblems: problems.hasErrors), build)
  }

  private func tell(_ report: BuildReport) throws {
    if invocation.json {
      sink.result(try JSONOutput.text(BuildDocument(report)))
    } else {
      let summary = BuildSummary(
        report: report, workspace: workspace, style: sink.style, largestTensorTable: invocation.tensors ? .max : 16)
      sink.result(summary.text())
    }
    for pipeline in report.pipelines {
      guard let error = pipeline.error, !pipeline.isInvalid else { continue }
      if let place = pipeline.errorPlace {
        sink.show(
          [PlacedDiagnostic(diagnostic: Diagnostic("\(pipeline.name): \(error)", at: place), source: nil)],
          workspace: workspace)
      } else {
        sink.error("\(pipeline.name): \(error)")
      }
    }
  }

  /// Tells what would be built.
  package func dryRun() throws -> ExitStatus {
    let (request, problems) = listed()
    let run = engine.dryRun(request, forecastsOutputs: true)
    sink.show(problems + run.diagnostics, workspace: workspace)
    let report = DryRunReport(run: run, workspace: workspace)
    sink.result(invocation.json ? try JSONOutput.text(report.document) : report.text)
    return run.hasInvalidInput || problems.hasErrors ? .invalidInput : .done
  }

  /// Tells which outputs are not what a build would leave there; fails where there are any.
  package func check() throws -> ExitStatus {
    let (request, problems) = listed()
    let run = engine.dryRun(request, forecastsOutputs: true)
    let report = OutOfDateReport(run: run, workspace: workspace)
    sink.show(problems + run.diagnostics + report.diagnostics, workspace: workspace)
    let dryRun = DryRunReport(run: run, workspace: workspace)
    sink.result(invocation.json ? try JSONOutput.text(dryRun.document) : report.text)
    if run.hasInvalidInput || problems.hasErrors { return .invalidInput }
    return report.outOfDate.isEmpty ? .done : .failed
  }
}

extension BuildResult {
  /// - Parameter hasProblems: whether a folder or a file could not even be listed.
  package func status(hasProblems: Bool = false) -> ExitStatus {
    if hasInvalidInput || hasProblems { return .invalidInput }
    return report.pipelines.contains { $0.status == .failed } ? .failed : .done
  }
}
