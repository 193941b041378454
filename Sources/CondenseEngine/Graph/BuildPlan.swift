import CondenseModels
import CondenseStages
import CondenseTensors

/// The graph of a build, and where in it each pipeline's parts are.
public struct BuildPlan: Sendable {
  public internal(set) var graph = BuildGraph()
  /// For each model, the nodes of its tensors in model order.
  public internal(set) var sources: [[BuildGraph.NodeID]] = []
  public internal(set) var pipelines: [PipelinePlan] = []
}

/// Where in the graph a pipeline's parts are.
public struct PipelinePlan: Sendable {
  public var pipeline: CheckedPipeline
  /// Index of its model.
  public var model: Int
  /// For each stage of the pipeline that feeds an output; nil for the others.
  public var stages: [StagePlan?]
  /// For each output, the tensors that go into it.
  public var outputs: [[BuildGraph.NodeID]]
  /// For each output, its tensors' comparisons with the source.
  public var outputMetrics: [[BuildGraph.NodeID]]
  /// The stage executions that this pipeline needs.
  public var actions: [BuildGraph.NodeID]
  public var publish: BuildGraph.NodeID
}

/// What a stage of a pipeline makes of each tensor.
public struct StagePlan: Sendable {
  /// The tensors as they are after the stage: a stage that leaves a tensor out hands on its input's node.
  public var results: [BuildGraph.NodeID]
  /// Each tensor's comparison with the source.
  public var metrics: [BuildGraph.NodeID]
  /// Whether the stage acts on the tensor.
  public var acts: [Bool]
  /// Its executions.
  public var actions: [StageAction]
}

/// One execution of a stage.
public struct StageAction: Sendable {
  public var node: BuildGraph.NodeID
  /// Index of the tensor that it is for; nil for a decision over the model.
  public var tensor: Int?
}

/// A model as planning sees it: names, types and shapes.
public struct PlannedModel: Sendable {
  public var tensors: [ModelTensor]
  public init(tensors: [ModelTensor]) { self.tensors = tensors }
}

extension BuildPlan {
  /// Plans pipelines over models; each pipeline comes with the index of its model.
  public init(pipelines: [(CheckedPipeline, model: Int)], models: [PlannedModel]) {
    for (index, model) in models.enumerated() {
      sources.append(
        model.tensors.indices.map { tensor in
          graph.add(.source(model: index, tensor: tensor), byteCount: model.tensors[tensor].byteCount)
        })
    }
    for (pipeline, model) in pipelines {
      plan(pipeline, model: model, tensors: models[model].tensors)
    }
  }

  private mutating func plan(_ pipeline: CheckedPipeline, model: Int, tensors: [ModelTensor]) {
    let index = pipelines.count
    let needed = pipeline.stagesFeedingOutputs
    let source = sources[model]
    // What the source itself measures: its density, and that nothing is lost.
    var sourceMetrics: [BuildGraph.NodeID]?
    var stages: [StagePlan?] = []
    var actions: [StageAction] = []

    func results(_ input: StageInput) -> [BuildGraph.NodeID] {
      switch input {
      case .model: source
      case .stage(let stage): stages[stage]?.results ?? source
      }
    }
    func metrics(_ input: StageInput, _ graph: inout BuildGraph) -> [BuildGraph.NodeID] {
      if case .stage(let stage) = input, let plan = stages[stage] { return plan.metrics }
      if let sourceMetrics { return sourceMetrics }
      let made = source.map { graph.add(.compare, inputs: [$0, $0], byteCount: graph[$0].byteCount) }
      sourceMetrics = made
      return made
    }

    for (number, stage) in pipeline.stages.enumerated() {
      guard needed.contains(number) else {
        stages.append(nil)
        continue
      }
      let inputs = results(stage.input)
      let inputMetrics = metrics(stage.input, &graph)
      let first = actions.count
      let added = add(stage, inputs: inputs, tensors: tensors, actions: &actions)
      let isLossless = stage.description.isLossless || stage.description.scope == .evaluation
      let comparisons = tensors.indices.map { tensor in
        added.acts[tensor] && !isLossless
          ? graph.add(
            .compare, inputs: [source[tensor], added.results[tensor]], byteCount: tensors[tensor].byteCount)
          : inputMetrics[tensor]
      }
      stages.append(
        StagePlan(
          results: added.results, metrics: comparisons, acts: added.acts, actions: Array(actions[first...])))
    }

    let outputs = pipeline.outputs.map { results($0.from) }
    let outputMetrics = pipeline.outputs.map { metrics($0.from, &graph) }
    // Whatever reports numbers is waited for, also where no tensor comes from it.
    let reporting = zip(pipeline.stages, stages).flatMap { stage, plan in
      stage.description.metrics.isEmpty && stage.description.scope != .evaluation ? [] : plan?.actions.map(\.node) ?? []
    }
    let everything = Set((outputs + outputMetrics + stages.compactMap { $0?.metrics } + [reporting]).joined()).sorted()
    let publish = graph.add(
      .publish(pipeline: index), inputs: everything, byteCount: tensors.reduce(0) { $0 + $1.byteCount })
    pipelines.append(
      PipelinePlan(
        pipeline: pipeline, model: model, stages: stages, outputs: outputs, outputMetrics: outputMetrics,
        actions: actions.map(\.node), publish: publish))
  }

