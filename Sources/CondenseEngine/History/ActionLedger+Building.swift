import CondenseStages
import CondenseStore

extension ActionLedger {
  /// The ledger of pipeline `index` of a plan, after a scheduler has worked on it.
  init(
    _ plan: BuildPlan, pipeline index: Int, models: [ModelSource], scheduler: Scheduler, executed: Set<UInt64>,
    outputs: [OutputEntry]
  ) {
    let pipeline = plan.pipelines[index]
    let source = models[pipeline.model]
    build = 0
    model = source.model.path
    tensors = zip(source.model.tensors, plan.sources[pipeline.model]).map { tensor, node in
      TensorEntry(
        name: tensor.name, dtype: tensor.dtype.rawValue, shape: tensor.shape.dimensions,
        digest: scheduler.outcome(of: node)?.artifact?.digest.leadingWord ?? 0)
    }
    let all = pipeline.pipeline.stages
    stages = zip(all, pipeline.stages).filter { $1 != nil }.map { stage, _ in
      let input = if case .stage(let input) = stage.input { all[input].id } else { "model" }
      return StageEntry(id: stage.id, input: input)
    }
    uses = []
    actions = []
    self.outputs = outputs
    for (stage, stagePlan) in zip(all, pipeline.stages) {
      guard let stagePlan else { continue }
      var useIndices: [Int: Int] = [:]
      for action in stagePlan.actions {
        let node = plan.graph[action.node]
        guard let use = node.work.stage else { continue }
        if useIndices[use] == nil {
          useIndices[use] = uses.count
          let written = action.tensor.map { stage.written(for: source.model.tensors[$0].name) } ?? [:]
          uses.append(UseEntry(plan.graph.stages[use], id: stage.id, written: written))
        }
        let inputs = node.inputs.map { scheduler.outcome(of: $0) }
        let key = scheduler.keys[action.node.index]?.leadingWord
        let result = scheduler.outcome(of: action.node)?.artifact?.digest.leadingWord
        var entry = ActionEntry(
          use: useIndices[use] ?? 0, kind: .apply, tensor: action.tensor, key: key ?? 0,
          input: inputs.first??.artifact?.digest.leadingWord ?? 0, result: result ?? 0, allocation: [],
          outcome: result == nil ? .unfinished : key.map { executed.contains($0) } == true ? .ran : .reused)
        switch node.work {
        case .measure: entry.kind = .measure
        case .allocate:
          entry.kind = .allocate
          entry.input = 0
        case .apply(_, let slot): entry.allocation = plan.graph.allocation(slot, inputs.compactMap { $0 })?.values ?? []
        case .take: break
        case .transform:
          entry.kind = .transform
          entry.input = 0
        case .source, .compare, .publish: continue
        }
        actions.append(entry)
      }
    }
  }
}

extension ActionLedger.UseEntry {
  init(_ use: BuildGraph.ConfiguredUse, id: String, written: [String: WrittenParameter]) {
    self.init(
      id: id, stage: use.description.name, version: use.description.version,
      parameters: use.configured.parameters.mapValues(\.canonical),
      written: written.values.sorted { $0.name < $1.name },
      sources: use.sources.map { ActionLedger.SourceEntry(name: $0.name, content: $0.content) })
  }
}

extension BuildGraph.Work {
  /// The stage's set-up, for stage executions.
  var stage: Int? {
    switch self {
    case .measure(let stage), .allocate(let stage), .apply(let stage, _), .transform(let stage, _), .take(let stage, _):
      stage
    case .source, .compare, .publish: nil
    }
  }
}
