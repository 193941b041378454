import CondenseEngine
import CondensePipelines
import CondenseReports
import CondenseStore
import Foundation

/// Keeps what a build says, and hands it on to whoever asked for the build.
struct BuildSink: ReportSink {
  let build: DaemonBuild
  let workspace: Workspace
  let listener: @Sendable (ServiceEvent) -> Void
  var next: (any ReportSink)?
  private let lastTold = Locked(0.0)

  init(
    build: DaemonBuild, workspace: Workspace, listener: @escaping @Sendable (ServiceEvent) -> Void,
    next: (any ReportSink)? = nil
  ) {
    self.build = build
    self.workspace = workspace
    self.listener = listener
    self.next = next
  }

  var style: TextStyle { next?.style ?? .plain }

  /// How often progress is told.
  private static let interval = 0.1

  func progress(_ progress: BuildProgress) {
    build.update { $0.progress = progress }
    let now = ProcessInfo.processInfo.systemUptime
    let isDue = lastTold.withLock { last in
      guard now - last >= BuildSink.interval else { return false }
      last = now
      return true
    }
    guard isDue else { return }
    listener(.progressed(build, progress))
    next?.progress(progress)
  }

  func endProgress() { next?.endProgress() }

  func result(_ text: String) { next?.result(text) }

  func note(_ text: String) {
    // Colours are for the terminal that asked.
    build.say(text.replacing(/\u{1B}\[[0-9;]*m/, with: ""))
    next?.note(text)
  }

  func log(_ line: String) {
    build.say(line)
    next?.log(line)
  }

  /// Puts what became of a pipeline into the build's log.
  func tell(_ pipeline: PipelineState) {
    for text in pipeline.diagnostics { build.say(text) }
    build.say(pipeline.line)
  }

  func text(_ diagnostic: Diagnostic, source: SourceText?) -> String {
    DiagnosticText.text(
      PlacedDiagnostic(diagnostic: diagnostic, source: source), workspace: workspace, usesColor: false)
  }
}

extension PipelineState {
  /// For example `digits: built, 12.3 kB, 16.6× smaller, 19 of 19 actions ran`.
  var line: String {
    if let error = report.error { return "\(report.name): failed: \(error)" }
    let size = report.outputs.first.map {
      ", \(Figures.bytes($0.bytes)), \(Figures.ratio($0.metrics.ratio)) smaller"
    }
    return "\(report.name): \(report.status.rawValue)\(size ?? ""), "
      + "\(report.actions.ran) of \(report.actions.total) actions ran"
  }
}
