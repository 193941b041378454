import CondenseStore

/// Lets others look at a build while it runs.
public final class BuildMonitor: Sendable {
  /// How far the actions of one stage of one pipeline have come.
  public struct Activity: Equatable, Sendable, Encodable {
    public var waiting = 0
    public var running = 0
    public var done = 0
    public var failed = 0
  }

  private let probe = Locked<(@Sendable () -> [String: [String: Activity]])?>(nil)

  public init() {}

  /// For each pipeline that is being built, by name, the activity of its stages by id; empty where nothing runs.
  public func activity() -> [String: [String: Activity]] { probe.withLock { $0 }?() ?? [:] }

  func look(with probe: (@Sendable () -> [String: [String: Activity]])?) { self.probe.withLock { $0 = probe } }
}

extension BuildPlan {
  /// Where each stage's actions stand.
  func activity(_ scheduler: Scheduler) -> [String: [String: BuildMonitor.Activity]] {
    var all: [String: [String: BuildMonitor.Activity]] = [:]
    for planned in pipelines {
      var stages: [String: BuildMonitor.Activity] = [:]
      for (stage, plan) in zip(planned.pipeline.stages, planned.stages) {
        guard let plan else { continue }
        var activity = BuildMonitor.Activity()
        for action in plan.actions { activity.count(scheduler.state(of: action.node)) }
        stages[stage.id] = activity
      }
      all[planned.pipeline.name] = stages
    }
    return all
  }
}

extension BuildMonitor.Activity {
  fileprivate mutating func count(_ state: Scheduler.State) {
    switch state {
    case .waiting, .lookingUp, .ready: waiting += 1
    case .running: running += 1
    case .done: done += 1
    case .failed, .blocked: failed += 1
    }
  }
}
