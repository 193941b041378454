import CondenseFiles
import CondensePipelines
import CondenseStore
import Foundation

/// What a build would do, without doing it.
public struct DryRun: Sendable {
  public var pipelines: [PlannedPipeline]
  /// Each action once, however many pipelines share it; of those that depend on others that cannot be told yet.
  public var actions: PlannedPipeline.Actions
  public var diagnostics: [PlacedDiagnostic]
  public var hasInvalidInput: Bool
}

/// What a build would do for one pipeline.
public struct PlannedPipeline: Sendable {
  public var name: String
  public var file: String
  /// Whether nothing has changed since it was last built, so that it would be passed over.
  public var isUnchanged: Bool
  public var model: String
  public var modelBytes: Int
  /// Those that feed an output, inputs first; empty where the pipeline would be passed over.
  public var stages: [PlannedStage]
  public var outputs: [PlannedOutput]
  public var actions: Actions
  /// What the checks would come to; empty where that cannot be told before actions have run, or was not asked for.
  public var checks: [CheckReport] = []
  /// Why each action would run or not; nil where the pipeline would be passed over.
  public var explanation: Explanation?

  public struct Actions: Equatable, Sendable, Encodable {
    public var total = 0
    public var cached = 0
    /// Those that have to run.
    public var run = 0
    /// Those whose input has to be made first: what comes out may turn out to be known.
    public var depend = 0

    public init() {}
  }

  /// Whether a build would run an action, write an output or fail. Only where forecasts were asked for.
  public var isOutOfDate: Bool {
    !isUnchanged && (actions.run + actions.depend > 0 || outputs.contains { $0.forecast != .unchanged })
  }
}

public struct PlannedStage: Sendable {
  public var id: String
  public var stage: String
  /// A stage's id, or `model`.
  public var from: String
  /// Tensors that it acts on.
  public var tensors: Int
  /// Of all tensors after it; nil where not all of them are known.
  public var bytes: Int?
  public var actions: PlannedPipeline.Actions
}

public struct PlannedOutput: Sendable {
  public var path: String
  public var from: String
  /// Of the file that is there now.
  public var bytes: Int?
  /// Where the pipeline names it; nil where the pipeline would be passed over.
  public var place: Place?
  /// What a build would do with it; nil where that cannot be told before actions have run, or was not asked for.
  public var forecast: PublishingReason?
}

extension Engine {
  /// Plans a build and looks up what is known, reading models whose digests are not; runs no stage and writes no output.
  ///
  /// - Parameter forecastsOutputs: whether it is told what would become of outputs. They are read where it takes that.
  public func dryRun(_ request: BuildRequest, forecastsOutputs: Bool = false) -> DryRun {
    let opening = StoreOpening(store)
    defer { opening.settle() }
    let prepared = prepare(request, onRest: opening.begin)
    let (loaded, upToDate) = (prepared.loaded, prepared.upToDate)
    var planned: [PlannedPipeline] = []
    var keys = upToDate.actionKeys
    var actions = PlannedPipeline.Actions()
    var diagnostics = loaded.diagnostics
    if !loaded.ready.isEmpty {
      do {
        var staging: ScratchFolder?
        if forecastsOutputs {
          // What may not be written to can be looked at.
          let folder = prepared.stateFolder ?? FileManager.default.temporaryDirectory.path + "/condense-\(getuid())"
          staging = try ScratchFolder(in: folder + "/staging")
        }
        defer { staging?.remove() }
        planned = try plan(
          loaded, try opening.store(), stateFolder: prepared.stateFolder, staging: staging, &actions, &keys)
      } catch {
        diagnostics += loaded.ready.map {
          PlacedDiagnostic(
            diagnostic: .init(.error, "\(error)", file: $0.pipeline.file, range: nil), source: nil)
        }
      }
    }
    actions.cached = keys.count
    actions.total = actions.cached + actions.run + actions.depend
    let byFile = Dictionary(grouping: planned, by: \.file)
    return DryRun(
      pipelines: request.files.flatMap { file in
        upToDate.records[file]?.builds.map { PlannedPipeline(unchanged: $0.report) } ?? byFile[file] ?? []
      }, actions: actions, diagnostics: diagnostics, hasInvalidInput: loaded.files.contains { !$0.isValid })
  }

