import CondenseEngine
import CondensePipelines
import CondenseReports

/// What the daemon knows of one pipeline.
struct PipelineState: Sendable {
  var report: PipelineReport
  /// What there is to say about its file, as people read it.
  var diagnostics: [String] = []
  /// When it was last built or found to be wrong, in seconds since 1970; nil where nothing has happened since the daemon
  /// started.
  var changed: Double?
  /// The number of that build.
  var build: Int?
}

/// The pipelines of a workspace by name, in the order of their files.
struct PipelineStates: Sendable {
  private(set) var byName: [String: PipelineState] = [:]
  private(set) var names: [String] = []
  /// What is wrong with the workspace itself: its configuration, or folders that cannot be listed.
  var problems: [String] = []

  /// Takes over what a build came to; returns the names of the pipelines that it changed something for.
  ///
  /// - Parameter isWhole: whether it was about all pipelines, so that others are gone.
  mutating func note(_ result: BuildResult, diagnostics: [String: [String]], isWhole: Bool, now: Double) -> [String] {
    var changed: [String] = []
    var kept: [String: PipelineState] = [:]
    for report in result.report.pipelines {
      let before = byName[report.name]
      // Of one that was passed over, what was said before holds.
      var state = before ?? PipelineState(report: report)
      if before == nil || !report.isUntouched || before?.report.status == .failed {
        let isNews = report.isNews(after: before?.report)
        state.report = report
        state.diagnostics = diagnostics[report.file] ?? []
        if isNews {
          state.changed = now
          state.build = result.number
          changed.append(report.name)
        }
      }
      kept[report.name] = state
    }
    if isWhole {
      names = result.report.pipelines.map(\.name)
      byName = kept
    } else {
      // Pipelines from elsewhere are built when asked for, but not served.
      for (name, state) in kept where byName[name] != nil { byName[name] = state }
    }
    return changed
  }
}

extension PipelineReport {
  /// Whether this is more than the last report of the pipeline, or none, says already.
  fileprivate func isNews(after before: PipelineReport?) -> Bool {
    if status == .built || outputs.contains(where: \.wasWritten) { return true }
    guard let before else { return status == .failed }
    return before.status == .failed ? error != before.error || status != .failed : status == .failed
  }
}
