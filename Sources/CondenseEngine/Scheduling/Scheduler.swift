import CondenseStore

/// Decides what to do next: a pure state machine. What happened goes in, what to start comes out; it knows no disk, no
/// clock and no thread.
///
/// - Keys are made when inputs are known, so a stage that reproduces the same bytes stops the rebuild there.
/// - Nodes with one key run once; the others wait for that one.
/// - Finished work is followed up before new tensors are begun, so that what is in memory is used while it is there.
/// - An artifact that turns out to be gone is made again: see ``lost(_:inputs:)``.
package struct Scheduler: Sendable {
  package typealias NodeID = BuildGraph.NodeID

  private let graph: BuildGraph
  private let workers: Int
  private var states: [State]
  /// What nodes yielded. It stays known while a node is made again because the store lost it.
  private var outcomes: [Outcome?]
  /// The node that answers for each key; others with the key have its fate.
  private var leaders: [Digest: NodeID] = [:]
  private var followers: [NodeID: [NodeID]] = [:]
  /// Nodes that found an input gone, by that input, which is made again.
  private var waitingForAgain: [NodeID: [NodeID]] = [:]
  /// For nodes that failed or are blocked, what is behind it.
  private var errors: [NodeID: any Error] = [:]
  private var losses: [Loss: Int] = [:]
  /// How often something has been made again; for nodes that have, which time it was; and for nodes that were begun, how
  /// often by then.
  private var remakes = 0
  private var remade: [NodeID: Int] = [:]
  private var remakesWhenBegun: [Int]

  /// That a node found one of its inputs gone.
  private struct Loss: Hashable {
    var node: NodeID
    var input: NodeID
  }

  private var lookups: [Lookup] = []
  /// A stack: what became ready last is in memory still.
  private var ready: [NodeID] = []
  /// Pipelines to publish. They wait for company, so that what they write is synced together.
  private var publishes: [NodeID] = []
  /// Sources to read, last first.
  private var sources: [NodeID] = []
  private var inFlight = 0
  /// Which of a number of things that could be done next is; nil for the last. Any is right: tests shuffle them.
  package var pick: (@Sendable (_ count: Int) -> Int)?

  package private(set) var keys: [Digest?]
  /// Keys of the actions that were executed.
  package private(set) var executed: Set<Digest> = []
  package private(set) var failures: [Failure] = []
  package private(set) var finishedActions = 0
  /// No new work is begun any more.
  package private(set) var isStopped = false

  package enum State: Equatable {
    /// For this many inputs.
    case waiting(Int)
    case lookingUp
    case ready
    case running
    case done
    case failed
    /// Something it needs failed.
    case blocked
  }

  package struct Lookup: Equatable, Sendable {
    package var node: NodeID
    package var key: Digest
  }

  package struct Failure: Sendable {
    package var node: NodeID
    package var error: any Error
    /// Pipelines that cannot be published because of it.
    package var pipelines: [Int]
  }

  package enum Task: Equatable, Sendable {
    /// Ask the action cache for all of these.
    case lookUp([Lookup])
    /// Do these one after the other.
    case run([NodeID])
    /// Publish these together.
    case publish([NodeID])
  }

  /// How much goes together, unless it is one thing alone.
  private struct BatchLimits {
    var count: Int
    var byteCount: Int

    static let small = BatchLimits(count: 64, byteCount: 128 << 10)
    static let publication = BatchLimits(count: 16, byteCount: 1 << 20)
  }

  /// Begins with the digests of sources that are known without reading.
  ///
  /// - Parameter workers: how many do what is handed out at the same time.
  package init(_ graph: BuildGraph, known: [NodeID: Artifact] = [:], workers: Int = 2) {
    self.graph = graph
    self.workers = workers
    states = graph.nodes.map { .waiting(Set($0.inputs).count) }
    outcomes = Array(repeating: nil, count: graph.nodes.count)
    keys = Array(repeating: nil, count: graph.nodes.count)
    remakesWhenBegun = Array(repeating: 0, count: graph.nodes.count)
    // Backwards, so that the first node is on top of its stack.
    for index in graph.nodes.indices.reversed() where graph.nodes[index].inputs.isEmpty {
      let node = NodeID(index: index)
      if case .source = graph[node].work, known[node] == nil {
        states[index] = .ready
        sources.append(node)
      } else if known[node] == nil {
        becomeReady(node)
      }
    }
    for (node, artifact) in known.sorted(by: { $0.key < $1.key }) { settle(node, .artifact(artifact)) }
  }

  /// Whether nothing is left to do or to wait for.
  package var isFinished: Bool { inFlight == 0 && (isStopped || !hasWork) }

  private var hasWork: Bool { !(lookups.isEmpty && ready.isEmpty && sources.isEmpty && publishes.isEmpty) }

  package func outcome(of node: NodeID) -> Outcome? { outcomes[node.index] }

  package func state(of node: NodeID) -> State { states[node.index] }

  /// The next thing to do, if there is something to do before what is in flight has finished.
  package mutating func next() -> Task? {
    guard !isStopped else { return nil }
    if !lookups.isEmpty {
      // From the end: there can be hundreds of thousands, which should not move up for each batch.
      let batch = Array(lookups.suffix(Scheduler.lookupsAtOnce))
      lookups.removeLast(batch.count)
      inFlight += 1
      return .lookUp(batch)
    }
    if publishes.count < BatchLimits.publication.count,
      let batch = Scheduler.take(&ready, .small, graph, others: sources.count, workers: workers, pick)
        ?? Scheduler.take(&sources, .small, graph, others: 0, workers: workers, pick)
    {
      return .run(begun(batch))
    }
    let batch = Scheduler.take(&publishes, .publication, graph, others: 0, workers: workers, pick)
    return batch.map { .publish(begun($0)) }
  }

  private mutating func begun(_ batch: [NodeID]) -> [NodeID] {
    for node in batch {
      states[node.index] = .running
      remakesWhenBegun[node.index] = remakes
    }
    inFlight += batch.count
    return batch
  }

  /// Small tensors go together: their overhead is in the handling, not in the work.
  ///
  /// - Parameters:
  ///   - others: how much else there is to do for others.
  ///   - workers: how many there are.
  private static func take(
    _ stack: inout [NodeID], _ limits: BatchLimits, _ graph: BuildGraph, others: Int, workers: Int,
    _ pick: ((Int) -> Int)?
  ) -> [NodeID]? {
    if let pick, !stack.isEmpty { stack.swapAt(pick(stack.count), stack.count - 1) }
    guard let first = stack.popLast() else { return nil }
    var batch = [first]
    var byteCount = graph[first].byteCount
    while let next = stack.last, batch.count < limits.count {
      let together = byteCount + graph[next].byteCount
      // Two tensors are hashed in little more time than one, and what a few nodes made is kept by one transaction. Where not
      // as much is left for each other worker, they wait for work.
      let isPair = batch.count == 1 && graph.isSource(first) && graph.isSource(next)
      let isQuick =
        batch.count < quickCount && stack.count - 1 + others >= (workers - 1) * (batch.count + 1)
        && graph.isQuick(first) && graph.isQuick(next) && !graph.isSource(next)
      guard together <= limits.byteCount || (together <= quickByteCount && (isPair || isQuick)) else { break }
      byteCount += graph[next].byteCount
      batch.append(next)
      stack.removeLast()
    }
    return batch
  }

  /// Enough for a query to cost little more than its rows; what is beyond is for another worker.
  private static let lookupsAtOnce = 256
  /// A store that loses what was just made more often than this is not worth another try.
  private static let mostLosses = 3
  /// How many nodes that are no small ones, but take a moment only, a worker takes at a time, and of how many bytes.
  private static let quickCount = 4
  private static let quickByteCount = 32 << 20

  /// Begins nothing more; what is running may finish, or be abandoned.
  package mutating func stop() { isStopped = true }

  /// The action cache answered: for each node what is known, or nil.
  package mutating func lookedUp(_ answers: [(node: NodeID, outcome: Outcome?)]) {
    inFlight -= 1
    for (node, outcome) in answers.reversed() {
      if let outcome { conclude(node, outcome) } else { becomeReady(node) }
    }
  }

  /// A node ran, or a source was read.
  package mutating func ran(_ node: NodeID, _ outcome: Outcome) {
    if graph[node].isAction, let key = keys[node.index] { executed.insert(key) }
    found(node, outcome)
  }

  /// A node that was to be run turned out to have been run by another process meanwhile.
  package mutating func found(_ node: NodeID, _ outcome: Outcome) {
    inFlight -= 1
    if let waiting = waitingForAgain.removeValue(forKey: node) {
      states[node.index] = .done
      remakes += 1
      remade[node] = remakes
      for consumer in waiting.reversed() { inputArrived(consumer) }
    } else {
      conclude(node, outcome)
    }
  }

  package mutating func failed(_ node: NodeID, _ error: any Error) {
    inFlight -= 1
    fail(node, error)
  }

  /// A running node ended without a result, since nothing more is begun: that is no failure of its own.
  package mutating func abandoned(_ node: NodeID) {
    inFlight -= 1
    states[node.index] = .ready
  }

  /// A running node found that artifacts it needs are not in the store any more, though the action cache has them:
  /// those run again, then it does.
  ///
  /// Inputs with one key are made again once, by the node that answered for the key before. No circle can come of that: what
  /// that node is made from had its own key earlier.
  package mutating func lost(_ node: NodeID, inputs: [NodeID]) {
    inFlight -= 1
    let inputs = Set(inputs.map { leader(of: $0) }).sorted()
    for input in inputs { losses[Loss(node: node, input: input), default: 0] += 1 }
    guard !inputs.isEmpty,
      inputs.allSatisfy({ losses[Loss(node: node, input: $0), default: 0] <= Scheduler.mostLosses })
    else {
      fail(node, LostArtifacts())
      return
    }
    if let broken = inputs.first(where: { errors[$0] != nil }), let error = errors[broken] {
      fail(node, error)
      return
    }
    // What has been made again since the node began, it could not find yet and will find now.
    let missing = inputs.filter { remade[$0, default: 0] <= remakesWhenBegun[node.index] }
    guard !missing.isEmpty else {
      becomeReady(node)
      return
    }
    states[node.index] = .waiting(missing.count)
    for input in missing {
      // Another node may have missed it already, and it may be on its way.
      if waitingForAgain[input] == nil { becomeReady(input) }
      waitingForAgain[input, default: []].append(node)
    }
  }
}

