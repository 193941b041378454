#if os(Linux)
  import CondenseFiles
  import Foundation

  /// Watches by the kernel's events (inotify(7)): a thread that sleeps until something changes.
  ///
  /// Folders are watched, not files: files of one folder cost one watch together. The folders above cost one each too, which
  /// wakes nobody but when one of them is moved or removed.
  ///
  /// `flush` needs no time to pass. The kernel puts an event into the queue inside the system call that makes the change,
  /// so what was changed before the flush is in the queue when the flush begins. What was changed in a folder that was too
  /// young to be watched is told with the event of the folder itself, which is in the queue, or of the first such folder
  /// above it: every folder is watched before it is listed. So a flush reads as many bytes as wait when it begins, and
  /// follows new folders and links as far as they lead; what comes meanwhile is not its concern, and it ends however much
  /// comes.
  public final class InotifyWatcher: FileWatcher {
    private let loop: InotifyLoop

    /// On its own it watches no files on network file systems, and stops watching what it finds no watch for; that is told
    /// as `degraded`. `AutomaticWatcher` scans such files.
    ///
    /// - Throws: where the kernel has no inotify instance or descriptor left.
    public convenience init(handler: @escaping @Sendable (WatchNotice) -> Void) throws(FileError) {
      do {
        try self.init(queue: InotifyQueue(), handler: handler) { refusals in
          for refusal in Set(refusals.values) { handler(.degraded(refusal.description)) }
        }
      } catch {
        guard case .instanceLimit(let code) = error else { throw FileError("watch by", "inotify", code: EIO) }
        throw FileError("watch by", "inotify", code: code)
      }
    }

    init(
      queue: InotifyQueue, mounts: @escaping @Sendable () -> MountTable = { MountTable.current },
      handler: @escaping @Sendable (WatchNotice) -> Void,
      refused: @escaping @Sendable ([WatchSubject: WatchRefusal]) -> Void,
      afterwards: @escaping @Sendable () -> Void = {}
    ) throws(WatchRefusal) {
      loop = try InotifyLoop(
        queue: queue, mounts: mounts, handler: handler, refused: refused, afterwards: afterwards)
      loop.start()
    }

    deinit { loop.stop() }

    public func watch(_ plan: WatchPlan) { loop.watch(plan) }
    public func flush() { loop.flush() }
    public func stop() { loop.stop() }
    public var watchCount: Int { loop.watchCount }
    public var mode: String { "inotify" }

    /// Keeps the thread from reading events, as a machine under load does. For tests.
    func withReaderHeld<T>(_ body: () throws -> T) rethrows -> T { try loop.withReaderHeld(body) }
  }

  /// What the thread of a watcher and its owner share.
  ///
  /// Whoever has events to wait for reads them itself, under the lock: the thread when it wakes, `flush` on its caller's
  /// thread. So a flush that finds nothing has waited for whoever found it.
  private final class InotifyLoop: @unchecked Sendable {
    private let lock = NSLock()
    private let queue: InotifyQueue
    private var tracker: WatchTracker
    private var isStopped = false
    private let wakeUp: (read: Int32, write: Int32)
    private let ended = DispatchSemaphore(value: 0)
    private let handler: @Sendable (WatchNotice) -> Void
    /// Called under the lock.
    private let refused: @Sendable ([WatchSubject: WatchRefusal]) -> Void
    /// Called by the thread without the lock, after events were handled.
    private let afterwards: @Sendable () -> Void

    init(
      queue: InotifyQueue, mounts: @escaping @Sendable () -> MountTable,
      handler: @escaping @Sendable (WatchNotice) -> Void,
      refused: @escaping @Sendable ([WatchSubject: WatchRefusal]) -> Void,
      afterwards: @escaping @Sendable () -> Void
    ) throws(WatchRefusal) {
      var ends: [Int32] = [-1, -1]
      guard pipe(&ends) == 0 else { throw .instanceLimit(code: errno) }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      wakeUp = (ends[0], ends[1])
      self.queue = queue
      tracker = WatchTracker(queue, mounts: mounts)
      self.handler = handler
      self.refused = refused
      self.afterwards = afterwards
    }

    deinit {
      close(wakeUp.read)
      close(wakeUp.write)
    }

    func start() {
      let thread = Thread { self.run() }
      thread.name = "watching"
      thread.start()
    }

    private func run() {
      defer { ended.signal() }
      while true {
        var polled = [
          pollfd(fd: queue.descriptor, events: Int16(POLLIN), revents: 0),
          pollfd(fd: wakeUp.read, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&polled, 2, -1)
        if polled[1].revents != 0 { return }
        if polled[0].revents != 0 {
          flush()
          afterwards()
        }
      }
    }

    func watch(_ plan: WatchPlan) {
      lock.withLock {
        guard !isStopped else { return }
        deliver()
        tracker.setPlan(plan)
        tellRefusals()
      }
    }

    func flush() { lock.withLock { if !isStopped { deliver() } } }

    private func deliver() {
      for notice in tracker.drain() { handler(notice) }
      tellRefusals()
    }

    private func tellRefusals() {
      let refusals = tracker.takeRefusals()
      if !refusals.isEmpty { refused(refusals) }
    }

    var watchCount: Int { lock.withLock { tracker.watchCount } }

    func withReaderHeld<T>(_ body: () throws -> T) rethrows -> T { try lock.withLock(body) }

    func stop() {
      let isFirst = lock.withLock {
        defer { isStopped = true }
        return !isStopped
      }
      guard isFirst else { return }
      var byte: UInt8 = 0
      write(wakeUp.write, &byte, 1)
      ended.wait()
      lock.withLock { queue.close() }
    }
  }
#endif
