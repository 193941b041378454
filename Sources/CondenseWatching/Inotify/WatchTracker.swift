#if os(Linux)
  import CondenseFiles
  import Foundation

  /// Keeps the kernel's watches in step with a plan and with what happens on the disk, and turns the kernel's events into
  /// changes of what the plan names.
  ///
  /// Two kinds of events: those that tell of a watched file or entry, and those after which a path may lead elsewhere (a
  /// folder or a link came, went or was replaced). After the latter the path is followed anew, which has new folders watched
  /// before they are looked into.
  struct WatchTracker {
    let queue: InotifyQueue
    var table: WatchTable
    var finder: RouteFinder
    var plan: Set<WatchSubject> = []
    /// Links that were found in trees.
    var links: Set<WatchSubject> = []
    /// Subjects whose way may have changed; for a file that appeared, what its event says of it.
    var stale: [WatchSubject: Arrival?] = [:]
    /// Real paths of files that were written to and not closed.
    var writing: Set<String> = []
    var changes = ChangeList()
    /// Of entries of the plan that are not watched any more, why.
    var refusals: [WatchSubject: WatchRefusal] = [:]

    struct Arrival {
      var path: String
      var kind: FileChange.Kind
    }

    init(_ queue: InotifyQueue, mounts: @escaping @Sendable () -> MountTable) {
      self.queue = queue
      table = WatchTable(queue)
      finder = RouteFinder(mounts: mounts)
    }

    var watchCount: Int { table.watchCount }

    /// The entries of the plan that cannot be watched, told once.
    mutating func takeRefusals() -> [WatchSubject: WatchRefusal] {
      defer { refusals = [:] }
      return refusals
    }

    mutating func setPlan(_ new: WatchPlan) {
      let subjects = Set(WatchSubject.entries(of: new))
      finder.forget()
      finder.forgetMounts()
      for subject in plan.subtracting(subjects) { drop(subject) }
      let added = subjects.subtracting(plan)
      plan = subjects
      for subject in added { connect(subject) }
      table.removeUnclaimed()
    }

    /// Handles the events that wait; returns what they tell.
    mutating func drain() -> [WatchNotice] {
      var missed = false
      finder.forgetMounts()
      queue.drain { event in
        if event.mask.contains(.overflow) {
          missed = true
        } else {
          handle(event)
        }
      }
      if missed {
        stale = [:]
        finder.forget()
        for subject in plan { connect(subject) }
      }
      reconnect()
      table.removeUnclaimed()
      var notices = changes.take().map { [WatchNotice.changes($0)] } ?? []
      if missed {
        notices.append(.rescan(reason: "the kernel's queue of changes was full (fs.inotify.max_queued_events)"))
      }
      return notices
    }
  }
#endif
