import Foundation

/// Watches by looking at everything again and again, where the kernel does not tell: network file systems, and when there
/// is no watch left.
///
/// A scan compares identities (device, inode, size, modification and change time). It costs a look at each file, so the
/// pause between two scans grows with what a scan takes; `flush` does not wait for the next but scans at once.
public final class ScanningWatcher: FileWatcher {
  private let loop: ScanningLoop

  public convenience init(handler: @escaping @Sendable (WatchNotice) -> Void) {
    self.init(pace: ScanPace(), handler: handler)
  }

  init(pace: ScanPace, handler: @escaping @Sendable (WatchNotice) -> Void) {
    loop = ScanningLoop(pace: pace, handler: handler)
  }

  deinit { loop.stop() }

  public func watch(_ plan: WatchPlan) { loop.watch(plan) }
  public func flush() { loop.flush() }
  public func stop() { loop.stop() }
  public var watchCount: Int { loop.lookCount }
  public var mode: String { "scanning" }
}

/// What the thread of a watcher and its owner share. There is a thread only while there is something to scan.
private final class ScanningLoop: @unchecked Sendable {
  private let pace: ScanPace
  private let handler: @Sendable (WatchNotice) -> Void
  /// Held during a scan and while the handler is called: scans come one after the other.
  private let scanning = NSLock()
  private var plan = WatchPlan()
  private var last = Snapshot()
  private var pause: Duration
  /// Guards what is below; taken inside `scanning`, and by the thread alone while it sleeps.
  private let condition = NSCondition()
  private var isStopped = false
  private var isRunning = false
  private var isWanted = false

  init(pace: ScanPace, handler: @escaping @Sendable (WatchNotice) -> Void) {
    self.pace = pace
    self.handler = handler
    pause = pace.shortest
  }

  func watch(_ plan: WatchPlan) {
    scanning.withLock {
      guard plan != self.plan else { return }
      self.plan = plan
      scan()
      condition.withLock {
        isWanted = !plan.isEmpty && !isStopped
        if isWanted, !isRunning {
          isRunning = true
          let thread = Thread { self.run() }
          thread.name = "scanning"
          thread.start()
        }
        condition.broadcast()
      }
    }
  }

  func flush() { scanning.withLock { scan() } }

  /// Entries of the plan that the last scan did not have are the base for the next.
  private func scan() {
    guard !condition.withLock({ isStopped }) else { return }
    let clock = ContinuousClock()
    let (start, processorStart) = (clock.now, threadTime())
    let snapshot = Snapshot(of: plan)
    let changes = snapshot.changes(since: last)
    last = snapshot
    pause = pace.pause(processorTime: threadTime() - processorStart, scanTime: start.duration(to: clock.now))
    if !changes.isEmpty { handler(.changes(changes)) }
  }

  private func run() {
    while true {
      let seconds = scanning.withLock { pause } / .seconds(1)
      let deadline = Date(timeIntervalSinceNow: seconds)
      condition.lock()
      while isWanted, !isStopped, condition.wait(until: deadline) {}
      if !isWanted || isStopped {
        isRunning = false
        condition.broadcast()
        condition.unlock()
        return
      }
      condition.unlock()
      flush()
    }
  }

  func stop() {
    condition.lock()
    isStopped = true
    condition.broadcast()
    while isRunning { condition.wait() }
    condition.unlock()
    // Whoever is inside a scan gets to its end, and nobody begins another.
    scanning.withLock {}
  }

  var lookCount: Int { scanning.withLock { last.lookCount } }

  private func threadTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}
