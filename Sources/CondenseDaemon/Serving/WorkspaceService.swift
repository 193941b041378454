import CondenseEngine
import CondenseFiles
import CondenseModels
import CondensePipelines
import CondensePlugins
import CondenseReports
import CondenseStages
import CondenseStore
import CondenseWatching
import Dispatch
import Foundation
import Logging

/// Keeps a workspace's outputs up to date, and builds for whoever asks: one build at a time, as ``BuildQueue`` says.
///
/// It adds nothing to what a build is: a sweep is the build that `condense build --keep-going` runs.
final class WorkspaceService: Sendable {
  let root: String
  let stages: StageRegistry
  let formats: ModelFormats
  private let storeFolder: @Sendable (Workspace) -> String
  private let modelPatience: Double
  private let firstRetry: Double
  private let pluginLimits: PluginLimits
  private let warmStore = WarmStore()
  private let warmState = WarmState()
  /// Nil as long as there are no plugins. It keeps their processes.
  private let pluginLoader = Locked<PluginLoader?>(nil)
  private let log: Logger
  private let listener: @Sendable (ServiceEvent) -> Void
  /// Builds, one after the other.
  private let lane = DispatchQueue(label: "condense builds")
  private let state: Locked<State>

  private struct State {
    var queue = BuildQueue()
    var current: DaemonBuild?
    var requests: [Int: Request] = [:]
    var nextID = 1
    var interests: WatchInterests
    var plan: WatchPlan?
    /// Models that are still being written: what is made from them waits.
    var held: Set<String> = []
    var pipelines = PipelineStates()
    var builds = DaemonBuilds()
    /// The next sweep that no event asks for.
    var look: DispatchWorkItem?
    /// Sweeps one after the other in which something failed that may pass.
    var failures = 0
    var onPlan: (@Sendable (WatchPlan) -> Void)?
    var whenIdle: [@Sendable () -> Void] = []
  }

  /// Somebody's build.
  private struct Request {
    var invocation: BuildInvocation
    var sink: any ReportSink
    /// Nil where the daemon ends before it is through, or it was cancelled.
    var finish: @Sendable (ExitStatus?) -> Void
  }

  /// - Parameters:
  ///   - storeFolder: where a workspace's artifacts are kept.
  ///   - modelPatience: see ``BuildRequest/patienceWithModels``.
  ///   - firstRetry: seconds until what may pass is tried again.
  ///   - pluginLimits: where the configuration says nothing else.
  ///   - listener: told what happens, from any thread.
  init(
    root: String, stages: StageRegistry, formats: ModelFormats, storeFolder: @escaping @Sendable (Workspace) -> String,
    modelPatience: Double, firstRetry: Double = 5, pluginLimits: PluginLimits = PluginLimits(), log: Logger,
    listener: @escaping @Sendable (ServiceEvent) -> Void
  ) {
    self.modelPatience = modelPatience
    self.firstRetry = firstRetry
    self.pluginLimits = pluginLimits
    self.root = root
    self.stages = stages
    self.formats = formats
    self.storeFolder = storeFolder
    self.log = log
    self.listener = listener
    state = Locked(State(interests: WatchInterests(Workspace(root: root))))
  }

  /// The stages that there are now: plugins may have come, gone or changed.
  func stages(of workspace: Workspace) -> WorkspaceStages {
    let loader = pluginLoader.withLock { loader in
      if workspace.configuration.plugins.isEmpty {
        loader = nil
      } else if loader == nil {
        loader = try? WorkspaceStages.loader(for: workspace, limits: pluginLimits)
      }
      return loader
    }
    let found = WorkspaceStages(workspace, beside: stages, loader: loader)
    state.withLock { $0.interests.note(plugins: found.paths) }
    return found
  }

  func engine(for workspace: Workspace) -> Engine { engine(for: workspace, stages(of: workspace)) }

  private func engine(for workspace: Workspace, _ stages: WorkspaceStages) -> Engine {
    let folder = storeFolder(workspace)
    var engine = Engine(stages: stages.registry, formats: formats, store: try self.warmStore.store(in: folder))
    engine.warmState = warmState
    return engine
  }

  // MARK: What happens

