import CondenseStore
import CondenseTensors
import Foundation

/// Runs a scheduler's tasks on threads until nothing is left.
///
/// Unchecked: everything that changes is behind `condition`.
final class BuildLoop: @unchecked Sendable {
  private let graph: BuildGraph
  private let runner: ActionRunner
  private let publisher: Publisher
  private let keepGoing: Bool
  private let withdrawal: Withdrawal?
  /// Told when nothing more is begun, to stages that can be stopped.
  private let ending: Withdrawal
  private let progress: @Sendable (BuildProgress) -> Void

  private let pool: BytesPool
  private let trace: BuildTrace?

  private let condition = NSCondition()
  private var scheduler: Scheduler
  private var workersLeft = 0

  init(
    graph: BuildGraph, scheduler: Scheduler, runner: ActionRunner, publisher: Publisher, pool: BytesPool,
    trace: BuildTrace?, keepGoing: Bool, withdrawal: Withdrawal?, ending: Withdrawal,
    progress: @escaping @Sendable (BuildProgress) -> Void
  ) {
    self.graph = graph
    self.scheduler = scheduler
    self.runner = runner
    self.pool = pool
    self.trace = trace
    self.keepGoing = keepGoing
    self.withdrawal = withdrawal
    self.ending = ending
    self.progress = progress
    self.publisher = publisher
  }

  /// Works with `jobs` threads; returns the scheduler when all is done or nothing more can be.
  ///
  /// - Parameter meanwhile: what this thread can do instead of waiting for them.
  func run<T>(jobs: Int, meanwhile: () -> T) -> (Scheduler, T) {
    workersLeft = jobs
    withdrawal?.onWithdrawal { self.withdraw() }
    defer { withdrawal?.onWithdrawal(nil) }
    if withdrawal?.isWithdrawn ?? false { stop() }
    for index in 0..<jobs {
      let thread = Thread { self.pool.with { BuildTrace.$worker.withValue(index) { self.work() } } }
      // Linux keeps 15 characters.
      thread.name = "condense \(index)"
      thread.stackSize = 4 << 20
      thread.start()
    }
    let done = meanwhile()
    condition.lock()
    defer { condition.unlock() }
    while workersLeft > 0 { condition.wait() }
    return (scheduler, done)
  }

  /// The scheduler as it is now.
  func snapshot() -> Scheduler {
    condition.lock()
    defer { condition.unlock() }
    return scheduler
  }

  private func withdraw() {
    condition.lock()
    stop()
    condition.broadcast()
    condition.unlock()
  }

  /// Begins nothing more. Most of what runs is finished and kept; stages that take long end without a result.
  private func stop() {
    scheduler.stop()
    ending.withdraw()
  }

  private func work() {
    condition.lock()
    while !scheduler.isFinished {
      guard let task = scheduler.next() else {
        condition.wait()
        continue
      }
      switch task {
      case .lookUp(let lookups):
        condition.unlock()
        let answers = runner.lookUp(lookups)
        condition.lock()
        scheduler.lookedUp(answers)
      case .run(let nodes):
        let jobs = jobs(nodes)
        condition.unlock()
        let results = runner.perform(jobs)
        condition.lock()
        for (job, result) in zip(jobs, results) { deliver(job.node, result) }
      case .publish(let nodes):
        let publications = nodes.compactMap { scheduler.publication(at: $0, in: graph) }
        condition.unlock()
        let results = trace.span(.publish, "publish \(publications.count)") { publisher.publish(publications) }
        condition.lock()
        for (node, result) in zip(nodes, results) { deliver(node, result.map { .ran(.published) }) }
      }
      report()
      condition.broadcast()
    }
    workersLeft -= 1
    condition.broadcast()
    condition.unlock()
  }

  private func jobs(_ nodes: [BuildGraph.NodeID]) -> [ActionRunner.Job] {
    nodes.map { node in
      ActionRunner.Job(
        node: node, key: scheduler.keys[node.index],
        inputs: graph[node].inputs.compactMap { scheduler.outcome(of: $0) },
        isMadeAgain: scheduler.outcome(of: node) != nil)
    }
  }

  private func deliver(_ node: BuildGraph.NodeID, _ result: Result<ActionRunner.Answer, any Error>) {
    switch result {
    case .success(.ran(let outcome)):
      scheduler.ran(node, outcome)
    case .success(.found(let outcome)):
      scheduler.found(node, outcome)
    case .failure(let error as LostInputs):
      scheduler.lost(node, inputs: error.nodes)
    case .failure(let error as ActionError) where error.reason == .cancelled && scheduler.isStopped:
      scheduler.abandoned(node)
    case .failure(let error):
      scheduler.failed(node, error)
      // A model that changed is read again from the start, whatever else could go on.
      if !keepGoing || error is ModelChanged { stop() }
    }
  }

  private func report() {
    progress(BuildProgress(finishedActions: scheduler.finishedActions, ranActions: scheduler.executed.count))
  }
}

/// How far a build has come.
public struct BuildProgress: Equatable, Sendable {
  /// Stage executions that are done, run or found in the cache.
  public var finishedActions: Int
  public var ranActions: Int
  /// Stage executions in all; 0 while unknown.
  public var totalActions: Int
  /// What the stage that told last works on and how far it is, such as `finetune 40 %`; nil where none has told.
  public var doing: String?

  public init(finishedActions: Int, ranActions: Int, totalActions: Int = 0, doing: String? = nil) {
    self.doing = doing
    self.finishedActions = finishedActions
    self.ranActions = ranActions
    self.totalActions = totalActions
  }
}