/// Artifacts that vanish as fast as they are made.
package struct LostArtifacts: Error, CustomStringConvertible {
  package var description: String { "the store loses artifacts as fast as they are made: is something deleting them?" }
}

extension Scheduler {
  /// The node that answers for a node's key.
  private func leader(of node: NodeID) -> NodeID { keys[node.index].flatMap { leaders[$0] } ?? node }

  private mutating func becomeReady(_ node: NodeID) {
    states[node.index] = .ready
    if case .publish = graph[node].work { publishes.append(node) } else { ready.append(node) }
  }

  private mutating func inputArrived(_ node: NodeID) {
    guard case .waiting(let missing) = states[node.index] else { return }
    guard missing == 1 else {
      states[node.index] = .waiting(missing - 1)
      return
    }
    if keys[node.index] != nil {
      // It has been looked up before, and only waited for an input to be made again.
      becomeReady(node)
      return
    }
    let inputs = graph[node].inputs.compactMap { outcome(of: $0) }
    guard let key = graph.key(of: node, inputs: inputs) else {
      becomeReady(node)
      return
    }
    keys[node.index] = key
    guard let leader = leaders[key] else {
      leaders[key] = node
      states[node.index] = .lookingUp
      lookups.append(Lookup(node: node, key: key))
      return
    }
    if let outcome = outcomes[leader.index] {
      settle(node, outcome)
      return
    }
    if let error = errors[leader] {
      fail(node, error)
    } else {
      states[node.index] = .lookingUp
      followers[leader, default: []].append(node)
    }
  }