  /// Begins to serve: `onPlan` is told what is to be watched, now and whenever that changes.
  func start(onPlan: @escaping @Sendable (WatchPlan) -> Void) {
    state.withLock { $0.onPlan = onPlan }
    let workspace = Workspace(root: root)
    state.withLock { $0.interests.note(workspace.allPipelines(), in: workspace) }
    // What is watched is watched before it is looked at, so that nothing falls between the two.
    updatePlan()
    sweep()
  }

  /// Everything may have changed.
  ///
  /// - Parameter held: files that are still being written; nil for those that were before.
  func sweep(held: Set<String>? = nil) {
    if let held { state.withLock { $0.held = held } }
    apply { $0.changed(concernsRunning: true) }
  }

  /// Files have changed; those that matter to nobody are passed over.
  ///
  /// - Parameter held: those that are still being written.
  func changed(_ paths: Set<String>, held: Set<String>) {
    let (isRelevant, concernsRunning) = state.withLock { state in
      state.held = held
      let relevant = paths.filter { state.interests.contain($0) }
      guard !relevant.isEmpty else { return (false, false) }
      guard let current = state.current, !current.isSweep else { return (true, true) }
      return (true, state.interests.concern(current.now.files ?? [], relevant))
    }
    guard isRelevant else { return }
    log.debug("changed", metadata: ["files": "\(paths.count)"])
    apply { $0.changed(concernsRunning: concernsRunning) }
  }

  /// Builds for somebody.
  ///
  /// - Returns: what to cancel it with.
  @discardableResult
  func build(
    _ invocation: BuildInvocation, sink: any ReportSink, finish: @escaping @Sendable (ExitStatus?) -> Void
  ) -> Int {
    let id = state.withLock { state in
      let id = state.nextID
      state.nextID += 1
      state.requests[id] = Request(invocation: invocation, sink: sink, finish: finish)
      return id
    }
    apply { $0.requested(id) }
    // A daemon that is about to end takes nothing on.
    if !state.withLock({ $0.queue.holds(id) || $0.requests[id] == nil }) { end(id, nil) }
    return id
  }

  /// Nobody waits for the build any more. Nothing happens where it is through.
  func cancel(_ id: Int) {
    apply { $0.cancelled(id) }
    if !state.withLock({ $0.queue.holds(id) }) { end(id, nil) }
  }

  /// Begins nothing more, and calls `done` when nothing runs.
  func stop(_ done: @escaping @Sendable () -> Void) {
    apply { $0.stop() }
    let (isIdle, waiting) = state.withLock { state in
      let waiting = state.requests.keys.filter { !state.queue.holds($0) }
      if state.current != nil { state.whenIdle.append(done) }
      return (state.current == nil, waiting)
    }
    for id in waiting { end(id, nil) }
    if isIdle { done() }
  }

  /// Cancels a request by its own number, or by that of a build that answers it; false where there is none, or it is
  /// forgotten.
  func cancelRequest(_ id: Int) -> Bool {
    let request = state.withLock { state in
      state.requests[id] != nil ? id : state.builds.builds.last { $0.id == id || $0.request == id }?.request
    }
    guard let request else { return false }
    cancel(request)
    return true
  }

  /// Whether a request waits for its turn.
  func isWaiting(_ id: Int) -> Bool { state.withLock { $0.requests[id] != nil } }

  private func end(_ id: Int, _ status: ExitStatus?) {
    state.withLock { $0.requests.removeValue(forKey: id) }?.finish(status)
  }

  /// Lets the queue decide, and does what it says.
  private func apply(_ decide: (inout BuildQueue) -> [BuildQueue.Order]) {
    let (begun, withdrawn) = state.withLock { state -> (DaemonBuild?, DaemonBuild?) in
      var (begun, withdrawn): (DaemonBuild?, DaemonBuild?) = (nil, nil)
      for order in decide(&state.queue) {
        switch order {
        case .begin(let job):
          let build = DaemonBuild(id: state.nextID, request: job.request)
          state.nextID += 1
          state.current = build
          begun = build
        case .withdraw: withdrawn = state.current
        }
      }
      return (begun, withdrawn)
    }
    // Outside the lock: the build's own lock comes first.
    withdrawn?.withdrawal.withdraw()
    if let begun, let job = state.withLock({ $0.queue.running }) { lane.async { self.run(job, begun) } }
  }

