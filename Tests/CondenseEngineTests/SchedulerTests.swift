import CondenseCodecs
import CondenseStages
import CondenseStore
import CondenseTensors
import TestSupport
import Testing

@testable import CondenseEngine

/// A stage that is only ever a name in keys.
private struct NamedStage: Stage, ConfiguredStage {
  var name: String
  var spansModel = false
  var description: StageDescription { StageDescription(name: name, version: 1, summary: "") }
  var parameters: StageParameters { [:] }
  func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage { self }
  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm { input }
  func apply(_ input: EncodedTensor, allocation: Allocation?) throws(StageError) -> EncodedTensor { input }
}

private struct Refused: Error {}

private func artifact(_ text: String) -> Artifact {
  Artifact(digest: Digest(of: Bytes(text.utf8)), byteCount: text.utf8.count)
}

/// A graph of chains, one a tensor, and one publishing node over all their ends.
private struct Chains {
  let graph: BuildGraph
  var sources: [BuildGraph.NodeID] = []
  var ends: [BuildGraph.NodeID] = []
  let publish: BuildGraph.NodeID

  init(tensors: Int, stages: [String]) {
    var graph = BuildGraph()
    var indices: [Int] = []
    for name in stages {
      let stage = NamedStage(name: name)
      indices.append(graph.add(BuildGraph.ConfiguredUse(description: stage.description, configured: stage)))
    }
    for tensor in 0..<tensors { sources.append(graph.add(.source(model: 0, tensor: tensor))) }
    for source in sources {
      var end = source
      for stage in indices { end = graph.add(.apply(stage: stage, slot: nil), inputs: [end]) }
      ends.append(end)
    }
    publish = graph.add(.publish(pipeline: 0), inputs: ends)
    self.graph = graph
  }
}

/// Answers a scheduler's tasks in random order, as a store and a set of stages would.
private struct World {
  var cache: [Digest: Outcome] = [:]
  /// Artifacts that the cache knows and the store has lost.
  var gone: Set<Digest> = []
  /// What each source's tensor contains.
  var content: (Int) -> String = { "tensor \($0)" }
  var runs: [Digest: Int] = [:]
  var generator: SeededGenerator

  /// For nodes of a task, the inputs that are gone.
  private func lost(
    _ task: Scheduler.Task, _ scheduler: Scheduler, _ graph: BuildGraph
  ) -> [BuildGraph.NodeID: [BuildGraph.NodeID]] {
    guard !gone.isEmpty else { return [:] }
    let nodes: [BuildGraph.NodeID] =
      switch task {
      case .lookUp: []
      case .run(let nodes), .publish(let nodes): nodes
      }
    return Dictionary(
      uniqueKeysWithValues: nodes.map { node in
        (
          node,
          graph[node].inputs.filter { scheduler.outcome(of: $0)?.artifact.map { gone.contains($0.digest) } ?? false }
        )
      }
    ).filter { !$0.value.isEmpty }
  }

  /// Works until the scheduler is done; returns the nodes in the order in which they ran.
  mutating func work(_ scheduler: inout Scheduler, graph: BuildGraph) -> [BuildGraph.NodeID] {
    var order: [BuildGraph.NodeID] = []
    var pending: [(task: Scheduler.Task, lost: [BuildGraph.NodeID: [BuildGraph.NodeID]])] = []
    while true {
      // What a task misses shows when it begins; what comes of it is told later.
      while pending.count < 4, let task = scheduler.next() { pending.append((task, lost(task, scheduler, graph))) }
      guard !pending.isEmpty else { break }
      let (task, lost) = pending.remove(at: Int.random(in: 0..<pending.count, using: &generator))
      switch task {
      case .lookUp(let lookups):
        scheduler.lookedUp(lookups.map { ($0.node, cache[$0.key]) })
      case .run(let nodes), .publish(let nodes):
        for node in nodes {
          if case .source(_, let tensor) = graph[node].work {
            scheduler.ran(node, .artifact(artifact(content(tensor))))
            continue
          }
          if let lost = lost[node] {
            scheduler.lost(node, inputs: lost)
            continue
          }
          order.append(node)
          guard let key = scheduler.keys[node.index] else {
            scheduler.ran(node, .published)
            continue
          }
          let made = artifact("made by \(key)")
          runs[key, default: 0] += 1
          gone.remove(made.digest)
          cache[key] = .artifact(made)
          scheduler.ran(node, .artifact(made))
        }
      }
    }
    return order
  }
}

