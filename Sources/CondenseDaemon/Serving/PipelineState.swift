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

  /// The errors of those that have one, by name.
  var errors: [String: String] { byName.compactMapValues(\.report.error) }
  /// Whether they were ever all looked at: until then, what is up to date has been so.
  private var isComplete = false

  /// The names of pipelines that something happened to.
  struct Changes: Equatable, Sendable {
    var changed: [String] = []
    var removed: [String] = []
  }

  /// Takes over what a build came to.
  ///
  /// - Parameters:
  ///   - diagnostics: as people read them, by file.
  ///   - servedFiles: all pipeline files where it was about them: others are gone, and of those that it left out what is
  ///     known stays. Nil where it was about some that somebody named.
  mutating func note(
    _ result: BuildResult, diagnostics: [String: [String]], servedFiles: [String]?, now: Double
  ) -> Changes {
    var changes = Changes()
    var noted: [String: PipelineState] = [:]
    for report in result.report.pipelines {
      // Pipelines from elsewhere are built when asked for, but not served, whatever their names are.
      let before = byName[report.name].flatMap { $0.report.file == report.file ? $0 : nil }
      if servedFiles == nil && before == nil { continue }
      if noted[report.name] != nil {
        // Two files have the name, and both are wrong for it.
        noted[report.name]?.diagnostics += diagnostics[report.file] ?? []
        continue
      }
      // Of one that was passed over, what was said before holds.
      var state = before ?? PipelineState(report: report)
      let isNews = report.isNews(after: before?.report, isServing: isComplete)
      if before == nil || isNews || !report.isUntouched {
        state.report = report
        state.diagnostics = diagnostics[report.file] ?? []
      }
      if isNews {
        state.changed = now
        state.build = result.number ?? state.build
        changes.changed.append(report.name)
      }
      noted[report.name] = state
    }
    guard let servedFiles else {
      byName.merge(noted) { $1 }
      return changes
    }
    isComplete = true
    let leftOut = Set(servedFiles).subtracting(result.report.pipelines.map(\.file))
    for state in byName.values where leftOut.contains(state.report.file) && noted[state.report.name] == nil {
      noted[state.report.name] = state
    }
    changes.removed = names.filter { noted[$0] == nil }
    let places = Dictionary(servedFiles.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let order = Dictionary(
      result.report.pipelines.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    let old = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    names = noted.values.sorted { a, b in
      func rank(_ state: PipelineState) -> (Int, Int) {
        let name = state.report.name
        return (places[state.report.file] ?? .max, order[name] ?? old[name] ?? .max)
      }
      return rank(a) < rank(b)
    }.map(\.report.name)
    byName = noted
    return changes
  }
}

extension PipelineReport {
  /// Whether this is more than the last report of the pipeline, or none, says already.
  ///
  /// - Parameter isServing: whether a pipeline without a last report is a new one.
  fileprivate func isNews(after before: PipelineReport?, isServing: Bool) -> Bool {
    if status == .built || outputs.contains(where: \.wasWritten) { return true }
    guard let before else { return status == .failed || isServing }
    if before.status == .failed || status == .failed { return before.status != status || error != before.error }
    // Somebody else has built it meanwhile, or a build that was withdrawn.
    return outputs.map(\.sha256) != before.outputs.map(\.sha256) || outputs.map(\.path) != before.outputs.map(\.path)
  }
}