  /// Settles a node and those that have its key.
  private mutating func conclude(_ node: NodeID, _ outcome: Outcome) {
    settle(node, outcome)
    for follower in followers.removeValue(forKey: node) ?? [] { settle(follower, outcome) }
  }

  private mutating func settle(_ node: NodeID, _ outcome: Outcome) {
    states[node.index] = .done
    outcomes[node.index] = outcome
    if graph[node].isAction { finishedActions += 1 }
    for dependent in graph.dependents[node.index].reversed() { inputArrived(dependent) }
  }

  private mutating func fail(_ node: NodeID, _ error: any Error) {
    // A node that ran again for the sake of others takes only those down: what used it before has what it needs.
    let again = waitingForAgain.removeValue(forKey: node)
    states[node.index] = .failed
    errors[node] = error
    var left = followers.removeValue(forKey: node) ?? []
    var pipelines: [Int] = []
    if case .publish(let pipeline) = graph[node].work { pipelines.append(pipeline) }
    var reached = again ?? graph.dependents[node.index]
    while let next = reached.popLast() {
      guard case .waiting = states[next.index] else { continue }
      states[next.index] = .blocked
      errors[next] = error
      // One that waits for an input to be made again can have followers already.
      left += followers.removeValue(forKey: next) ?? []
      if case .publish(let pipeline) = graph[next].work { pipelines.append(pipeline) }
      // One that was to be made again is needed by those that missed it.
      reached += waitingForAgain.removeValue(forKey: next) ?? graph.dependents[next.index]
    }
    failures.append(Failure(node: node, error: error, pipelines: pipelines.sorted()))
    for follower in left { fail(follower, error) }
  }
}