@Suite("The scheduler")
struct SchedulerTests {
  @Test("Everything runs once, inputs first, in any interleaving", arguments: UInt64(1)...20)
  func everything(seed: UInt64) {
    let chains = Chains(tensors: 7, stages: ["a", "b", "c"])
    var scheduler = Scheduler(chains.graph)
    var world = World(generator: SeededGenerator(seed: seed))
    let order = world.work(&scheduler, graph: chains.graph)
    #expect(scheduler.isFinished)
    #expect(order.count == 7 * 3 + 1)
    #expect(order.last == chains.publish)
    #expect(world.runs.values.allSatisfy { $0 == 1 }, "seed \(seed)")
    #expect(scheduler.executed.count == 21)
    #expect(scheduler.finishedActions == 21)
  }

  @Test("A second build looks everything up and runs nothing but publishing")
  func nothingTwice() {
    let chains = Chains(tensors: 5, stages: ["a", "b"])
    var world = World(generator: SeededGenerator(seed: 1))
    var first = Scheduler(chains.graph)
    _ = world.work(&first, graph: chains.graph)
    var second = Scheduler(chains.graph)
    let order = world.work(&second, graph: chains.graph)
    #expect(order == [chains.publish])
    #expect(second.executed.isEmpty)
  }

  @Test("Known sources are not read")
  func knownSources() {
    let chains = Chains(tensors: 2, stages: ["a"])
    let known = Dictionary(uniqueKeysWithValues: chains.sources.map { ($0, artifact("tensor \($0.index)")) })
    var scheduler = Scheduler(chains.graph, known: known)
    guard case .lookUp(let lookups) = scheduler.next() else {
      Issue.record("known digests make keys at once")
      return
    }
    #expect(lookups.map(\.node) == chains.ends)
    #expect(scheduler.next() == nil, "nothing to read")
  }

  @Test("Many look-ups are shared by whoever asks for work, each once")
  func sharedLookups() {
    let chains = Chains(tensors: 1000, stages: ["a"])
    let known = Dictionary(uniqueKeysWithValues: chains.sources.map { ($0, artifact("tensor \($0.index)")) })
    var scheduler = Scheduler(chains.graph, known: known)
    var batches: [[BuildGraph.NodeID]] = []
    while case .lookUp(let lookups) = scheduler.next() { batches.append(lookups.map(\.node)) }
    #expect(batches.count > 2 && batches.allSatisfy { $0.count <= 256 })
    #expect(batches.joined().sorted() == chains.ends)
    #expect(scheduler.next() == nil, "nothing is to be run before it was looked up")
  }

  @Test("A stage that yields the same bytes stops the rebuild there")
  func earlyCutOff() {
    let chains = Chains(tensors: 1, stages: ["a", "b", "c"])
    var world = World(generator: SeededGenerator(seed: 1))
    var first = Scheduler(chains.graph)
    _ = world.work(&first, graph: chains.graph)
    // Another tensor, of which the first stage happens to make the same.
    world.content = { _ in "edited" }
    var second = Scheduler(chains.graph)
    let stageA = chains.graph[chains.graph[chains.ends[0]].inputs[0]].inputs[0]
    let made = first.outcome(of: stageA)
    while let task = second.next() {
      switch task {
      case .lookUp(let lookups): second.lookedUp(lookups.map { ($0.node, world.cache[$0.key]) })
      case .run(let nodes), .publish(let nodes):
        for node in nodes {
          if node == chains.sources[0] {
            second.ran(node, .artifact(artifact("edited")))
          } else if node == chains.publish {
            second.ran(node, .published)
          } else {
            #expect(node == stageA)
            if let made { second.ran(node, made) }
          }
        }
      }
    }
    #expect(second.isFinished)
    #expect(second.executed.count == 1)
  }

  @Test("Tensors with the same content share one run", arguments: UInt64(1)...10)
  func sharedRuns(seed: UInt64) {
    let chains = Chains(tensors: 6, stages: ["a", "b"])
    var world = World(content: { "tensor \($0 % 2)" }, generator: SeededGenerator(seed: seed))
    var scheduler = Scheduler(chains.graph)
    _ = world.work(&scheduler, graph: chains.graph)
    #expect(scheduler.isFinished)
    #expect(scheduler.executed.count == 4)
    #expect(world.runs.values.allSatisfy { $0 == 1 }, "seed \(seed)")
    #expect(chains.ends.allSatisfy { scheduler.outcome(of: $0) != nil })
  }

  @Test("An artifact that is gone is made again, and what needed it goes on", arguments: UInt64(1)...10)
  func lostArtifacts(seed: UInt64) {
    let chains = Chains(tensors: 4, stages: ["a", "b", "c"])
    var world = World(generator: SeededGenerator(seed: seed))
    var first = Scheduler(chains.graph)
    _ = world.work(&first, graph: chains.graph)
    // All of the store is emptied, the action cache stays.
    world.gone = Set(world.cache.values.compactMap { $0.artifact?.digest })
    var second = Scheduler(chains.graph)
    let order = world.work(&second, graph: chains.graph)
    #expect(second.isFinished, "seed \(seed)")
    #expect(order.last == chains.publish)
    #expect(second.failures.isEmpty)
    #expect(second.outcome(of: chains.publish) == .published)
    #expect(world.runs.values.allSatisfy { $0 <= 2 }, "once in each build, seed \(seed)")
  }

