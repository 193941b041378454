import CondenseCodecs
import CondenseStages
import CondenseStore
import CondenseTensors
import TestSupport
import Testing

@testable import CondenseEngine

/// Whatever happens in whatever order: the scheduler is a pure state machine, so an order is a seed.
@Suite("The scheduler in any order of events")
struct SchedulerInterleavingTests {
  @Test("Many pipelines are published in batches, everything runs once", arguments: UInt64(1)...40)
  func undisturbed(seed: UInt64) { Interleaving(seed: seed).check() }

  @Test("Artifacts that are lost at any time are made again once for each time", arguments: UInt64(1)...80)
  func losses(seed: UInt64) { Interleaving(seed: seed, losses: 30).check() }

  @Test(
    "Failures block what needs them and are told with every pipeline that is not published", arguments: UInt64(1)...80)
  func failures(seed: UInt64) { Interleaving(seed: seed, losses: Int(seed % 2) * 20, failsOneIn: 12).check() }

  @Test("After a stop at any time nothing is begun, and what runs may finish", arguments: UInt64(1)...80)
  func stops(seed: UInt64) {
    Interleaving(seed: seed, losses: Int(seed % 2) * 20, failsOneIn: seed % 3 == 0 ? 12 : nil, stops: true).check()
  }
}

/// A random graph, worked on in a random order.
private struct Interleaving {
  private struct Failed: Error {}

  /// A stage that is only ever a name in keys.
  private struct Name: Stage, ConfiguredStage {
    var name: String
    var description: StageDescription { StageDescription(name: name, version: 1, summary: "") }
    var parameters: StageParameters { [:] }
    func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage { self }
    func form(after input: TensorForm) throws(StageRefusal) -> TensorForm { input }
    func apply(_ input: EncodedTensor, allocation: Allocation?) throws(StageError) -> EncodedTensor { input }
  }

  private let seed: UInt64
  private var random: SeededGenerator
  private var graph = BuildGraph()
  private var publishes: [BuildGraph.NodeID] = []
  private var lossesLeft: Int
  private let failsOneIn: Int?
  private let stops: Bool

  /// What the action cache says, which of that is gone from the store, and how often each key ran and was lost.
  private var cache: [Digest: Artifact] = [:]
  private var gone: Set<Artifact> = []
  private var runs: [Digest: Int] = [:]
  private var lost: [Artifact: Int] = [:]

  private struct Pending {
    var task: Scheduler.Task
    /// Inputs that were gone when it began.
    var missing: [BuildGraph.NodeID: [BuildGraph.NodeID]]
  }

  init(seed: UInt64, losses: Int = 0, failsOneIn: Int? = nil, stops: Bool = false) {
    self.seed = seed
    random = SeededGenerator(seed: seed)
    lossesLeft = losses
    self.failsOneIn = failsOneIn
    self.stops = stops
    let stages = ["a", "b", "c"].map { name in
      graph.add(BuildGraph.ConfiguredUse(description: Name(name: name).description, configured: Name(name: name)))
    }
    var nodes = (0..<6).map { graph.add(.source(model: 0, tensor: $0), byteCount: random.chance(20) ? 1 << 20 : 64) }
    let sources = nodes
    for _ in 0..<30 {
      let input = random.pick(nodes)
      nodes.append(
        graph.add(.apply(stage: random.pick(stages), slot: nil), inputs: [input], byteCount: graph[input].byteCount))
    }
    for pipeline in 0..<40 {
      var inputs = Set((0..<Int.random(in: 1...4, using: &random)).map { _ in random.pick(nodes) })
      if random.chance(50) {
        inputs.insert(graph.add(.compare, inputs: [random.pick(sources), random.pick(nodes)], byteCount: 64))
      }
      publishes.append(graph.add(.publish(pipeline: pipeline), inputs: inputs.sorted(), byteCount: 64))
    }
  }

  func check() {
    var world = self
    world.work()
  }

