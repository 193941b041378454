import Foundation

#if os(Linux)
  /// Watches by the kernel's events where they can be had, and scans the rest.
  ///
  /// An entry of the plan on a network file system, or one that the kernel refuses to watch, is scanned. When the kernel has
  /// no watch left everything is, for good, so that its watches are free for others. Each reason is told once, as
  /// `degraded`; where changes may have been missed meanwhile, `rescan` follows.
  public final class AutomaticWatcher: FileWatcher {
    private let core: AutomaticCore
    private let inotify: InotifyWatcher?

    public convenience init(handler: @escaping @Sendable (WatchNotice) -> Void) {
      self.init(queue: { () throws(WatchRefusal) in try InotifyQueue() }, handler: handler)
    }

    init(
      queue: () throws(WatchRefusal) -> InotifyQueue,
      mounts: @escaping @Sendable () -> MountTable = { MountTable.current },
      pace: ScanPace = ScanPace(), handler: @escaping @Sendable (WatchNotice) -> Void
    ) {
      let core = AutomaticCore(pace: pace, handler: handler)
      self.core = core
      do {
        let watcher = try InotifyWatcher(
          queue: queue(), mounts: mounts, handler: { core.deliver($0) }, refused: { core.record($0) },
          afterwards: { core.takeOver() })
        inotify = watcher
        core.setInotify(watcher)
      } catch {
        inotify = nil
        core.degrade(error)
      }
    }

    deinit { stop() }

    public func watch(_ plan: WatchPlan) { core.watch(plan) }
    public func flush() { core.flush() }

    public func stop() {
      inotify?.stop()
      core.scanning.stop()
    }

    public var watchCount: Int { core.watchCount }
    public var mode: String { core.mode }
  }

  /// Deals the plan to the two watchers.
  private final class AutomaticCore: @unchecked Sendable {
    let scanning: ScanningWatcher
    private let delivery: Delivery
    /// Guards what is below it. Locks are taken in this order: this one, a watcher's, `refusals`, the handler's.
    private let lock = NSLock()
    private weak var inotify: InotifyWatcher?
    private var plan = WatchPlan()
    private var scanned = WatchPlan()
    private var isExhausted = false
    private var told: Set<String> = []
    private let refusalsLock = NSLock()
    private var refusals: [WatchSubject: WatchRefusal] = [:]

    init(pace: ScanPace, handler: @escaping @Sendable (WatchNotice) -> Void) {
      let delivery = Delivery(handler)
      self.delivery = delivery
      scanning = ScanningWatcher(pace: pace) { delivery.deliver($0) }
    }

    func setInotify(_ watcher: InotifyWatcher) { lock.withLock { inotify = watcher } }

    func deliver(_ notice: WatchNotice) { delivery.deliver(notice) }

    /// There is no inotify at all.
    func degrade(_ refusal: WatchRefusal) {
      lock.withLock {
        isExhausted = true
        tell(refusal)
      }
    }

    /// What the kernel's watcher leaves to scanning; called under its lock.
    func record(_ new: [WatchSubject: WatchRefusal]) {
      refusalsLock.withLock { refusals.merge(new) { $1 } }
    }

    func watch(_ new: WatchPlan) {
      lock.withLock {
        let before = plan
        plan = new
        scanned = isExhausted ? plan : scanned.intersection(plan)
        if let inotify, !isExhausted { inotify.watch(plan.subtracting(scanned)) }
        let refused = takeRefused()
        scanning.watch(scanned)
        leaveKernelIfExhausted()
        // For what is new, the caller looks itself.
        tell(refused, mayHaveMissed: refused.keys.contains { before.contains($0) })
      }
    }

    func flush() {
      inotifyWatcher?.flush()
      takeOver()
      scanning.flush()
    }

    private var inotifyWatcher: InotifyWatcher? { lock.withLock { inotify } }

    /// Scans what the kernel's watcher has refused. Whoever comes second finds it done.
    func takeOver() {
      lock.withLock {
        let refused = takeRefused()
        guard !refused.isEmpty else { return }
        scanning.watch(scanned)
        leaveKernelIfExhausted()
        tell(refused, mayHaveMissed: true)
      }
    }

    private func takeRefused() -> [WatchSubject: WatchRefusal] {
      let refused = refusalsLock.withLock {
        defer { refusals = [:] }
        return refusals
      }
      for subject in refused.keys { scanned.insert(subject) }
      isExhausted = isExhausted || refused.values.contains(where: \.isLimit)
      scanned = isExhausted ? plan : scanned.intersection(plan)
      return refused
    }

    /// After the first scan, so that what changes meanwhile is told by one of the two.
    private func leaveKernelIfExhausted() {
      if isExhausted { inotify?.watch(WatchPlan()) }
    }

    private func tell(_ refused: [WatchSubject: WatchRefusal], mayHaveMissed: Bool) {
      for (_, reason) in refused.sorted(by: { $0.key.path < $1.key.path }) { tell(reason) }
      if mayHaveMissed { delivery.deliver(.rescan(reason: "scanning took over from the kernel's events")) }
    }

    private func tell(_ reason: WatchRefusal) {
      guard told.insert(reason.topic).inserted else { return }
      let what = reason.isLimit ? "everything is scanned" : "it is scanned"
      delivery.deliver(.degraded("\(reason.description); \(what) instead of watched"))
    }

    var watchCount: Int { (inotifyWatcher?.watchCount ?? 0) + scanning.watchCount }

    var mode: String {
      lock.withLock {
        if isExhausted { return "scanning" }
        return scanned.isEmpty ? "inotify" : "inotify, scanning"
      }
    }
  }

  /// Calls a handler for several watchers, one call at a time.
  private final class Delivery: Sendable {
    private let lock = NSLock()
    private let handler: @Sendable (WatchNotice) -> Void

    init(_ handler: @escaping @Sendable (WatchNotice) -> Void) { self.handler = handler }

    func deliver(_ notice: WatchNotice) { lock.withLock { handler(notice) } }
  }
#endif
