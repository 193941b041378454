import CondenseCodecs
import CondenseModels
import CondenseStages
import CondenseStore
import CondenseTensors

/// Does what a node of the graph says, with the models and the store at hand.
final class ActionRunner: Sendable {
  private let graph: BuildGraph
  private let models: [ModelSource]
  let store: any ArtifactStore
  private let handoff: Handoff
  private let trace: BuildTrace?
  private let attendance: StageAttendance

  init(
    graph: BuildGraph, models: [ModelSource], store: any ArtifactStore, handoff: Handoff, trace: BuildTrace? = nil,
    attendance: StageAttendance = StageAttendance()
  ) {
    self.graph = graph
    self.models = models
    self.store = store
    self.handoff = handoff
    self.trace = trace
    self.attendance = attendance
  }

  /// What a node does, for a trace: `prune fc1.weight`.
  private func name(_ node: BuildGraph.NodeID) -> String {
    let tensor = graph.tensor(of: node).map { models[$0.model].model.tensors[$0.tensor].name }
    let work =
      switch graph[node].work {
      case .source: "read"
      case .measure(let stage): "measure for \(graph.stages[stage].description.name)"
      case .allocate(let stage): "allocate for \(graph.stages[stage].description.name)"
      case .apply(let stage, _), .transform(let stage, _): graph.stages[stage].description.name
      case .take(let stage, _): "take from \(graph.stages[stage].description.name)"
      case .compare: "compare"
      case .publish: "publish"
      }
    return tensor.map { "\(work) \($0)" } ?? work
  }

  /// A node to run, with what its inputs yielded.
  struct Job: Sendable {
    var node: BuildGraph.NodeID
    var key: Digest?
    var inputs: [Outcome]
    /// Whether it was made before, and the store has lost it.
    var isMadeAgain = false
  }

  /// What running a node made, before it is in the store.
  struct Product: Sendable {
    var outcome: Outcome
    /// What the outcome's artifact is; nil where the store has it.
    var content: ArtifactContent?
    /// What else it made.
    var others: [ArtifactContent] = []
    var note: Bytes?
  }

  /// Asks the action cache, and for decisions and metrics the store for what they say.
  func lookUp(_ lookups: [Scheduler.Lookup]) -> [(node: BuildGraph.NodeID, outcome: Outcome?)] {
    trace.span(.lookUp, "look up \(lookups.count)") { answer(lookups) }
  }

  private func answer(_ lookups: [Scheduler.Lookup]) -> [(node: BuildGraph.NodeID, outcome: Outcome?)] {
    let isNote = lookups.map { lookup in
      if case .compare = graph[lookup.node].work { true } else { false }
    }
    var notes = store.notes(zip(lookups, isNote).filter(\.1).map(\.0.key)).makeIterator()
    let reported = lookups.filter { reportsEach($0.node) }.map { ActionKey.metrics(of: $0.key) }
    var metrics = (reported.isEmpty ? [] : store.notes(reported)).makeIterator()
    var actions = store.actions(zip(lookups, isNote).filter { !$0.1 }.map(\.0.key)).makeIterator()
    return zip(lookups, isNote).map { lookup, isNote in
      if isNote {
        let metrics = (notes.next() ?? nil).flatMap { TensorMetrics(encoded: $0) }
        return (lookup.node, metrics.map { .metrics($0) })
      }
      let known = reportsEach(lookup.node) ? (metrics.next() ?? nil).flatMap { StageMetricsCoding.decode($0) } : nil
      return (lookup.node, (actions.next() ?? nil).flatMap { outcome(of: lookup.node, $0, known) })
    }
  }