  // MARK: Builds

  private func run(_ job: BuildQueue.Job, _ build: DaemonBuild) {
    state.withLock { $0.builds.add(build) }
    let wasWithdrawn =
      switch job {
      case .sweep: runSweep(build)
      case .request(let id): runRequest(id, build)
      }
    build.update { $0.seconds = Date().timeIntervalSince1970 - $0.started }
    let idle = state.withLock { state in
      state.current = nil
      // A sweep that came to nothing is no news.
      if build.isSweep, build.now.number == nil { state.builds.drop(build) }
      defer { state.whenIdle = [] }
      return state.whenIdle
    }
    if !build.isSweep || build.now.number != nil { listener(.finished(build)) }
    apply { $0.finished(wasWithdrawn: wasWithdrawn) }
    // One that was withdrawn and does not start over.
    if let id = job.request, !state.withLock({ $0.queue.holds(id) }) { end(id, nil) }
    if build.isSweep { listener(.swept) }
    for done in idle { done() }
  }

  private func runSweep(_ build: DaemonBuild) -> Bool {
    let workspace = Workspace(root: root)
    let sink = BuildSink(build: build, workspace: workspace, listener: listener)
    let problems = workspace.configuration.diagnostics
    guard !workspace.configuration.hasErrors else {
      let texts = problems.map { sink.text($0, source: workspace.configuration.source) }
      let isNews = state.withLock { state in
        defer { state.pipelines.problems = texts }
        return state.pipelines.problems != texts
      }
      if isNews { for text in texts { log.error("\(text)") } }
      return false
    }
    let invocation = BuildInvocation(keepGoing: true)
    let listing = invocation.listing(in: workspace)
    let (files, knownErrors) = state.withLock { state in
      state.interests.note(listing, in: workspace)
      let waiting = state.interests.files(restingOn: state.held)
      return (listing.files.filter { !waiting.contains($0) }, state.pipelines.errors)
    }
    var request = invocation.request(in: workspace, files: files)
    request.logsIdleBuilds = false
    request.knownErrors = knownErrors
    request.patienceWithModels = modelPatience
    let stages = stages(of: workspace)
    let result = run(request, build, engine(for: workspace, stages), sink)
    let listingProblems =
      stages.problems.map { sink.text($0.diagnostic, source: $0.source) }
      + listing.problems.map { sink.text($0, source: workspace.configuration.source(of: $0)) }
    state.withLock { $0.pipelines.problems = listingProblems }
    guard !result.wasWithdrawn else { return true }
    note(result, build, sink, servedFiles: listing.files)
    lookAgain(after: [result.waiting.values.min(), secondsToRetry(result)].compactMap { $0 }.min())
    if updatePlan() { apply { $0.changed(concernsRunning: false) } }
    return false
  }

  /// Sweeps again after so many seconds, where no event may tell that it is time: what waits has come to rest, or there is room
  /// on the disk again. The last call counts.
  private func lookAgain(after seconds: Double?) {
    let look = seconds.map { _ in
      DispatchWorkItem { [weak self] in self?.apply { $0.changed(concernsRunning: false) } }
    }
    let before = state.withLock { state in
      defer { state.look = look }
      return state.look
    }
    before?.cancel()
    if let look, let seconds { lane.asyncAfter(deadline: .now() + seconds, execute: look) }
  }

  /// When to try again what failed for no fault of a file or a check: a full disk, a folder that cannot be written to. Twice as
  /// late each time, as most such failures last.
  private func secondsToRetry(_ result: BuildResult) -> Double? {
    let isWorthIt = result.report.pipelines.contains { report in
      report.status == .failed && !report.isInvalid && report.checks.allSatisfy(\.held)
    }
    return state.withLock { state in
      state.failures = isWorthIt ? state.failures + 1 : 0
      return isWorthIt ? min(300, firstRetry * pow(2, Double(min(state.failures, 10) - 1))) : nil
    }
  }