  @Test("An artifact that several tensors share is made again once where it is gone", arguments: UInt64(1)...20)
  func sharedLosses(seed: UInt64) {
    let chains = Chains(tensors: 6, stages: ["a", "b"])
    var world = World(content: { "tensor \($0 % 2)" }, generator: SeededGenerator(seed: seed))
    var first = Scheduler(chains.graph)
    _ = world.work(&first, graph: chains.graph)
    world.gone = Set(world.cache.values.compactMap { $0.artifact?.digest })
    world.runs = [:]
    var second = Scheduler(chains.graph)
    _ = world.work(&second, graph: chains.graph)
    #expect(second.isFinished && second.failures.isEmpty, "seed \(seed)")
    #expect(world.runs.count == 4 && world.runs.values.allSatisfy { $0 == 1 }, "seed \(seed)")
  }

  @Test("What an artifact is stays known while it is made again, and all who miss it wait for one run")
  func knownWhileMadeAgain() {
    var graph = BuildGraph()
    let source = graph.add(.source(model: 0, tensor: 0), byteCount: 1 << 20)
    let named = NamedStage(name: "a")
    let stage = graph.add(BuildGraph.ConfiguredUse(description: named.description, configured: named))
    let made = graph.add(.apply(stage: stage, slot: nil), inputs: [source], byteCount: 1 << 20)
    let publishes = (0..<2).map { graph.add(.publish(pipeline: $0), inputs: [source, made], byteCount: 1 << 20) }
    var scheduler = Scheduler(graph, known: [source: artifact("source")])
    guard case .lookUp(let lookups) = scheduler.next() else {
      Issue.record("the stage is looked up first")
      return
    }
    scheduler.lookedUp(lookups.map { ($0.node, .artifact(artifact("made"))) })
    #expect(scheduler.next() == .publish([publishes[0]]))
    scheduler.lost(publishes[0], inputs: [made])
    #expect(scheduler.next() == .run([made]))
    // Meanwhile the other one begins: it must find all of its inputs.
    #expect(scheduler.next() == .publish([publishes[1]]))
    #expect(graph[publishes[1]].inputs.allSatisfy { scheduler.outcome(of: $0) != nil })
    scheduler.lost(publishes[1], inputs: [made])
    #expect(scheduler.next() == nil)
    scheduler.ran(made, .artifact(artifact("made")))
    for publish in publishes {
      #expect(scheduler.next() == .publish([publish]))
      scheduler.ran(publish, .published)
    }
    #expect(scheduler.isFinished && scheduler.failures.isEmpty)
    #expect(scheduler.executed.count == 1)
  }

  @Test("What is made again may itself miss something, and others go on meanwhile")
  func madeAgainInTurn() {
    var graph = BuildGraph()
    let source = graph.add(.source(model: 0, tensor: 0), byteCount: 1 << 20)
    var chain = [source]
    for name in ["a", "b"] {
      let named = NamedStage(name: name)
      let stage = graph.add(BuildGraph.ConfiguredUse(description: named.description, configured: named))
      chain.append(graph.add(.apply(stage: stage, slot: nil), inputs: [chain[chain.count - 1]], byteCount: 1 << 20))
    }
    let publishes = (0..<2).map { graph.add(.publish(pipeline: $0), inputs: chain, byteCount: 1 << 20) }
    var scheduler = Scheduler(graph, known: [source: artifact("source")])
    for node in chain[1...] {
      guard case .lookUp(let lookups) = scheduler.next() else {
        Issue.record("each stage is looked up")
        return
      }
      scheduler.lookedUp(lookups.map { ($0.node, .artifact(artifact("\(node.index)"))) })
    }
    #expect(scheduler.next() == .publish([publishes[0]]))
    scheduler.lost(publishes[0], inputs: [chain[2]])
    #expect(scheduler.next() == .run([chain[2]]))
    scheduler.lost(chain[2], inputs: [chain[1]])
    #expect(scheduler.next() == .run([chain[1]]))
    // The other one begins while what it needs is two steps from being there.
    #expect(scheduler.next() == .publish([publishes[1]]))
    #expect(chain.allSatisfy { scheduler.outcome(of: $0) != nil })
    scheduler.lost(publishes[1], inputs: [chain[2], chain[1]])
    #expect(scheduler.next() == nil)
    scheduler.ran(chain[1], .artifact(artifact("1")))
    #expect(scheduler.next() == .run([chain[2]]))
    scheduler.ran(chain[2], .artifact(artifact("2")))
    for publish in publishes {
      #expect(scheduler.next() == .publish([publish]))
      scheduler.ran(publish, .published)
    }
    #expect(scheduler.isFinished && scheduler.failures.isEmpty)
  }