  /// What an action that made an artifact came to; nil where not all of it is there any more.
  private func outcome(of node: BuildGraph.NodeID, _ artifact: Artifact, _ metrics: [String: Double]?) -> Outcome? {
    let inputs = graph[node].inputs.count
    switch graph[node].work {
    case .allocate:
      let allocations = store.load(artifact).flatMap { AllocationList.decode($0) }
      guard let allocations, allocations.count == inputs else { return nil }
      return .allocations(artifact, allocations)
    case .transform(let stage, _):
      guard let list = store.load(artifact).flatMap({ TransformedList(encoded: $0) }),
        list.tensors.count == (graph.stages[stage].description.scope == .model ? inputs : 0)
      else { return nil }
      return .transformed(artifact, tensors: list.tensors, metrics: list.metrics)
    case .apply where reportsEach(node): return metrics.map { .reported(artifact, $0) }
    case .source, .measure, .apply, .take, .compare, .publish: return .artifact(artifact)
    }
  }

  /// Whether an action reports numbers of its tensor.
  private func reportsEach(_ node: BuildGraph.NodeID) -> Bool {
    guard case .apply(let stage, _) = graph[node].work else { return false }
    return !graph.stages[stage].description.metrics.isEmpty
  }

  /// What a node came to, before what it made has a digest.
  private enum Draft {
    case product(Product)
    case tensor(EncodedTensor, product: (ArtifactContent) -> Product)
  }

  /// Runs nodes, one after the other; then hashes what they made, which takes less time together. The scheduler hands out
  /// as many as fit in memory.
  func run(_ jobs: [Job]) -> [Result<Product, any Error>] {
    let drafts = jobs.map { job in
      let kind: BuildTrace.Kind =
        switch graph[job.node].work {
        case .source: .read
        case .compare: .compare
        default: .action
        }
      return Result { try trace.span(kind, name(job.node)) { try draft(job) } }
    }
    let tensors = drafts.compactMap { draft in
      if case .success(.tensor(let tensor, _)) = draft { tensor.blobParts() } else { nil }
    }
    let hashed =
      tensors.isEmpty ? [] : trace.span(.hash, "hash \(tensors.count) tensors") { ArtifactContent.together(tensors) }
    var contents = hashed.makeIterator()
    return drafts.map { draft in
      draft.map { draft in
        switch draft {
        case .product(let product): return product
        case .tensor(let tensor, let product):
          guard let content = contents.next() else { preconditionFailure("what was made has a digest") }
          handoff.keep(tensor, as: content.artifact.digest)
          return product(content)
        }
      }
    }
  }

  /// Runs a node.
  ///
  /// - Throws: ``LostInputs`` where the store no longer has what the node needs; ``ActionError`` where the stage
  ///   refused; ``ModelChanged``; a model's reading errors.
  private func draft(_ job: Job) throws -> Draft {
    switch graph[job.node].work {
    case .source(let model, let tensor):
      switch try models[model].identify(tensor) {
      case .known(let artifact): return .product(Product(outcome: .artifact(artifact)))
      case .read(let tensor): return .tensor(tensor) { Product(outcome: .artifact($0.artifact)) }
      }
    case .apply(let stage, let slot):
      let input = try tensor(job, 0)
      let allocation = graph.allocation(slot, job.inputs)
      let result = try attempt(stage) { () throws(StageError) in
        try graph.stages[stage].configured.apply(input, allocation: allocation, run: stageRun(job.node))
      }
      let reports = reportsEach(job.node)
      return .tensor(result.tensor) { content in
        reports
          ? Product(
            outcome: .reported(content.artifact, result.metrics), content: content,
            note: StageMetricsCoding.encode(result.metrics))
          : Product(outcome: .artifact(content.artifact), content: content)
      }
    default: return .product(try run(job))
    }
  }

