import CondenseFiles
import CondenseModels
import CondensePipelines
import CondenseStages
import CondenseStore
import CondenseTensors
import Foundation

/// Builds pipelines with given stages and formats over a store.
public struct Engine: Sendable {
  let stages: StageRegistry
  let formats: ModelFormats
  let store: @Sendable () throws -> any ArtifactStore
  /// Stands for everything in this program that decides what a build makes of the same files.
  public let program: Digest
  /// Stands for that and for what plugins there are: whose records of what was built count.
  let recorder: Digest
  /// For a process that builds again and again.
  public var warmState: WarmState?

  /// - Parameter store: opened when the first build needs it: where nothing has changed none does.
  public init(
    stages: StageRegistry, formats: ModelFormats,
    store: @autoclosure @escaping @Sendable () throws -> any ArtifactStore
  ) {
    self.stages = stages
    self.formats = formats
    self.store = store
    let descriptions = stages.stages.map(\.description)
    program = Digest.ofProgram(stages: descriptions.filter(\.sources.isEmpty), formats: formats)
    recorder = program.with(descriptions.filter { !$0.sources.isEmpty })
  }

  /// Builds all pipelines as one graph. Never throws: whatever goes wrong is in the result, with its pipeline.
  ///
  /// Where a pipeline's model is the file that another one publishes, what was built from the old one is built again.
  /// `progress` is called from worker threads, one at a time.
  public func build(
    _ request: BuildRequest, progress: @escaping @Sendable (BuildProgress) -> Void = { _ in }
  ) -> BuildResult {
    let started = ContinuousClock.now
    if var result = passOver(request) {
      result.report.seconds = (ContinuousClock.now - started).seconds
      return result
    }
    var attempt = buildOnce(request, progress)
    var result = attempt.result
    var rounds = 1
    while attempt.hasWrittenModels && !request.isWithdrawn {
      guard rounds < Engine.mostRounds else {
        result.report.refuseToGoOn()
        break
      }
      rounds += 1
      attempt = buildOnce(request, progress)
      result = result.followed(by: attempt.result)
    }
    result.report.seconds = (ContinuousClock.now - started).seconds
    return result
  }

  /// Pipelines that are made from each other's files, one after the other; more must go in a circle.
  private static let mostRounds = 32

  private func buildOnce(
    _ request: BuildRequest, _ progress: @escaping @Sendable (BuildProgress) -> Void
  ) -> Attempt {
    let started = ContinuousClock.now
    let date = Date().timeIntervalSince1970
    // A model that changes while it is read is read again; one that never holds still is an error.
    var attempt = build(request, isLastAttempt: false, progress)
    var attempts = 1
    while attempt == nil {
      attempts += 1
      // Whoever withdrew the build will have the model read again.
      let isLast = attempts == 5 || request.isWithdrawn
      attempt = build(request, isLastAttempt: isLast, progress)
    }
    guard var attempt else { preconditionFailure("the last attempt has a result") }
    if let warmState, let folder = attempt.prepared.stateFolder,
      let idle = IdleBuild(attempt.prepared, attempt.result, files: request.files)
    {
      warmState.keep(idle, in: folder, program: recorder)
    }
    if request.logsIdleBuilds || !attempt.isIdle(knownErrors: request.knownErrors) {
      attempt.result.number = log(attempt, started: date, seconds: (ContinuousClock.now - started).seconds)
    }
    return attempt
  }

  /// What the last build came to, where it found nothing to do and would find nothing again.
  private func passOver(_ request: BuildRequest) -> BuildResult? {
    let (started, date) = (ContinuousClock.now, Date().timeIntervalSince1970)
    guard let warmState, request.usesRecords, let folder = try? request.makeStateFolder(),
      let idle = warmState.idleBuild(of: request.files, in: folder, program: recorder),
      !request.reportsInputs || !idle.result.inputs.isEmpty || request.files.isEmpty
    else { return nil }
    keepUp(folder, request.workspace, Built(), store)
    var result = idle.result
    (result.number, result.isRepeated) = (nil, true)
    if request.logsIdleBuilds {
      result.number = log(
        result, passedOver: idle.names, in: folder, started: date, seconds: (ContinuousClock.now - started).seconds)
    }
    return result
  }

