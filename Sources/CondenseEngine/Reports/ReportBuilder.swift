import CondensePipelines
import CondenseStore

/// Makes a report of what a finished scheduler knows.
struct ReportBuilder {
  let plan: BuildPlan
  let models: [ModelSource]
  let scheduler: Scheduler
  let publications: [Int: Publisher.Publication]
  let wasWithdrawn: Bool
  /// Actions that ran and have been counted for a pipeline already.
  private var counted: Set<Digest> = []
  /// For each pipeline that has been reported, the actions that ran for it.
  private var ran: [Int: Set<Digest>] = [:]

  init(
    plan: BuildPlan, models: [ModelSource], scheduler: Scheduler, publications: [Int: Publisher.Publication],
    wasWithdrawn: Bool
  ) {
    self.wasWithdrawn = wasWithdrawn
    self.plan = plan
    self.models = models
    self.scheduler = scheduler
    self.publications = publications
  }

  /// Reports pipelines in order, as the one that is first is the one for which a shared action ran.
  mutating func pipelineReports() -> [PipelineReport] {
    plan.pipelines.indices.map { report($0) }
  }

  /// Every action once, however many pipelines share it, also those of pipelines that need not be visited.
  ///
  /// - Parameter passedOver: the actions of the latter.
  func totals(besides passedOver: ActionWords) -> ActionCounts {
    let executed = Set(scheduler.executed.map(\.leadingWord))
    var counts = ActionCounts()
    // Besides those that were passed over: whether each has come to something.
    var own: [UInt64: Bool] = [:]
    for action in plan.pipelines.flatMap(\.actions) {
      guard let key = scheduler.keys[action.index]?.leadingWord else {
        counts.total += 1
        continue
      }
      guard !passedOver.contains(key) else { continue }
      own[key, default: false] = own[key, default: false] || scheduler.outcome(of: action) != nil
    }
    counts.total += passedOver.count + own.count
    counts.ran = scheduler.executed.count
    counts.cached = passedOver.count - executed.count { passedOver.contains($0) }
    counts.cached += own.count { $0.value && !executed.contains($0.key) }
    return counts
  }

  /// The actions of pipeline `index`, each once: see ``BuildRecord/actionKeys``.
  func actionKeys(_ index: Int) -> [UInt64] {
    Set(plan.pipelines[index].actions.compactMap { scheduler.keys[$0.index]?.leadingWord }).sorted()
  }

  /// What each action of a reported pipeline was made of.
  func ledger(_ index: Int) -> ActionLedger {
    let declared = plan.pipelines[index].pipeline
    let publication = publications[index]
    let outputs = declared.outputs.enumerated().map { number, output in
      ActionLedger.OutputEntry(
        path: output.path,
        reason: publication.flatMap { $0.reasons.indices.contains(number) ? $0.reasons[number] : nil } ?? .held)
    }
    return ActionLedger(
      plan, pipeline: index, models: models, scheduler: scheduler, executed: Set((ran[index] ?? []).map(\.leadingWord)),
      outputs: outputs)
  }

  private mutating func report(_ index: Int) -> PipelineReport {
    let pipeline = plan.pipelines[index]
    var report = PipelineReport(name: pipeline.pipeline.name, file: pipeline.pipeline.file)
    var ranHere: Set<Digest> = []
    report.actions = counts(pipeline.actions, ranHere: &ranHere)
    counted.formUnion(ranHere)
    ran[index] = ranHere
    let source = models[pipeline.model].model
    for (stage, stagePlan) in zip(pipeline.pipeline.stages, pipeline.stages) {
      guard let stagePlan else { continue }
      report.stages.append(stageReport(stage, stagePlan, sourceBytes: source.byteCount, ranHere: ranHere))
    }
    report.tensors = source.tensors.indices.map { tensorReport($0, pipeline, ranHere: ranHere) }
    report.outputStages = pipeline.pipeline.outputs.map { pipeline.pipeline.stageIDs(leadingTo: $0.from) }
    let publication = publications[index]
    report.metrics = publication?.metrics
    report.outputs = publication?.outputs ?? []
    report.checks = publication?.checks ?? []
    let broken = report.checks.filter { !$0.held }
    if publication == nil {
      let failures = scheduler.failures.filter { $0.pipelines.contains(index) }
      let first = failures.min { $0.node < $1.node }
      report.error = failureMessage(first, others: failures.count - 1)
      report.errorPlace = first.flatMap { place(of: $0.node, in: pipeline) }
    } else if !broken.isEmpty {
      report.error = broken.map(\.description).joined(separator: "; ")
      report.errorPlace = pipeline.pipeline.checks.first { $0.metric.value == broken[0].metric }?.metric.place
    }
    report.status = report.error != nil ? .failed : report.actions.ran > 0 ? .built : .cached
    return report
  }