  /// Runs a node that makes no tensor of its own.
  private func run(_ job: Job) throws -> Product {
    switch graph[job.node].work {
    case .source, .apply: preconditionFailure("tensors are hashed together")
    case .measure(let stage):
      let input = try tensor(job, 0)
      let measurement = try attempt(stage) { () throws(StageError) in
        try graph.stages[stage].configured.measure(input, run: stageRun(job.node))
      }
      let content = ArtifactContent([measurement.bytes])
      return Product(outcome: .artifact(content.artifact), content: content)
    case .allocate(let stage):
      let measurements = try self.measurements(job)
      let allocations = try attempt(stage) { () throws(StageError) in
        try graph.stages[stage].configured.allocate(measurements, run: stageRun(job.node))
      }
      guard allocations.count == measurements.count else {
        throw ActionError(
          stage: graph.stages[stage].description.name,
          reason: StageError("decided for \(allocations.count) tensors, not \(measurements.count)"))
      }
      let content = ArtifactContent([AllocationList.encode(allocations)])
      return Product(outcome: .allocations(content.artifact, allocations), content: content)
    case .transform(let stage, let names):
      return try transform(job, stage, names)
    case .take(_, let slot):
      guard case .transformed(_, let tensors, _) = job.inputs.last, tensors.indices.contains(slot) else {
        preconditionFailure("a node runs when its inputs are there")
      }
      // Where it is made again, what it is taken from may have lost it too; else whoever needs it will see.
      guard !job.isMadeAgain || handoff[tensors[slot].digest] != nil || store.load(tensors[slot]) != nil else {
        throw LostInputs(nodes: [graph[job.node].inputs[1]])
      }
      return Product(outcome: .artifact(tensors[slot]))
    case .compare:
      let (source, result) = try (tensor(job, 0), tensor(job, 1))
      let digest = job.inputs.first?.artifact?.digest
      var parted = digest.flatMap { handoff.parted($0) }
      let metrics = try TensorMetrics(source: try source.expanded(), encoded: result, parted: &parted)
      if let digest, let parted { handoff.keep(parted, of: digest) }
      return Product(outcome: .metrics(metrics), note: metrics.encoded)
    case .publish:
      preconditionFailure("publishing is the publisher's")
    }
  }

  /// Runs a stage on all tensors at once.
  private func transform(_ job: Job, _ stage: Int, _ names: [String]) throws -> Product {
    let use = graph.stages[stage]
    var model: [NamedTensor] = []
    var lost: [BuildGraph.NodeID] = []
    for (index, name) in names.enumerated() {
      do {
        model.append(NamedTensor(name: name, tensor: try tensor(job, index)))
      } catch let error as LostInputs {
        lost += error.nodes
      }
    }
    guard lost.isEmpty else { throw LostInputs(nodes: lost) }
    let result = try attempt(stage) { () throws(StageError) in
      let result = try use.configured.transform(model, run: stageRun(job.node))
      let isWhole =
        use.description.scope == .evaluation
        ? result.tensors.isEmpty
        : result.tensors.count == model.count
          && zip(result.tensors, model).allSatisfy { ($0.dtype, $0.shape) == ($1.tensor.dtype, $1.tensor.shape) }
      guard isWhole else { throw StageError("made other tensors than it was given") }
      return result
    }
    let contents = ArtifactContent.together(result.tensors.map { $0.blobParts() })
    for (tensor, content) in zip(result.tensors, contents) { handoff.keep(tensor, as: content.artifact.digest) }
    let list = TransformedList(tensors: contents.map(\.artifact), metrics: result.metrics)
    let content = ArtifactContent([list.encoded()])
    return Product(
      outcome: .transformed(content.artifact, tensors: list.tensors, metrics: list.metrics), content: content,
      others: contents)
  }

  private func stageRun(_ node: BuildGraph.NodeID) -> StageRun { attendance.run { self.name(node) } }

  /// Puts what nodes made into the store, in one go.
  func keep(_ products: [(key: Digest?, product: Product)]) throws(StoreError) {
    try trace.span(.store, "store \(products.count)") { () throws(StoreError) in try store(products) }
  }

