/// What to build.
public struct BuildRequest: Sendable {
  public var workspace: Workspace
  /// Pipeline files, absolute. Their order decides for which pipeline a shared action counts as run.
  public var files: [String]
  /// Stages that run at a time.
  public var jobs: Int
  /// Whether to build what can be built after something failed.
  public var keepGoing: Bool
  /// Where the output goes of the only build of the only file, and what it may be made from; nil for where the pipelines say.
  public var output: RequestedOutput?
  /// Whether pipelines of which nothing has changed since they were last built are passed over, rather than planned again.
  public var usesRecords = true
  /// Where to record what was done when.
  public var trace: BuildTrace?
  /// What lets others end the build early.
  public var withdrawal: Withdrawal?
  /// What lets others look on.
  public var monitor: BuildMonitor?
  /// Whether a build that found nothing to do is recorded as one. A daemon that looks at everything whenever something may
  /// have changed would bury what was built, and why, under builds of nothing.
  public var logsIdleBuilds = true
  /// Errors that are known, by pipeline: where they are all that a build came to, it found nothing to do.
  public var knownErrors: [String: String] = [:]
  /// Whether the result is to tell what each pipeline file rests on.
  public var reportsInputs = false
  /// Whether pipelines are left out whose model cannot be opened, but was written to so few seconds ago: it may be on its
  /// way. They are named in the result.
  public var patienceWithModels: Double?
  /// Takes lines that stages write while they work, from any thread.
  public var stageLog: @Sendable (String) -> Void = { _ in }
  /// See ``Scheduler/pick``.
  package var pick: (@Sendable (_ count: Int) -> Int)?

  public init(workspace: Workspace, files: [String], jobs: Int, keepGoing: Bool = false) {
    self.workspace = workspace
    self.files = files
    self.jobs = max(1, jobs)
    self.keepGoing = keepGoing
  }
}

/// What came of a build.
public struct BuildResult: Sendable {
  public var report: BuildReport
  public var diagnostics: [PlacedDiagnostic]
  /// Whether a pipeline or a model file is invalid.
  public var hasInvalidInput: Bool
  /// Whether the build was ended before it was through.
  public var wasWithdrawn = false
  /// For each pipeline file, the paths of everything that decides what it builds: itself, what it extends, folders that were
  /// searched, models; also of what is not there. Only where it was asked for.
  public var inputs: [String: Set<String>] = [:]
  /// The pipeline files that were left out because a model seems to be still on its way, and in how many seconds it counts
  /// as what it is. See ``BuildRequest/patienceWithModels``.
  public var waiting: [String: Double] = [:]
  /// Whether it is the result of the last build again, because nothing has changed: only the number is another.
  public var isRepeated = false
  /// The build's number in the workspace's log; nil where it is not recorded.
  public var number: Int?
}
