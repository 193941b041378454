#if os(Linux)
  import CondenseFiles
  import Foundation
  import Testing

  @testable import CondenseWatching

  /// So many watches may be added and no more, as `fs.inotify.max_user_watches` has it.
  private final class WatchLimit: @unchecked Sendable {
    private let lock = NSLock()
    private var left: Int

    init(_ left: Int) { self.left = left }

    func set(_ left: Int) { lock.withLock { self.left = left } }

    var queue: InotifyQueue {
      get throws(WatchRefusal) {
        try InotifyQueue { descriptor, path, mask in
          let isGranted = self.lock.withLock {
            self.left -= 1
            return self.left >= 0
          }
          if isGranted { return inotify_add_watch(descriptor, path, mask) }
          errno = ENOSPC
          return -1
        }
      }
    }
  }

  @Suite("Watching where the kernel's events end")
  struct WatchLimitTests {
    private let folder: WatchedFolder

    init() throws { folder = try WatchedFolder() }

    private let slow = ScanPace(shortest: .seconds(3600))

    private func automatic(_ limit: WatchLimit, mounts: MountTable = MountTable(typesByPoint: [:])) -> AutomaticWatcher
    {
      AutomaticWatcher(
        queue: { () throws(WatchRefusal) in try limit.queue }, mounts: { mounts }, pace: slow,
        handler: { [folder] in folder.receive($0) })
    }

    @Test("With no watch left for the plan, everything is scanned, and the sysctl is named once")
    func limitAtFirst() throws {
      try FileSystem.makeFolders(folder / "p/a/b")
      let watcher = automatic(WatchLimit(6))
      watcher.watch(WatchPlan(trees: [folder / "p"], files: [folder / "model"]))
      let notices = folder.take()
      #expect(notices.count == 1 && notices.first?.degradation?.contains("fs.inotify.max_user_watches") == true)
      #expect(watcher.mode == "scanning")
      try write("1", to: folder / "model")
      try write("1", to: folder / "p/a/b/x")
      watcher.flush()
      let told = folder.takeChanges()
      #expect(told.has(folder / "model") && told.has(folder / "p/a/b/x"))
      watcher.watch(WatchPlan(files: [folder / "other"]))
      #expect(folder.take().isEmpty)
      #expect(watcher.watchCount == 1)
    }

    @Test("When the limit is lowered, the next new folder has everything scanned, and everything looked at anew")
    func limitLater() throws {
      try FileSystem.makeFolders(folder / "p")
      let limit = WatchLimit(1000)
      let watcher = automatic(limit)
      watcher.watch(WatchPlan(trees: [folder / "p"], files: [folder / "model"]))
      #expect(watcher.mode == "inotify" && folder.take().isEmpty)
      limit.set(0)
      try FileSystem.makeFolders(folder / "p/new")
      // The thread finds it by itself.
      #expect(folder.waits { $0.isRescan })
      #expect(folder.take().compactMap(\.degradation).count == 1)
      #expect(watcher.mode == "scanning")
      try write("1", to: folder / "p/new/x")
      try write("1", to: folder / "model")
      watcher.flush()
      let told = folder.takeChanges()
      #expect(told.has(folder / "p/new/x") && told.has(folder / "model"))
    }

    @Test("A flush in the middle of the handing over misses nothing", arguments: 0..<20)
    func flushWhileHandingOver(_ round: Int) throws {
      try FileSystem.makeFolders(folder / "p")
      let limit = WatchLimit(1000)
      let watcher = automatic(limit)
      watcher.watch(WatchPlan(trees: [folder / "p"]))
      limit.set(0)
      try FileSystem.makeFolders(folder / "p/new")
      try write("1", to: folder / "p/x")
      watcher.flush()
      let notices = folder.take()
      #expect(notices.contains { $0.isRescan } && notices.contains { $0.degradation != nil })
      try write("1", to: folder / "p/y")
      watcher.flush()
      #expect(folder.takeChanges().has(folder / "p/y"))
    }

    @Test("Without an inotify instance everything is scanned")
    func noInstance() throws {
      let watcher = AutomaticWatcher(
        queue: { () throws(WatchRefusal) -> InotifyQueue in throw .instanceLimit(code: EMFILE) }, pace: slow,
        handler: { [folder] in folder.receive($0) })
      #expect(folder.take().first?.degradation?.contains("fs.inotify.max_user_instances") == true)
      watcher.watch(WatchPlan(files: [folder / "a"]))
      try write("1", to: folder / "a")
      watcher.flush()
      #expect(folder.takeChanges().has(folder / "a"))
      #expect(watcher.mode == "scanning")
    }

    @Test("What is on a network file system is scanned, the rest watched")
    func network() throws {
      try FileSystem.makeFolders(folder / "remote/p")
      let mounts = MountTable(typesByPoint: ["/": "ext4", folder / "remote": "nfs4"])
      let watcher = automatic(WatchLimit(1000), mounts: mounts)
      watcher.watch(WatchPlan(trees: [folder / "remote/p"], files: [folder / "model", folder / "remote/model"]))
      let degradations = folder.take().compactMap(\.degradation)
      #expect(degradations.count == 1 && degradations.first?.contains("nfs4") == true)
      #expect(watcher.mode == "inotify, scanning")
      try write("1", to: folder / "model")
      try write("1", to: folder / "remote/model")
      try write("1", to: folder / "remote/p/x")
      watcher.flush()
      let told = folder.takeChanges()
      #expect(told.ends(folder / "model", .settled))
      #expect(told.ends(folder / "remote/model", .modified) && told.has(folder / "remote/p/x"))
      watcher.watch(WatchPlan(files: [folder / "model"]))
      #expect(watcher.mode == "inotify")
    }

    @Test("The table of mounts is read as the kernel writes it")
    func mountTable() {
      let table = MountTable(
        """
        22 27 0:20 / / rw,relatime shared:1 - ext4 /dev/vda rw
        30 22 0:45 / /mnt/my\\040share rw master:3 shared:7 - fuse.sshfs host: rw
        31 22 0:46 / /data rw - nfs4 host:/data rw
        32 31 0:47 / /data rw - tmpfs tmpfs rw
        broken
        """)
      #expect(table.networkType(at: "/mnt/my share/x/y") == "fuse.sshfs")
      #expect(table.networkType(at: "/mnt/my") == nil)
      #expect(table.networkType(at: "/data/x") == nil)
      #expect(table.networkType(at: "/") == nil)
      let other = MountTable("1 0 0:1 / / rw - 9p x rw")
      #expect(other.networkType(at: "/a") == "9p")
      #expect(MountTable.current.networkType(at: "/proc") == nil)
    }

    @Test("A queue that overflowed is told, and the folders that were made meanwhile are watched")
    func overflow() throws {
      let limit = try #require(Int(try kernelSetting("/proc/sys/fs/inotify/max_queued_events")))
      try #require(limit <= 200_000, "too many events to overflow")
      let watcher = try InotifyWatcher { [folder] in folder.receive($0) }
      try FileSystem.makeFolders(folder / "p")
      try write("1", to: folder / "p/0")
      watcher.watch(WatchPlan(trees: [folder / "p"], files: [folder / "m/model"]))
      try watcher.withReaderHeld {
        // Two events each.
        for index in 0...limit / 2 {
          try FileSystem.rename(folder / "p/\(index % 2)", to: folder / "p/\((index + 1) % 2)")
        }
        try FileSystem.makeFolders(folder / "p/new/deep")
        try FileSystem.makeFolders(folder / "m")
      }
      watcher.flush()
      #expect(folder.take().contains { $0.isRescan })
      try write("1", to: folder / "p/new/deep/x")
      try write("1", to: folder / "m/model")
      watcher.flush()
      let notices = folder.take()
      #expect(!notices.contains { $0.isRescan })
      let told = notices.flatMap(\.changes)
      #expect(told.ends(folder / "p/new/deep/x", .settled) && told.ends(folder / "m/model", .settled))
    }

    @Test("Sixty watchers that were stopped or let go leave no descriptor and no thread")
    func resources() throws {
      let before = try (FileSystem.names(in: "/proc/self/fd").count, FileSystem.names(in: "/proc/self/task").count)
      for index in 0..<60 {
        let watcher = automatic(WatchLimit(index % 2 == 0 ? 1000 : 3))
        watcher.watch(WatchPlan(trees: [folder.path]))
        if index % 3 == 0 { watcher.stop() }
      }
      let after = try (FileSystem.names(in: "/proc/self/fd").count, FileSystem.names(in: "/proc/self/task").count)
      // Other tests come and go meanwhile.
      #expect(after.0 < before.0 + 40 && after.1 < before.1 + 40)
    }

    private func kernelSetting(_ path: String) throws -> String {
      try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }
#endif