  /// Counts actions by key; those that ran for an earlier pipeline count as cached.
  private func counts(_ actions: [BuildGraph.NodeID], ranHere: inout Set<Digest>) -> ActionCounts {
    var counts = ActionCounts()
    var seen: Set<Digest> = []
    for action in actions {
      guard let key = scheduler.keys[action.index] else {
        counts.total += 1
        continue
      }
      guard seen.insert(key).inserted else { continue }
      counts.total += 1
      if scheduler.executed.contains(key) && !counted.contains(key) {
        counts.ran += 1
        ranHere.insert(key)
      } else if scheduler.outcome(of: action) != nil {
        counts.cached += 1
      }
    }
    return counts
  }

  private func stageReport(
    _ stage: CheckedStage, _ plan: StagePlan, sourceBytes: Int, ranHere: Set<Digest>
  ) -> StageReport {
    var bytes = 0
    var metrics = TensorMetrics()
    var counts = ActionCounts()
    var seen: Set<Digest> = []
    for action in plan.actions {
      guard let key = scheduler.keys[action.node.index], seen.insert(key).inserted else { continue }
      counts.total += 1
      if ranHere.contains(key) { counts.ran += 1 } else { counts.cached += 1 }
    }
    for tensor in plan.results.indices {
      bytes += scheduler.outcome(of: plan.results[tensor])?.artifact?.byteCount ?? 0
      if case .metrics(let one) = scheduler.outcome(of: plan.metrics[tensor]), one.isFloatingPoint { metrics += one }
    }
    return StageReport(
      id: stage.id, stage: stage.name, tensors: plan.acts.count { $0 }, bytes: bytes,
      metrics: OutputMetrics(metrics, sourceBytes: sourceBytes, bytes: bytes), actions: counts,
      values: stage.description.totals(of: plan.actions) { scheduler.outcome(of: $0) })
  }

  private func tensorReport(_ index: Int, _ pipeline: PipelinePlan, ranHere: Set<Digest>) -> TensorReport {
    let tensor = models[pipeline.model].model.tensors[index]
    var steps: [TensorReport.Step] = []
    for (stage, plan) in zip(pipeline.pipeline.stages, pipeline.stages) {
      guard let plan, plan.acts[index], stage.description.scope != .evaluation,
        let artifact = scheduler.outcome(of: plan.results[index])?.artifact
      else {
        continue
      }
      var metrics = TensorMetrics()
      if case .metrics(let found) = scheduler.outcome(of: plan.metrics[index]) { metrics = found }
      steps.append(
        TensorReport.Step(
          stage: stage.id, bytes: artifact.byteCount, ran: didRun(plan.results[index], in: ranHere),
          density: metrics.density, sqnr: metrics.sqnr))
    }
    return TensorReport(
      name: tensor.name, dtype: tensor.dtype.rawValue, shape: tensor.shape.dimensions, sourceBytes: tensor.byteCount,
      steps: steps)
  }

  private func didRun(_ node: BuildGraph.NodeID, in ranHere: Set<Digest>) -> Bool {
    scheduler.keys[node.index].map { ranHere.contains($0) } ?? false
  }

  /// The first of the failures that kept a pipeline from being published, in words that name the tensor.
  private func failureMessage(_ first: Scheduler.Failure?, others: Int) -> String {
    guard let first else {
      return wasWithdrawn
        ? "not finished, since the build was withdrawn"
        : "not finished, since the build stopped at an earlier failure (--keep-going goes on)"
    }
    let more = others > 0 ? " (and \(others) more)" : ""
    let tensor =
      plan.graph.tensor(of: first.node).map { "tensor '\(models[$0.model].model.tensors[$0.tensor].name)': " } ?? ""
    return "\(tensor)\(first.error)\(more)"
  }

  /// Where a pipeline says what a node of it does.
  private func place(of node: BuildGraph.NodeID, in pipeline: PipelinePlan) -> Place? {
    switch plan.graph[node].work {
    case .source: return pipeline.pipeline.model.path.place
    case .measure, .allocate, .apply, .transform, .take:
      let stage = pipeline.stages.firstIndex { $0?.actions.contains { $0.node == node } ?? false }
      return stage.map { pipeline.pipeline.stages[$0].place }
    case .compare: return nil
    case .publish: return pipeline.pipeline.outputs.first?.place
    }
  }
}

extension CheckReport: CustomStringConvertible {
  /// For example `check failed: ratio is 11.2, below min 12`, `check held: ratio is 21.4 (min 12)`.
  public var description: String {
    if value == nil, !Metric.isMeasured(metric) {
      return "check failed: no stage that leads to the output reported \(metric)"
    }
    let shown = value.map { Figures.number($0) } ?? "endless"
    guard !held else {
      let bounds = [min.map { "min \(Figures.number($0))" }, max.map { "max \(Figures.number($0))" }]
      return "check held: \(metric) is \(shown) (\(bounds.compactMap { $0 }.joined(separator: ", ")))"
    }
    if let min, (value ?? .infinity) < min {
      return "check failed: \(metric) is \(shown), below min \(Figures.number(min))"
    }
    return "check failed: \(metric) is \(shown), above max \(Figures.number(max ?? 0))"
  }
}