  /// Builds; nil where a model changed meanwhile, unless this is the last attempt.
  private func build(
    _ request: BuildRequest, isLastAttempt: Bool, _ progress: @escaping @Sendable (BuildProgress) -> Void
  ) -> Attempt? {
    let opening = StoreOpening(store)
    defer { opening.settle() }
    var prepared = prepare(request, onRest: opening.begin)
    // Also what is left out rests on its files.
    let inputs = request.reportsInputs ? prepared.inputs : [:]
    let waiting = request.patienceWithModels.map { prepared.loaded.leaveOutYoungModels(patience: $0) } ?? [:]
    let (loaded, upToDate) = (prepared.loaded, prepared.upToDate)
    let plan = BuildPlan(loaded)
    var outcome = Built()
    if plan.pipelines.isEmpty {
      let passedOver = PassedOver(upToDate, of: request.files)
      outcome.actions.total = passedOver.actionKeys.count
      outcome.actions = outcome.actions.asCached
      outcome.passedOver = passedOver
      outcome.records = loaded.records(of: []) { _ in ([], []) }
    } else {
      do {
        let staging = try ScratchFolder(in: request.makeStateFolder() + "/staging")
        defer { staging.remove() }
        guard
          let built = run(
            plan, loaded, request, staging, try opening.store(), upToDate, isLastAttempt: isLastAttempt, progress)
        else { return nil }
        outcome = built
      } catch {
        outcome.pipelines = loaded.ready.map { ready in
          var failed = PipelineReport(name: ready.pipeline.name, file: ready.pipeline.file)
          failed.error = "\(error)"
          return failed
        }
      }
    }
    if let folder = prepared.stateFolder { keepUp(folder, request.workspace, outcome, opening.store) }
    keep(outcome.records, prepared)
    var report = BuildReport()
    report.actions = outcome.actions
    report.pipelines = loaded.inOrder(
      of: request.files, built: outcome.pipelines,
      passedOver: outcome.passedOver ?? PassedOver(upToDate, of: request.files))
    var result = BuildResult(
      report: report, diagnostics: loaded.diagnostics, hasInvalidInput: loaded.files.contains { !$0.isValid },
      wasWithdrawn: request.isWithdrawn && report.pipelines.contains { $0.status == .failed && !$0.isInvalid })
    result.waiting = waiting
    result.inputs = inputs
    return Attempt(result: result, prepared: prepared, ledgers: outcome.ledgers)
  }

  /// A build that needs no other attempt.
  private struct Attempt {
    var result: BuildResult
    var prepared: PreparedBuild
    var ledgers: [(pipeline: String, ActionLedger)]

    /// Whether nothing was done, and nothing is wrong that is not known.
    func isIdle(knownErrors: [String: String]) -> Bool {
      if result.report.actions.ran > 0 { return false }
      return result.report.pipelines.allSatisfy { report in
        if report.outputs.contains(where: \.wasWritten) { return false }
        if report.status == .cached || result.wasWithdrawn { return true }
        return report.error != nil && report.error == knownErrors[report.name]
      }
    }

    /// Whether an output was written that is a pipeline's model: what was built from it, or failed for want of it, is to be
    /// built again.
    var hasWrittenModels: Bool {
      let written = Set(result.report.pipelines.lazy.flatMap(\.outputs).filter(\.wasWritten).map(\.path))
      return !written.isEmpty && prepared.hasModel(among: written)
    }
  }