  @Test("An artifact that is lost again and again is an error, not a loop")
  func endlessLoss() {
    let chains = Chains(tensors: 1, stages: ["a"])
    var scheduler = Scheduler(chains.graph)
    var steps = 0
    while let task = scheduler.next(), steps < 1000 {
      steps += 1
      switch task {
      case .lookUp(let lookups): scheduler.lookedUp(lookups.map { ($0.node, nil) })
      case .run(let nodes), .publish(let nodes):
        for node in nodes {
          if node == chains.publish {
            scheduler.lost(node, inputs: chains.ends)
          } else {
            scheduler.ran(node, .artifact(artifact("\(node.index)")))
          }
        }
      }
    }
    #expect(scheduler.isFinished)
    #expect(scheduler.failures.map(\.node) == [chains.publish])
  }

  @Test("A failure blocks what needs it and nothing else")
  func failure() {
    let chains = Chains(tensors: 3, stages: ["a", "b"])
    let broken = chains.graph[chains.ends[1]].inputs[0]
    var scheduler = Scheduler(chains.graph)
    while let task = scheduler.next() {
      switch task {
      case .lookUp(let lookups): scheduler.lookedUp(lookups.map { ($0.node, nil) })
      case .run(let nodes), .publish(let nodes):
        for node in nodes {
          if node == broken {
            scheduler.failed(node, Refused())
          } else {
            scheduler.ran(node, .artifact(artifact("\(node.index)")))
          }
        }
      }
    }
    #expect(scheduler.isFinished)
    #expect(scheduler.failures.map(\.pipelines) == [[0]])
    #expect(scheduler.state(of: chains.publish) == .blocked)
    #expect(scheduler.state(of: chains.ends[1]) == .blocked)
    #expect(scheduler.outcome(of: chains.ends[2]) != nil)
  }

  @Test("After a stop nothing is begun, and what runs may finish")
  func stopping() {
    let chains = Chains(tensors: 100, stages: ["a"])
    var scheduler = Scheduler(chains.graph)
    guard case .run(let nodes) = scheduler.next() else {
      Issue.record("sources are there to be read")
      return
    }
    scheduler.stop()
    #expect(!scheduler.isFinished)
    for node in nodes { scheduler.ran(node, .artifact(artifact("\(node.index)"))) }
    #expect(scheduler.next() == nil)
    #expect(scheduler.isFinished)
  }

  @Test("Big tensors are handed out in model order, sources in pairs up to 32 MiB, the largest one by one")
  func bigTensors() {
    var graph = BuildGraph()
    let sizes = [1, 31, 1, 32, 1].map { $0 << 20 }
    let nodes = sizes.indices.map { graph.add(.source(model: 0, tensor: $0), byteCount: sizes[$0]) }
    var scheduler = Scheduler(graph)
    for batch in [[0, 1], [2], [3], [4]] { #expect(scheduler.next() == .run(batch.map { nodes[$0] })) }
  }

  @Test(
    "Of big nodes that take a moment a worker takes up to four, as long as so many are left for each other one",
    arguments: [
      (2, 2, [1, 1]), (4, 2, [2, 1, 1]), (9, 2, [4, 2, 1, 1, 1]), (12, 2, [4, 4, 2, 1, 1]), (5, 1, [4, 1]),
      (8, 8, [1, 1, 1, 1, 1, 1, 1, 1]), (16, 8, [2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ])
  func quickNodes(count: Int, workers: Int, batches: [Int]) {
    var graph = BuildGraph()
    let sources = (0..<count).map { graph.add(.source(model: 0, tensor: $0), byteCount: 1 << 20) }
    for source in sources { _ = graph.add(.compare, inputs: [source, source], byteCount: 1 << 20) }
    var scheduler = Scheduler(
      graph, known: Dictionary(uniqueKeysWithValues: sources.map { ($0, artifact("\($0.index)")) }), workers: workers)
    guard case .lookUp(let lookups) = scheduler.next() else {
      Issue.record("comparisons are looked up first")
      return
    }
    scheduler.lookedUp(lookups.map { ($0.node, nil) })
    for batch in batches {
      guard case .run(let nodes) = scheduler.next() else {
        Issue.record("there is work left")
        return
      }
      #expect(nodes.count == batch)
    }
    #expect(scheduler.next() == nil)
  }
}
