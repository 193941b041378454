#if os(Linux)
  /// The folders that the kernel watches, by their real paths, and on whose behalf.
  ///
  /// A watch is the kernel's name for a folder, not for a path: where a folder was moved, or is mounted twice, two paths
  /// have one watch. Until the events have been read that tell of the move, the table may know it under both.
  struct WatchTable {
    private let queue: InotifyQueue
    private var spots: [String: Spot] = [:]
    private var pathsByWatch: [Int32: Set<String>] = [:]
    private(set) var routes: [WatchSubject: WatchRoute] = [:]
    /// Watched, and perhaps for nobody.
    private var unclaimed: Set<String> = []

    struct Spot {
      var watch: Int32
      var subjects: Set<WatchSubject> = []
      /// Those of the subjects to which an entry of this name matters.
      var named: [String: Set<WatchSubject>] = [:]
      /// Those of the subjects to which every entry matters.
      var contents: Set<WatchSubject> = []
    }

    init(_ queue: InotifyQueue) { self.queue = queue }

    var watchCount: Int { pathsByWatch.count }

    func paths(of watch: Int32) -> Set<String> { pathsByWatch[watch] ?? [] }

    func spot(_ path: String) -> Spot? { spots[path] }

    /// Has the kernel watch the folder that is at a path now. False where there is none.
    mutating func watch(_ path: String, _ level: WatchLevel) throws(WatchRefusal) -> Bool {
      guard let watch = try queue.add(path, level) else { return false }
      let old = spots[path]?.watch
      if old != watch {
        spots[path, default: Spot(watch: watch)].watch = watch
        pathsByWatch[watch, default: []].insert(path)
        if let old { release(old, at: path) }
      }
      if spots[path]?.subjects.isEmpty ?? false { unclaimed.insert(path) }
      return true
    }

    /// The kernel has given up a watch.
    mutating func forget(_ watch: Int32) { pathsByWatch[watch] = nil }

    /// Puts a subject's route in the place of its old one; nil for a subject that is not watched any more.
    mutating func setRoute(_ route: WatchRoute?, of subject: WatchSubject) {
      let old = routes[subject]?.uses ?? [:]
      routes[subject] = route
      let new = route?.uses ?? [:]
      for (path, use) in new where use != old[path] {
        if let former = old[path] { unlink(former, at: path, subject) }
        link(use, at: path, subject)
      }
      for (path, use) in old where new[path] == nil { unlink(use, at: path, subject) }
    }

    /// Every entry of a watched folder matters to a subject, which knows the folder as `shown`.
    mutating func addUse(of path: String, shownAs shown: String, by subject: WatchSubject) {
      guard spots[path] != nil else { return }
      routes[subject]?.uses[path, default: FolderUse()].shownAs.insert(shown)
      spots[path]?.subjects.insert(subject)
      spots[path]?.contents.insert(subject)
    }

    /// What a subject knows as `shown`, or as below it, is not its any more.
    mutating func removeUses(atOrBelow shown: String, by subject: WatchSubject) {
      guard let uses = routes[subject]?.uses else { return }
      for (path, use) in uses {
        var left = use
        left.shownAs = use.shownAs.filter { !isPath($0, atOrBelow: shown) }
        guard left != use else { continue }
        unlink(use, at: path, subject)
        if left == FolderUse() {
          routes[subject]?.uses[path] = nil
        } else {
          routes[subject]?.uses[path] = left
          link(left, at: path, subject)
        }
      }
    }

    private mutating func link(_ use: FolderUse, at path: String, _ subject: WatchSubject) {
      guard spots[path] != nil else { return }
      spots[path]?.subjects.insert(subject)
      for name in use.names { spots[path]?.named[name, default: []].insert(subject) }
      if !use.shownAs.isEmpty { spots[path]?.contents.insert(subject) }
    }

    private mutating func unlink(_ use: FolderUse, at path: String, _ subject: WatchSubject) {
      guard spots[path] != nil else { return }
      spots[path]?.subjects.remove(subject)
      for name in use.names {
        spots[path]?.named[name]?.remove(subject)
        if spots[path]?.named[name]?.isEmpty ?? false { spots[path]?.named[name] = nil }
      }
      spots[path]?.contents.remove(subject)
      if spots[path]?.subjects.isEmpty ?? false { unclaimed.insert(path) }
    }

    /// Gives up the watches that nobody has a use for. Not before new routes are set: a watch that is given up and taken
    /// anew loses the events that wait for it.
    mutating func removeUnclaimed() {
      for path in unclaimed {
        guard let spot = spots[path], spot.subjects.isEmpty else { continue }
        spots[path] = nil
        release(spot.watch, at: path)
      }
      unclaimed = []
    }

    private mutating func release(_ watch: Int32, at path: String) {
      guard pathsByWatch[watch]?.remove(path) != nil, pathsByWatch[watch]?.isEmpty ?? false else { return }
      pathsByWatch[watch] = nil
      queue.remove(watch)
    }
  }
#endif