  /// What running a plan came to.
  private struct Built {
    var pipelines: [PipelineReport] = []
    var actions = ActionCounts()
    /// Nil where nothing could be planned.
    var passedOver: PassedOver?
    /// Of the pipelines that were built and can be passed over from now on, by file.
    var records: [String: PipelineRecord] = [:]
    var ledgers: [(pipeline: String, ActionLedger)] = []
    /// What the outputs of files that came out well are made of.
    var roots: [BuildRoots] = []
    /// Nil where none was opened.
    var store: (any ArtifactStore)?
  }

  private func run(
    _ plan: BuildPlan, _ loaded: LoadedPipelines, _ request: BuildRequest, _ staging: ScratchFolder,
    _ store: any ArtifactStore, _ upToDate: UpToDatePipelines,
    isLastAttempt: Bool, _ progress: @escaping @Sendable (BuildProgress) -> Void
  ) -> Built? {
    let hold = store.hold()
    defer { withExtendedLifetime(hold) {} }
    let known = plan.knownSources(loaded.models, in: store)
    let largest = loaded.models.map(\.largestByteCount).max() ?? 0
    let handoff = Handoff(capacity: max(32 << 20, request.jobs * largest))
    let latest = Locked(BuildProgress(finishedActions: 0, ranActions: 0))
    let ending = Withdrawal()
    let attendance = StageAttendance(
      ending: ending, log: request.stageLog,
      progress: { doing in
        latest.withLock { latest in
          latest.doing = doing
          progress(latest)
        }
      })
    let runner = ActionRunner(
      graph: plan.graph, models: loaded.models, store: store, handoff: handoff, trace: request.trace,
      attendance: attendance)
    let publisher = Publisher(
      plan: plan, models: loaded.models, formats: formats, store: store, runner: runner, staging: staging)
    let totalActions = plan.pipelines.reduce(0) { $0 + $1.actions.count }
    var scheduler = Scheduler(plan.graph, known: known, workers: request.jobs)
    scheduler.pick = request.pick
    let loop = BuildLoop(
      graph: plan.graph, scheduler: scheduler, runner: runner, publisher: publisher,
      pool: BytesPool(capacity: min(2 * request.jobs * largest, 128 << 20)), trace: request.trace,
      keepGoing: request.keepGoing, withdrawal: request.withdrawal, ending: ending,
      progress: { state in
        latest.withLock { latest in
          let isFurther = latest.finishedActions != state.finishedActions
          latest = BuildProgress(
            finishedActions: state.finishedActions, ranActions: state.ranActions, totalActions: totalActions,
            doing: isFurther ? nil : latest.doing)
          progress(latest)
        }
      })
    request.monitor?.look { plan.activity(loop.snapshot()) }
    let passedOver: PassedOver
    (scheduler, passedOver) = loop.run(jobs: request.jobs) { PassedOver(upToDate, of: request.files) }
    request.monitor?.look(with: nil)
    if !isLastAttempt, scheduler.failures.contains(where: { $0.error is ModelChanged }) { return nil }
    record(plan, loaded.models, scheduler, known: known, in: store)
    var builder = ReportBuilder(
      plan: plan, models: loaded.models, scheduler: scheduler, publications: publisher.publications,
      wasWithdrawn: request.isWithdrawn)
    var outcome = Built()
    outcome.pipelines = builder.pipelineReports()
    outcome.actions = builder.totals(besides: passedOver.actionKeys)
    outcome.passedOver = passedOver
    outcome.records = loaded.records(of: outcome.pipelines) { index in
      (publisher.publications[index]?.files ?? [], builder.actionKeys(index))
    }
    outcome.store = store
    let failed = Set(outcome.pipelines.filter { $0.status == .failed }.map(\.file))
    outcome.roots = plan.pipelines.indices.filter { !failed.contains(plan.pipelines[$0].pipeline.file) }
      .map { plan.roots($0, scheduler) }
    outcome.ledgers = plan.pipelines.indices.map { (plan.pipelines[$0].pipeline.name, builder.ledger($0)) }
    return outcome
  }