  private mutating func work() {
    var scheduler = Scheduler(graph)
    let stopsAfter = stops ? Int.random(in: 0..<60, using: &random) : Int.max
    var pending: [Pending] = []
    var steps = 0
    var published: [BuildGraph.NodeID] = []
    while steps < 10_000 {
      steps += 1
      if steps == stopsAfter { scheduler.stop() }
      loseSomething()
      if pending.count < 4, random.chance(60), let task = scheduler.next() {
        #expect(!scheduler.isStopped, "\(self): begun after a stop")
        began(task, scheduler)
        pending.append(Pending(task: task, missing: missing(task, scheduler)))
      } else if !pending.isEmpty {
        finish(pending.remove(at: Int.random(in: 0..<pending.count, using: &random)), &scheduler, &published)
      } else if scheduler.isFinished {
        break
      }
    }
    #expect(scheduler.isFinished && pending.isEmpty, "\(self): it does not come to an end")
    #expect(Set(published).count == published.count, "\(self): published twice")
    for (key, count) in runs {
      let losses = cache[key].map { lost[$0, default: 0] } ?? 0
      #expect(count <= 1 + losses, "\(self): \(count) runs, lost \(losses) times")
    }
    guard !scheduler.isStopped else { return }
    let unpublished = publishes.filter { !published.contains($0) }
    for publish in unpublished { #expect([.failed, .blocked].contains(scheduler.state(of: publish)), "\(self)") }
    #expect(Set(scheduler.failures.flatMap(\.pipelines)) == Set(unpublished.map { pipeline($0) }), "\(self)")
  }

  private mutating func loseSomething() {
    guard lossesLeft > 0, random.chance(30) else { return }
    let known = cache.values.sorted { $0.digest.leadingWord < $1.digest.leadingWord }
    guard let artifact = known.first(where: { _ in random.chance(20) }), gone.insert(artifact).inserted else { return }
    lossesLeft -= 1
    lost[artifact, default: 0] += 1
  }

  private func pipeline(_ node: BuildGraph.NodeID) -> Int {
    if case .publish(let pipeline) = graph[node].work { pipeline } else { -1 }
  }

  private func nodes(_ task: Scheduler.Task) -> [BuildGraph.NodeID] {
    switch task {
    case .lookUp: []
    case .run(let nodes), .publish(let nodes): nodes
    }
  }

  private func began(_ task: Scheduler.Task, _ scheduler: Scheduler) {
    for node in nodes(task) {
      #expect(graph[node].inputs.allSatisfy { scheduler.outcome(of: $0) != nil }, "\(self): begun without its inputs")
    }
    guard case .publish(let batch) = task else { return }
    #expect(
      batch.count <= 16 && batch.allSatisfy { publishes.contains($0) }, "\(self): \(batch.count) published together")
  }

  private func missing(_ task: Scheduler.Task, _ scheduler: Scheduler) -> [BuildGraph.NodeID: [BuildGraph.NodeID]] {
    var missing: [BuildGraph.NodeID: [BuildGraph.NodeID]] = [:]
    for node in nodes(task) {
      let inputs = graph[node].inputs.filter { scheduler.outcome(of: $0)?.artifact.map { gone.contains($0) } ?? false }
      if !inputs.isEmpty { missing[node] = inputs }
    }
    return missing
  }

  private mutating func finish(
    _ pending: Pending, _ scheduler: inout Scheduler, _ published: inout [BuildGraph.NodeID]
  ) {
    if case .lookUp(let lookups) = pending.task {
      scheduler.lookedUp(lookups.map { ($0.node, cache[$0.key].map { .artifact($0) }) })
      return
    }
    for node in nodes(pending.task) {
      if let inputs = pending.missing[node] {
        scheduler.lost(node, inputs: inputs)
        continue
      }
      if let failsOneIn, Int.random(in: 0..<failsOneIn, using: &random) == 0 {
        scheduler.failed(node, Failed())
        continue
      }
      switch graph[node].work {
      case .source(_, let tensor): scheduler.ran(node, .artifact(artifact("tensor \(tensor % 4)")))
      case .compare: scheduler.ran(node, .metrics(TensorMetrics()))
      case .publish:
        published.append(node)
        scheduler.ran(node, .published)
      default:
        guard let key = scheduler.keys[node.index] else { continue }
        // A stage now and then reproduces what another one made.
        let made = artifact(key.leadingWord % 5 == 0 ? "the same" : "made by \(key)")
        runs[key, default: 0] += 1
        gone.remove(made)
        cache[key] = made
        scheduler.ran(node, .artifact(made))
      }
    }
  }

  private func artifact(_ text: String) -> Artifact {
    Artifact(digest: Digest(of: Bytes(text.utf8)), byteCount: text.utf8.count)
  }
}

extension Interleaving: CustomStringConvertible {
  var description: String { "seed \(seed)" }
}
