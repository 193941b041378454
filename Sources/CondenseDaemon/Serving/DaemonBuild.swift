import CondenseEngine
import CondenseStore
import Foundation

/// A build that the daemon runs or ran.
final class DaemonBuild: Sendable {
  /// Unique in this daemon's life.
  let id: Int
  /// The request that it answers; nil for a sweep.
  let request: Int?
  let withdrawal = Withdrawal()
  let monitor = BuildMonitor()
  private let state: Locked<State>

  struct State: Sendable {
    /// Seconds since 1970.
    var started: Double
    var seconds: Double?
    /// The pipeline files that it is about; nil until they are listed.
    var files: [String]?
    var progress = BuildProgress(finishedActions: 0, ranActions: 0)
    var outcome: BuildLogEntry.Outcome?
    var actions: ActionCounts?
    /// Its number in the workspace's log.
    var number: Int?
    /// What was said about it, line by line.
    var log: [String] = []
  }

  init(id: Int, request: Int?) {
    self.id = id
    self.request = request
    state = Locked(State(started: Date().timeIntervalSince1970))
  }

  var isSweep: Bool { request == nil }

  var now: State { state.withLock { $0 } }

  func update(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

  /// Adds to the log, which is bounded: the first lines say what matters most.
  func say(_ text: String) {
    state.withLock { state in
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      state.log += lines.prefix(max(0, DaemonBuild.mostLines - state.log.count))
    }
  }

  private static let mostLines = 2000
}

/// The last builds, oldest first.
struct DaemonBuilds: Sendable {
  private(set) var builds: [DaemonBuild] = []

  private static let most = 100

  mutating func add(_ build: DaemonBuild) {
    builds.append(build)
    // What is kept are builds of something, as far as there is room.
    if builds.count > DaemonBuilds.most { builds.removeFirst() }
  }

  /// Forgets a build that found nothing to do.
  mutating func drop(_ build: DaemonBuild) { builds.removeAll { $0 === build } }
}
