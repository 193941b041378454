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
    private let queue: InotifyQueue
    private var table: WatchTable
    private var finder: RouteFinder
    private var plan: Set<WatchSubject> = []
    /// Links that were found in trees.
    private var links: Set<WatchSubject> = []
    /// Subjects whose way may have changed; for a file that appeared, what its event says of it.
    private var stale: [WatchSubject: Arrival?] = [:]
    /// Real paths of files that were written to and not closed.
    private var writing: Set<String> = []
    private var changes = ChangeList()
    /// Of entries of the plan that are not watched any more, why.
    private var refusals: [WatchSubject: WatchRefusal] = [:]

    private struct Arrival {
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

  // MARK: - Events

  extension WatchTracker {
    private mutating func handle(_ event: InotifyEvent) {
      for path in table.paths(of: event.descriptor) {
        guard let spot = table.spot(path) else { continue }
        if let name = event.name {
          handle(event.mask, of: name, in: path, spot)
        } else if event.mask.isAny(of: [.selfGone, .attributes]) {
          // Of a folder below a tree, the folder above tells.
          for subject in spot.subjects where table.routes[subject]?.uses[path]?.isWay(of: subject) ?? false {
            markStale(subject)
          }
        }
      }
      if event.mask.contains(.watchGone) { table.forget(event.descriptor) }
    }

    private mutating func handle(
      _ mask: InotifyEvent.Mask, of name: String, in folder: String, _ spot: WatchTable.Spot
    ) {
      let path = joined(folder, name)
      let subjects = spot.named[name] ?? []
      guard !subjects.isEmpty || !spot.contents.isEmpty else { return }
      let kind = kind(of: mask, path)
      for subject in subjects {
        if mask.isAny(of: [.appeared, .vanished]) || stale[subject] != nil {
          stale[subject] = .some(Arrival(path: path, kind: kind))
        } else if mask.contains(.isFolder) || table.routes[subject]?.end != .file(path) {
          markStale(subject)
        } else {
          changes.append(FileChange(path: subject.path, kind: kind))
        }
      }
      for subject in spot.contents {
        for shown in table.routes[subject]?.uses[folder]?.shownAs ?? [] {
          let shownPath = joined(shown, name)
          changes.append(FileChange(path: shownPath, kind: kind))
          if subject.reach == .tree, !name.hasPrefix(".") { follow(mask, of: subject, path, shownAs: shownPath) }
        }
      }
    }

    /// Keeps step with the folders and links below a tree.
    private mutating func follow(
      _ mask: InotifyEvent.Mask, of subject: WatchSubject, _ path: String, shownAs shown: String
    ) {
      let isKnown = table.routes[subject]?.uses[path]?.shownAs.contains(shown) ?? false
      if mask.isAny(of: .vanished) {
        if mask.contains(.isFolder) { table.removeUses(atOrBelow: shown, by: subject) }
        tellFolder(behind: shown, of: subject)
        dropLinks(atOrBelow: shown, of: subject)
      } else if mask.contains(.isFolder), mask.isAny(of: .appeared) || !isKnown {
        finder.forget()
        enter(subject, path, shownAs: shown)
      } else if mask.isAny(of: .appeared), entryKind(path) == .link {
        finder.forget()
        connect(link(shown, of: subject))
        tellFolder(behind: shown, of: subject)
      }
    }

    /// With a link, all comes or goes that it leads to.
    private mutating func tellFolder(behind shown: String, of subject: WatchSubject) {
      let link = WatchSubject(reach: .tree, path: shown, tree: subject.tree)
      if case .folder = table.routes[link]?.end { changes.append(FileChange(path: shown, kind: .folder)) }
    }

    private mutating func kind(of mask: InotifyEvent.Mask, _ path: String) -> FileChange.Kind {
      if mask.contains(.isFolder) { return mask.contains(.attributes) ? .settled : .folder }
      switch mask {
      case _ where mask.contains(.modified): break
      case _ where mask.contains(.created):
        // A link is whole when it appears; a file is open, and told again when it is closed.
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else {
          return .settled
        }
      case _ where mask.contains(.attributes): return writing.contains(path) ? .modified : .settled
      default:
        writing.remove(path)
        return .settled
      }
      // Files in a folder that was moved away stay behind. To forget the others with them costs an early `settled`.
      if writing.count > 10_000 { writing = [] }
      writing.insert(path)
      return .modified
    }
  }

  // MARK: - Ways

  extension WatchTracker {
    private mutating func markStale(_ subject: WatchSubject) {
      if stale[subject] == nil { stale[subject] = .some(nil) }
    }

    /// Follows the ways anew that may have changed, and tells of what is at their ends.
    private mutating func reconnect() {
      let subjects = stale.sorted { $0.key.path < $1.key.path }
      stale = [:]
      finder.forget()
      for (subject, arrival) in subjects where plan.contains(subject) || links.contains(subject) {
        let before = table.routes[subject]?.end ?? .missing
        connect(subject)
        let after = table.routes[subject]?.end ?? .missing
        switch (before, after) {
        case (.missing, .missing): break
        case (_, .file(let path)):
          let kind = arrival?.path == path ? arrival?.kind : nil
          changes.append(FileChange(path: subject.path, kind: kind ?? kindOfFound(path)))
          if case .folder = before { changes.append(FileChange(path: subject.path, kind: .folder)) }
        case (.file, .missing): changes.append(FileChange(path: subject.path, kind: .settled))
        default: changes.append(FileChange(path: subject.path, kind: .folder))
        }
      }
    }

    /// A file that was there when its folder began to be watched may be open for writing if it was written to lately.
    private func kindOfFound(_ path: String) -> FileChange.Kind {
      guard let identity = try? FileIdentity(of: path) else { return .settled }
      return identity.modificationTime > FileIdentity.now - 2_000_000_000 ? .modified : .settled
    }

    /// Has everything watched that decides what is at a subject's path, and what is in it.
    private mutating func connect(_ subject: WatchSubject) {
      do {
        let route = try finder.route(to: subject, in: &table)
        if subject.reach == .tree { dropLinks(below: subject.path, of: subject) }
        table.setRoute(route, of: subject)
        guard case .folder(let path) = route.end else { return }
        switch subject.reach {
        case .file: break
        case .folder:
          if try finder.watch(path, .contents, in: &table) {
            table.addUse(of: path, shownAs: subject.path, by: subject)
          } else {
            markStale(subject)
          }
        case .tree:
          // A link to a folder of the same tree: that goes by its own name.
          let isSeen = table.spot(path)?.contents.contains { $0.tree == subject.tree && $0 != subject } ?? false
          if !isSeen { enter(subject, path, shownAs: subject.path) }
        }
      } catch {
        refuse(subject, error)
      }
    }

    /// Watches a folder of a tree with all those below it, each before it is listed.
    private mutating func enter(_ subject: WatchSubject, _ path: String, shownAs shown: String) {
      var stack = [(path: path, shown: shown)]
      var found: [String] = []
      while let folder = stack.popLast() {
        guard depth(of: folder.shown, in: subject) <= WatchPlan.deepest else { continue }
        do {
          // Where it is gone, the folder above tells.
          guard try finder.watch(folder.path, .contents, in: &table) else { continue }
        } catch {
          // The folder above tells when it may be read.
          if case .failed(_, EACCES) = error, folder.shown != subject.path { continue }
          return refuse(subject, error)
        }
        table.addUse(of: folder.path, shownAs: folder.shown, by: subject)
        for entry in (try? FileSystem.entries(in: folder.path)) ?? [] where !entry.isHidden {
          let shown = joined(folder.shown, entry.name)
          switch entry.kind {
          case .folder: stack.append((joined(folder.path, entry.name), shown))
          case .link: found.append(shown)
          case .file, .other: break
          }
        }
      }
      // What links lead to comes last, so that a folder goes by its own name where it has one in the tree.
      for path in found { connect(link(path, of: subject)) }
    }

    private func depth(of shown: String, in subject: WatchSubject) -> Int {
      let tree = subject.tree ?? subject.path
      return shown.utf8.dropFirst(tree.utf8.count).count { $0 == UInt8(ascii: "/") }
    }

    private mutating func link(_ path: String, of subject: WatchSubject) -> WatchSubject {
      let link = WatchSubject(reach: .tree, path: path, tree: subject.tree)
      links.insert(link)
      return link
    }

    private mutating func dropLinks(below shown: String, of subject: WatchSubject) {
      for link in links where link.tree == subject.tree && link.path != shown && isPath(link.path, atOrBelow: shown) {
        drop(link)
      }
    }

    private mutating func dropLinks(atOrBelow shown: String, of subject: WatchSubject) {
      let before = links.count
      dropLinks(below: shown, of: subject)
      let link = WatchSubject(reach: .tree, path: shown, tree: subject.tree)
      if links.contains(link) { drop(link) }
      // Another link may have led to the same folder, and been left out for it.
      if links.count < before { for link in links where link.tree == subject.tree { markStale(link) } }
    }

    private mutating func drop(_ subject: WatchSubject) {
      if subject.isInner {
        links.remove(subject)
      } else if subject.reach == .tree {
        for link in links where link.tree == subject.path {
          links.remove(link)
          table.setRoute(nil, of: link)
          stale[link] = nil
        }
      }
      table.setRoute(nil, of: subject)
      stale[subject] = nil
    }

    /// An entry of the plan that cannot be watched whole is not watched at all.
    private mutating func refuse(_ subject: WatchSubject, _ refusal: WatchRefusal) {
      let entry =
        subject.isInner ? WatchSubject(reach: .tree, path: subject.tree ?? subject.path, tree: subject.tree) : subject
      drop(entry)
      plan.remove(entry)
      if refusals[entry] == nil { refusals[entry] = refusal }
    }
  }

  /// Changes in their order, without those that repeat the last of their path.
  private struct ChangeList {
    private var changes: [FileChange] = []
    private var last: [String: FileChange.Kind] = [:]

    mutating func append(_ change: FileChange) {
      if last.updateValue(change.kind, forKey: change.path) != change.kind { changes.append(change) }
    }

    /// Nil where there is none.
    mutating func take() -> [FileChange]? {
      defer { self = ChangeList() }
      return changes.isEmpty ? nil : changes
    }
  }
#endif