  /// Records the digests of models that were read, so that the next build need not.
  private func record(
    _ plan: BuildPlan, _ models: [ModelSource], _ scheduler: Scheduler, known: [BuildGraph.NodeID: Artifact],
    in store: any ArtifactStore
  ) {
    for (model, nodes) in zip(models, plan.sources) where nodes.contains(where: { known[$0] == nil }) {
      let artifacts = nodes.compactMap { scheduler.outcome(of: $0)?.artifact }
      // Losing a record costs the next build a reading, nothing else.
      guard artifacts.count == nodes.count else { continue }
      try? model.record(artifacts, wereKnown: nodes.map { known[$0] != nil }, in: store)
    }
  }

  /// Tells the store what it should keep, and lets it make room. Where nothing was to do it is not even opened, but once a
  /// day.
  private func keepUp(
    _ stateFolder: String, _ workspace: Workspace, _ built: Built, _ openStore: () throws -> any ArtifactStore
  ) {
    let upkeep = StoreUpkeep(workspace: workspace, stateFolder: stateFolder)
    if let store = built.store {
      upkeep.keepRoots(built.roots, in: store)
      upkeep.evict(from: store)
    } else if upkeep.isDue, let store = try? openStore() {
      upkeep.see(in: store)
    }
  }

  /// Keeps the records of what was built, and removes those of what could not be.
  private func keep(_ records: [String: PipelineRecord], _ prepared: PreparedBuild) {
    guard let folder = prepared.stateFolder else { return }
    var changes: [String: PipelineRecord?] = [:]
    for file in prepared.loaded.files { changes.updateValue(records[file.file], forKey: file.file) }
    for file in prepared.upToDate.refreshed {
      changes.updateValue(prepared.upToDate.records[file], forKey: file)
    }
    // Losing a record costs the next build a plan, nothing else.
    _ = try? WorkspaceState.update(in: folder, program: prepared.program, changes, known: prepared.state)
  }

  /// Records the build in the workspace, and returns its number. Losing that costs nobody anything but an answer.
  private func log(_ build: Attempt, started: Double, seconds: Double) -> Int? {
    guard let folder = build.prepared.stateFolder else { return nil }
    let passedOver = build.prepared.upToDate.records.values.flatMap(\.builds).map(\.name)
    let number = log(build.result, passedOver: passedOver, in: folder, started: started, seconds: seconds)
    guard let number else { return nil }
    for (pipeline, ledger) in build.ledgers {
      var ledger = ledger
      ledger.build = number
      try? LedgerFile.keep(ledger, of: pipeline, in: folder)
    }
    return number
  }

  private func log(
    _ result: BuildResult, passedOver: [String], in folder: String, started: Double, seconds: Double
  ) -> Int? {
    let report = result.report
    // Most builds find nothing to do for most pipelines.
    let skipped = passedOver.count == report.pipelines.count ? nil : Set(passedOver)
    let told = skipped.map { skipped in report.pipelines.filter { !skipped.contains($0.name) } } ?? []
    let entry = BuildLogEntry(
      started: started, seconds: seconds,
      outcome: result.wasWithdrawn
        ? .withdrawn
        : result.hasInvalidInput ? .invalid : told.contains { $0.status == .failed } ? .failed : .done,
      actions: report.actions, pipelines: told.map { BuildLogEntry.Pipeline($0) }, unchanged: passedOver.count)
    return try? BuildLog(folder: folder).append(entry, passedOver: passedOver)
  }
}

extension BuildRequest {
  var isWithdrawn: Bool { withdrawal?.isWithdrawn ?? false }
}

extension BuildLogEntry.Pipeline {
  init(_ report: PipelineReport) {
    self.init(
      name: report.name, file: report.file, status: report.status, actions: report.actions,
      bytes: report.outputs.reduce(0) { $0 + $1.bytes }, error: report.error)
  }
}

extension Duration {
  fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
