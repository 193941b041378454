import CondenseStore
import CondenseWatching
import Dispatch
import Foundation

/// Lets changes come to rest before anybody hears of them: the clock and the disk that ``SettlingStateMachine`` does not
/// know.
///
/// Unchecked: a timer may be used from any thread, but does not say so.
final class ChangeSettler: @unchecked Sendable {
  private let machine: Locked<SettlingStateMachine>
  private let queue = DispatchQueue(label: "condense changes")
  private let timer: any DispatchSourceTimer
  private let settled: @Sendable (SettledChanges, _ held: Set<String>) -> Void

  /// - Parameter settled: told what has come to rest, and which files are still being written; one call at a time.
  init(
    times: SettlingTimes = SettlingTimes(),
    settled: @escaping @Sendable (SettledChanges, _ held: Set<String>) -> Void
  ) {
    machine = Locked(SettlingStateMachine(times: times))
    self.settled = settled
    timer = DispatchSource.makeTimerSource(queue: queue)
    timer.setEventHandler { [weak self] in self?.advance() }
    timer.activate()
  }

  func insert(_ changes: [FileChange]) {
    machine.withLock { $0.insert(changes, at: .now) }
    queue.async { self.advance() }
  }

  func insertRescan() {
    machine.withLock { $0.insertRescan(at: .now) }
    queue.async { self.advance() }
  }

  func stop() { timer.cancel() }

  /// How many paths wait to come to rest; of those that do not, whoever is told has been told.
  var waitingCount: Int { queue.sync { machine.withLock { $0.waitingCount } } }

  private func advance() {
    while true {
      let (action, held) = machine.withLock { machine in
        (machine.advance(to: .now, look: { FileStamp(of: $0) }), machine.beingWritten)
      }
      switch action {
      case .idle: return
      case .wait(let until):
        let wait = ContinuousClock.now.duration(to: until)
        timer.schedule(deadline: .now() + .nanoseconds(max(0, Int(wait / .nanoseconds(1)))))
        return
      case .settled(let changes): settled(changes, held)
      }
    }
  }
}