  private func store(_ products: [(key: Digest?, product: Product)]) throws(StoreError) {
    let notes = products.compactMap { key, product in
      key.flatMap { key in
        product.note.map { Note(key: product.outcome.artifact == nil ? key : ActionKey.metrics(of: key), value: $0) }
      }
    }
    let contents = products.flatMap { $0.product.others + ($0.product.content.map { [$0] } ?? []) }
    let actions = products.compactMap { key, product in
      key.flatMap { key in product.outcome.artifact.map { ActionRecord(key: key, artifact: $0) } }
    }
    if !actions.isEmpty || !notes.isEmpty { try store.keep(contents, for: actions, notes: notes) }
  }

  /// The tensor that a node yielded.
  func tensor(_ node: BuildGraph.NodeID, _ artifact: Artifact) throws -> EncodedTensor {
    if let tensor = handoff[artifact.digest] { return tensor }
    if case .source(let model, let tensor) = graph[node].work {
      let encoded = try models[model].read(tensor, expected: artifact.digest)
      handoff.keep(encoded, as: artifact.digest)
      return encoded
    }
    guard let bytes = store.load(artifact), let tensor = try? EncodedTensor(blob: bytes) else {
      throw LostInputs(nodes: [node])
    }
    handoff.keep(tensor, as: artifact.digest)
    return tensor
  }

  /// Those of the nodes whose tensors are gone now.
  func lost(_ nodes: [BuildGraph.NodeID], _ artifacts: [Artifact]) -> [BuildGraph.NodeID] {
    zip(nodes, artifacts).filter { node, artifact in
      do {
        _ = try tensor(node, artifact)
        return false
      } catch {
        // Whatever else is wrong shows when the tensor is read again.
        return error is LostInputs
      }
    }.map(\.0)
  }

  private func tensor(_ job: Job, _ input: Int) throws -> EncodedTensor {
    guard job.inputs.indices.contains(input), let artifact = job.inputs[input].artifact else {
      preconditionFailure("a node runs when its inputs are there")
    }
    return try tensor(graph[job.node].inputs[input], artifact)
  }

  private func measurements(_ job: Job) throws(LostInputs) -> [Measurement] {
    var lost: [BuildGraph.NodeID] = []
    var measurements: [Measurement] = []
    for (node, outcome) in zip(graph[job.node].inputs, job.inputs) {
      if let bytes = outcome.artifact.flatMap({ store.load($0) }) {
        measurements.append(Measurement(bytes))
      } else {
        lost.append(node)
      }
    }
    guard lost.isEmpty else { throw LostInputs(nodes: lost) }
    return measurements
  }

  private func attempt<T>(_ stage: Int, _ body: () throws(StageError) -> T) throws(ActionError) -> T {
    do {
      return try body()
    } catch {
      throw ActionError(stage: graph.stages[stage].description.name, reason: error)
    }
  }
}

/// Artifacts that the action cache promised and the store no longer had: at least one, each once. Another worker may have
/// made one again since.
struct LostInputs: Error {
  var nodes: [BuildGraph.NodeID]
}

/// A stage that refused a tensor.
struct ActionError: Error, CustomStringConvertible {
  var stage: String
  var reason: StageError
  var description: String { "\(stage): \(reason)" }
}

/// How a decision over a model stands in the store: a count, then for each tensor a count and its integers, all as
/// little-endian 64-bit words.
enum AllocationList {
  static func encode(_ allocations: [Allocation]) -> Bytes {
    var words = [Int64(allocations.count)]
    for allocation in allocations {
      words.append(Int64(allocation.values.count))
      words += allocation.values.map(Int64.init)
    }
    return Bytes(elements: words)
  }

  static func decode(_ bytes: Bytes) -> [Allocation]? {
    var words = bytes.elements(of: Int64.self)[...]
    guard bytes.count % 8 == 0, let count = words.popFirst(), count >= 0, count <= words.count else { return nil }
    var allocations: [Allocation] = []
    for _ in 0..<count {
      guard let length = words.popFirst(), length >= 0, length <= words.count else { return nil }
      allocations.append(Allocation(words.prefix(Int(length)).map(Int.init)))
      words = words.dropFirst(Int(length))
    }
    return words.isEmpty ? allocations : nil
  }
}