  private func plan(
    _ loaded: LoadedPipelines, _ store: any ArtifactStore, stateFolder: String?, staging: ScratchFolder?,
    _ actions: inout PlannedPipeline.Actions, _ cached: inout ActionWords
  ) throws -> [PlannedPipeline] {
    let plan = BuildPlan(loaded)
    let runner = ActionRunner(
      graph: plan.graph, models: loaded.models, store: store, handoff: Handoff(capacity: 0))
    let publisher = staging.map {
      Publisher(plan: plan, models: loaded.models, formats: formats, store: store, runner: runner, staging: $0)
    }
    var forecasts: [Int: OutputForecast] = [:]
    var scheduler = Scheduler(plan.graph, known: plan.knownSources(loaded.models, in: store))
    var toRun: Set<UInt64> = []
    while let task = scheduler.next() {
      switch task {
      case .lookUp(let lookups): scheduler.lookedUp(runner.lookUp(lookups))
      case .run(let nodes):
        for node in nodes where !plan.graph.isSource(node) {
          if plan.graph[node].isAction, let key = scheduler.keys[node.index] { toRun.insert(key.leadingWord) }
        }
        let sources = nodes.filter { plan.graph.isSource($0) }
        let results = runner.run(sources.map { ActionRunner.Job(node: $0, key: nil, inputs: []) })
        for (node, result) in zip(sources, results) { scheduler.ran(node, try result.get().outcome) }
      case .publish(let nodes):
        for job in nodes.compactMap({ scheduler.publication(at: $0, in: plan.graph) }) {
          // Where the store has lost what it is made from, that would have to run first.
          forecasts[job.pipeline] = try? publisher?.forecast(job)
        }
      }
    }
    for action in plan.pipelines.flatMap(\.actions) {
      guard let key = scheduler.keys[action.index]?.leadingWord else {
        actions.depend += 1
        continue
      }
      if !toRun.contains(key) { cached.insert(key) }
    }
    actions.run = toRun.count
    return plan.pipelines.indices.map { index in
      planned(plan, index, loaded, scheduler, toRun: toRun, forecast: forecasts[index], stateFolder: stateFolder)
    }
  }

  private func planned(
    _ plan: BuildPlan, _ index: Int, _ loaded: LoadedPipelines, _ scheduler: Scheduler, toRun: Set<UInt64>,
    forecast: OutputForecast?, stateFolder: String?
  ) -> PlannedPipeline {
    let pipeline = plan.pipelines[index]
    let checked = pipeline.pipeline
    let model = loaded.models[pipeline.model].model
    func name(_ input: StageInput) -> String {
      if case .stage(let stage) = input { checked.stages[stage].id } else { "model" }
    }
    func count(_ actions: [StageAction]) -> PlannedPipeline.Actions {
      var counts = PlannedPipeline.Actions()
      var seen: Set<UInt64> = []
      for action in actions {
        guard let key = scheduler.keys[action.node.index]?.leadingWord else {
          counts.total += 1
          counts.depend += 1
          continue
        }
        guard seen.insert(key).inserted else { continue }
        counts.total += 1
        if toRun.contains(key) { counts.run += 1 } else { counts.cached += 1 }
      }
      return counts
    }
    let stages = zip(checked.stages, pipeline.stages).compactMap { stage, stagePlan -> PlannedStage? in
      guard let stagePlan else { return nil }
      let sizes = stagePlan.results.map { scheduler.outcome(of: $0)?.artifact?.byteCount }
      return PlannedStage(
        id: stage.id, stage: stage.name, from: name(stage.input), tensors: stagePlan.acts.count { $0 },
        bytes: sizes.contains(nil) ? nil : sizes.reduce(0) { $0 + ($1 ?? 0) }, actions: count(stagePlan.actions))
    }
    let ledger = ActionLedger(
      plan, pipeline: index, models: loaded.models, scheduler: scheduler, executed: toRun, outputs: [])
    let before = stateFolder.flatMap { LedgerFile(of: checked.name, in: $0) }?.now
    return PlannedPipeline(
      name: checked.name, file: checked.file, isUnchanged: false, model: model.path, modelBytes: model.byteCount,
      stages: stages,
      outputs: checked.outputs.enumerated().map { number, output in
        PlannedOutput(
          path: output.path, from: name(output.from), bytes: (try? FileIdentity(of: output.path))?.byteCount,
          place: output.place, forecast: forecast?.reasons[number])
      }, actions: count(pipeline.stages.compactMap { $0 }.flatMap(\.actions)), checks: forecast?.checks ?? [],
      explanation: Explanation(ledger.asPlanned, before: before, pipeline: checked.name, build: 0))
  }
}

extension ActionLedger {
  /// The ledger with actions that are not finished as ones that would run.
  fileprivate var asPlanned: ActionLedger {
    var ledger = self
    for index in ledger.actions.indices where ledger.actions[index].outcome == .unfinished {
      ledger.actions[index].outcome = .ran
    }
    return ledger
  }
}

extension PlannedPipeline {
  fileprivate init(unchanged report: PipelineReport) {
    self.init(
      name: report.name, file: report.file, isUnchanged: true, model: "", modelBytes: report.metrics?.sourceBytes ?? 0,
      stages: [], outputs: report.outputs.map { PlannedOutput(path: $0.path, from: "", bytes: $0.bytes) },
      actions: Actions())
    actions.total = report.actions.total
    actions.cached = report.actions.total
  }
}