  private func runRequest(_ id: Int, _ build: DaemonBuild) -> Bool {
    guard let request = state.withLock({ $0.requests[id] }) else { return false }
    let workspace = Workspace(root: root)
    let sink = BuildSink(build: build, workspace: workspace, listener: listener, next: request.sink)
    let configuration = workspace.configuration
    guard !configuration.hasErrors else {
      sink.show(
        configuration.diagnostics.map { PlacedDiagnostic(diagnostic: $0, source: configuration.source) },
        workspace: workspace)
      build.update { $0.outcome = .invalid }
      end(id, .invalidInput)
      return false
    }
    let stages = stages(of: workspace)
    let run = BuildRun(
      request.invocation, in: workspace, engine: engine(for: workspace, stages), sink: sink, problems: stages.problems)
    do {
      let answer = try run.build { prepare(&$0, build) }
      guard let (status, result) = answer else {
        build.update { $0.outcome = .withdrawn }
        return true
      }
      note(result, build, sink, servedFiles: nil)
      end(id, status)
    } catch {
      request.sink.error("\(error)")
      end(id, .failed)
    }
    return false
  }

  private func prepare(_ request: inout BuildRequest, _ build: DaemonBuild) {
    let files = request.files
    request.withdrawal = build.withdrawal
    request.monitor = build.monitor
    build.update { $0.files = files }
    listener(.began(build))
  }

  private func run(
    _ request: BuildRequest, _ build: DaemonBuild, _ engine: Engine, _ sink: BuildSink
  ) -> BuildResult {
    var request = request
    request.reportsInputs = true
    request.stageLog = { sink.log($0) }
    prepare(&request, build)
    return engine.build(request, progress: { sink.progress($0) })
  }

  /// Takes over what a build came to.
  ///
  /// - Parameter servedFiles: for a sweep, all pipeline files, also those whose turn it was not.
  private func note(_ result: BuildResult, _ build: DaemonBuild, _ sink: BuildSink, servedFiles: [String]?) {
    build.update { state in
      state.number = result.number
      state.actions = result.report.actions
      state.outcome =
        switch result.status() {
        case .done: .done
        case .failed: .failed
        case .invalidInput: .invalid
        }
    }
    // That has been taken over already.
    if result.isRepeated && servedFiles == nil { return }
    var texts: [String: [String]] = [:]
    for placed in result.diagnostics {
      texts[placed.diagnostic.file, default: []].append(sink.text(placed.diagnostic, source: placed.source))
    }
    let (changes, pipelines) = state.withLock { state in
      if let servedFiles { state.interests.note(result, of: servedFiles) }
      let changes = state.pipelines.note(
        result, diagnostics: texts, servedFiles: servedFiles, now: Date().timeIntervalSince1970)
      return (changes, state.pipelines)
    }
    for name in changes.removed { listener(.removed(name)) }
    for name in changes.changed {
      guard let pipeline = pipelines.byName[name] else { continue }
      if build.isSweep { sink.tell(pipeline) }
      listener(.changed(pipeline))
    }
  }

  /// Tells what is to be watched if that is not what it was; returns whether so.
  @discardableResult
  private func updatePlan() -> Bool {
    let (plan, tell) = state.withLock { state -> (WatchPlan, (@Sendable (WatchPlan) -> Void)?) in
      let plan = state.interests.plan
      guard plan != state.plan else { return (plan, nil) }
      state.plan = plan
      return (plan, state.onPlan)
    }
    tell?(plan)
    return tell != nil
  }

  // MARK: Answers

  var pipelines: PipelineStates { state.withLock { $0.pipelines } }
  var builds: [DaemonBuild] { state.withLock { $0.builds.builds } }
  var current: DaemonBuild? { state.withLock { $0.current } }
  var queueDepth: Int { state.withLock { $0.queue.depth } }
  /// The store that a build would use now.
  var currentStoreFolder: String { storeFolder(Workspace(root: root)) }
  func store() throws -> LocalStore { try warmStore.store(in: currentStoreFolder) }
}

extension Configuration {
  /// Whether nothing can be built by it.
  fileprivate var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}

/// What happens in a service, for whoever listens.
enum ServiceEvent: Sendable {
  case began(DaemonBuild)
  case progressed(DaemonBuild, BuildProgress)
  case finished(DaemonBuild)
  case changed(PipelineState)
  /// A pipeline is served no more.
  case removed(String)
  /// All pipelines were looked at, whatever came of it.
  case swept
}
