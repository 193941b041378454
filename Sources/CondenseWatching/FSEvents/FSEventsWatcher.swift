#if os(macOS)
  import CoreServices
  import Foundation

  /// Watches by the system's file events (File System Events Programming Guide).
  ///
  /// FSEvents watches trees by their real paths and takes any number of them, so folders and single files are watched through
  /// the nearest folder that exists, and only what concerns the plan is told.
  public final class FSEventsWatcher: FileWatcher {
    private let core: FSEventsCore

    public init(handler: @escaping @Sendable (WatchNotice) -> Void) { core = FSEventsCore(handler: handler) }

    deinit { core.stop() }

    public func watch(_ plan: WatchPlan) { core.watch(plan) }
    public func flush() { core.flush() }
    public func stop() { core.stop() }
    public var watchCount: Int { core.watchCount }
    public var mode: String { "fsevents" }
  }

  private final class FSEventsCore: @unchecked Sendable {
    private let handler: @Sendable (WatchNotice) -> Void
    /// Events are handled on it, and nothing else touches what is below.
    private let queue = DispatchQueue(label: "watching")
    private var plan = WatchPlan()
    /// Real paths by which the system tells of the plan's, and these.
    private var shownAs: [String: Set<String>] = [:]
    private var roots: Set<String> = []
    private let lock = NSLock()
    private var stream: FSEventStreamRef?

    init(handler: @escaping @Sendable (WatchNotice) -> Void) { self.handler = handler }

    func watch(_ plan: WatchPlan) {
      flush()
      lock.withLock {
        let newRoots = queue.sync { setPlan(plan) }
        guard newRoots != roots || stream == nil else { return }
        // The new stream starts at the last event that was handled, so that none falls between the two.
        let since =
          stream.map { FSEventStreamGetLatestEventId($0) } ?? FSEventStreamEventId(kFSEventStreamEventIdSinceNow)
        release()
        roots = newRoots
        if !roots.isEmpty { start(since: since) }
      }
    }

    func flush() {
      lock.withLock {
        guard let stream else { return }
        FSEventStreamFlushSync(stream)
        queue.sync {}
      }
    }

    func stop() { lock.withLock { release() } }

    var watchCount: Int { lock.withLock { roots.count } }

    private func release() {
      guard let stream else { return }
      FSEventStreamStop(stream)
      FSEventStreamInvalidate(stream)
      // A call that has begun ends before what it uses goes.
      queue.sync {}
      FSEventStreamRelease(stream)
      self.stream = nil
    }

    private func start(since: FSEventStreamEventId) {
      var context = FSEventStreamContext(
        version: 0, info: Unmanaged.passUnretained(self).toOpaque(), retain: nil, release: nil, copyDescription: nil)
      let flags =
        kFSEventStreamCreateFlagFileEvents | kFSEventStreamCreateFlagWatchRoot | kFSEventStreamCreateFlagUseCFTypes
      let created = FSEventStreamCreate(
        nil,
        { _, info, count, paths, flags, _ in
          guard let info else { return }
          let core = Unmanaged<FSEventsCore>.fromOpaque(info).takeUnretainedValue()
          let paths = Unmanaged<CFArray>.fromOpaque(paths).takeUnretainedValue() as? [String] ?? []
          core.handle(zip(paths, UnsafeBufferPointer(start: flags, count: count)).map { ($0, Int($1)) })
        },
        &context, roots.sorted() as CFArray, since, 0.01, FSEventStreamCreateFlags(flags))
      guard let created else {
        return handler(.degraded("the system gives no file events for this; nothing is watched"))
      }
      stream = created
      FSEventStreamSetDispatchQueue(created, queue)
      if !FSEventStreamStart(created) {
        release()
        handler(.degraded("the system gives no file events for this; nothing is watched"))
      }
    }

    // On the queue from here on.

    private func setPlan(_ new: WatchPlan) -> Set<String> {
      plan = new
      shownAs = [:]
      var roots: Set<String> = []
      for path in new.trees.union(new.folders) {
        shownAs[realPath(path), default: []].insert(path)
        roots.insert(nearestFolder(path))
      }
      for path in new.files {
        // Both the link and the file that it leads to.
        for real in [realPath(path), realPath((path as NSString).deletingLastPathComponent) + "/" + name(of: path)] {
          shownAs[real, default: []].insert(path)
          roots.insert(nearestFolder((real as NSString).deletingLastPathComponent))
        }
      }
      return roots
    }

    private func handle(_ events: [(path: String, flags: Int)]) {
      var changes: [FileChange] = []
      var missed = false
      for event in events {
        let lost =
          kFSEventStreamEventFlagMustScanSubDirs | kFSEventStreamEventFlagRootChanged | kFSEventStreamEventFlagMount
          | kFSEventStreamEventFlagUnmount | kFSEventStreamEventFlagItemIsSymlink
        // Where a link leads is found out when the plan is given again, as after every rescan.
        if event.flags & lost != 0 { missed = true }
        let kind = kind(event.flags)
        for path in plannedPaths(event.path, isFolder: kind == .folder) {
          changes.append(FileChange(path: path, kind: kind))
        }
      }
      if !changes.isEmpty { handler(.changes(changes)) }
      if missed {
        handler(.rescan(reason: "the system dropped file events, or a watched folder or a link was replaced"))
      }
    }

    /// The system does not tell when a file is closed: what was written to counts as being written.
    private func kind(_ flags: Int) -> FileChange.Kind {
      if flags & kFSEventStreamEventFlagItemIsDir != 0 { return .folder }
      let written = kFSEventStreamEventFlagItemModified | kFSEventStreamEventFlagItemCreated
      let moved = kFSEventStreamEventFlagItemRenamed | kFSEventStreamEventFlagItemRemoved
      return flags & written != 0 && flags & moved == 0 ? .modified : .settled
    }

    /// The paths of the plan, or below its trees and folders, that an event concerns.
    private func plannedPaths(_ path: String, isFolder: Bool) -> Set<String> {
      var found = shownAs[path] ?? []
      var folder = path
      var below = ""
      while folder != "/", !folder.isEmpty {
        below = "/" + name(of: folder) + below
        folder = (folder as NSString).deletingLastPathComponent
        for shown in shownAs[folder] ?? [] {
          let isDirect = folder == (path as NSString).deletingLastPathComponent
          if plan.trees.contains(shown) || plan.folders.contains(shown) && isDirect { found.insert(shown + below) }
        }
      }
      // A folder that came or went takes what is below it along.
      if isFolder {
        for (real, shown) in shownAs where real.hasPrefix(path + "/") { found.formUnion(shown) }
      }
      return found
    }

    private func name(of path: String) -> String { (path as NSString).lastPathComponent }

    private func nearestFolder(_ path: String) -> String {
      var folder = realPath(path)
      while folder != "/", !folder.isEmpty, !isFolder(folder) {
        folder = (folder as NSString).deletingLastPathComponent
      }
      return folder.isEmpty ? "/" : folder
    }

    private func isFolder(_ path: String) -> Bool {
      var status = stat()
      return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// With links followed as far as there is something.
    private func realPath(_ path: String) -> String {
      guard path != "/", !path.isEmpty else { return "/" }
      if let real = realpath(path, nil) {
        defer { free(real) }
        return String(cString: real)
      }
      let folder = realPath((path as NSString).deletingLastPathComponent)
      return folder == "/" ? "/" + name(of: path) : folder + "/" + name(of: path)
    }
  }

  /// Watches by file events.
  public typealias AutomaticWatcher = FSEventsWatcher
#endif