  /// Adds a stage's actions on a model's tensors.
  private mutating func add(
    _ stage: CheckedStage, inputs: [BuildGraph.NodeID], tensors: [ModelTensor], actions: inout [StageAction]
  ) -> (results: [BuildGraph.NodeID], acts: [Bool]) {
    var results = inputs
    var acts = tensors.map { _ in false }
    // Tensors for which the stage is set up alike share one entry, and one decision where it spans the model.
    var uses: [StageParameters: Int] = [:]
    var members: [Int: [Int]] = [:]
    for (index, tensor) in tensors.enumerated() {
      guard let configured = stage.configured(for: tensor.name),
        configured.accepts(TensorDescription(dtype: tensor.dtype, shape: tensor.shape))
      else { continue }
      acts[index] = true
      let parameters = configured.parameters
      let use =
        uses[parameters]
        ?? graph.add(BuildGraph.ConfiguredUse(description: stage.description, configured: configured))
      uses[parameters] = use
      members[use, default: []].append(index)
    }
    for use in members.keys.sorted() {
      let group = members[use] ?? []
      guard stage.description.scope == .tensor else {
        transform(use, group, inputs: inputs, tensors: tensors, results: &results, actions: &actions)
        continue
      }
      var allocation: BuildGraph.NodeID?
      if graph.stages[use].configured.spansModel {
        let measurements = group.map { tensor in
          graph.add(.measure(stage: use), inputs: [inputs[tensor]], byteCount: tensors[tensor].byteCount)
        }
        let decision = graph.add(.allocate(stage: use), inputs: measurements)
        actions += zip(group, measurements).map { StageAction(node: $1, tensor: $0) }
        actions.append(StageAction(node: decision, tensor: nil))
        allocation = decision
      }
      for (slot, tensor) in group.enumerated() {
        results[tensor] = graph.add(
          .apply(stage: use, slot: allocation.map { _ in slot }),
          inputs: [inputs[tensor]] + (allocation.map { [$0] } ?? []), byteCount: tensors[tensor].byteCount)
        actions.append(StageAction(node: results[tensor], tensor: tensor))
      }
    }
    return (results, acts)
  }
}

extension BuildPlan {
  /// Adds the actions of a stage that sees a group of tensors at once.
  private mutating func transform(
    _ use: Int, _ group: [Int], inputs: [BuildGraph.NodeID], tensors: [ModelTensor], results: inout [BuildGraph.NodeID],
    actions: inout [StageAction]
  ) {
    let whole = graph.add(
      .transform(stage: use, names: group.map { tensors[$0].name }), inputs: group.map { inputs[$0] },
      byteCount: group.reduce(0) { $0 + tensors[$1].byteCount })
    actions.append(StageAction(node: whole, tensor: nil))
    guard graph.stages[use].description.scope == .model else { return }
    for (slot, tensor) in group.enumerated() {
      results[tensor] = graph.add(
        .take(stage: use, slot: slot), inputs: [inputs[tensor], whole], byteCount: tensors[tensor].byteCount)
      actions.append(StageAction(node: results[tensor], tensor: tensor))
    }
  }
}

extension CheckedPipeline {
  /// The ids of the stages that a tensor passes on its way, first to last.
  func stageIDs(leadingTo input: StageInput) -> [String] {
    var ids: [String] = []
    var next = input
    while case .stage(let index) = next {
      ids.append(stages[index].id)
      next = stages[index].input
    }
    return ids.reversed()
  }

  /// The stages that outputs are made from, by index.
  var stagesFeedingOutputs: Set<Int> {
    var needed: Set<Int> = []
    var reached = outputs.map(\.from)
    while case .some(let next) = reached.popLast() {
      if case .stage(let index) = next, needed.insert(index).inserted { reached.append(stages[index].input) }
    }
    return needed
  }
}
