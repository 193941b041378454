#if os(Linux)
  import CondenseFiles
  import Foundation
  import TestSupport
  import Testing

  @testable import CondenseWatching

  /// Random things that happen to a few folders, some of them watched.
  private struct RandomOperations {
    let root: String
    var generator: SeededGenerator

    private static let folders = ["p", "p/a", "p/a/b", "p/c", "q", "q/a", "q/a/b", "r", "r/s"]
    private static let files = ["f", "g", "m"]

    private mutating func folder() -> String {
      root + "/" + (Self.folders.randomElement(using: &generator) ?? "p")
    }

    private mutating func file() -> String { folder() + "/" + (Self.files.randomElement(using: &generator) ?? "f") }

    /// What was done, for whoever has to find out what a seed does.
    var log: [String] = []

    /// What fails, fails: there is nothing to do, or something in the way.
    mutating func perform() {
      let (from, to) = (file(), file())
      let (fromFolder, toFolder) = (folder(), folder())
      switch Int.random(in: 0..<11, using: &generator) {
      case 0...2: attempt("write", from) { try write("\(from)", to: from) }
      case 3: attempt("remove", from) { try FileSystem.remove(from) }
      case 4: attempt("make", fromFolder) { try FileSystem.makeFolders(fromFolder) }
      case 5: attempt("remove all", fromFolder) { try removeAll(fromFolder) }
      case 6: attempt("rename", from, to) { try FileSystem.rename(from, to: to) }
      case 7, 8: attempt("rename", fromFolder, toFolder) { try FileSystem.rename(fromFolder, to: toFolder) }
      case 9: attempt("link", from, to) { try makeLink(from, to: to) }
      default: attempt("link", fromFolder, toFolder) { try makeLink(fromFolder, to: toFolder) }
      }
    }

    private mutating func attempt(_ what: String, _ paths: String..., body: () throws -> Void) {
      guard (try? body()) != nil else { return }
      log.append("\(what) \(paths.map { $0.dropFirst(root.count) }.joined(separator: " "))")
    }
  }

  /// What is at every path of a plan, by all names that links give it.
  private struct AllNames {
    var looks: [String: String] = [:]
    /// Device and inode of what is at a path, links followed.
    var objects: [String: String] = [:]

    init(of plan: WatchPlan, followsLinks: Bool) {
      for path in plan.trees { enter(path, above: []) }
      for path in plan.files { add(path) }
      for folder in plan.folders {
        add(folder)
        for name in (try? FileSystem.names(in: folder)) ?? [] { add(folder + "/" + name, followsLinks: followsLinks) }
      }
    }

    @discardableResult
    private mutating func add(_ path: String, followsLinks: Bool = true) -> Bool {
      var status = stat()
      guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return false }
      let object = "\(status.st_dev) \(status.st_ino)"
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      objects[path] = object
      looks[path, default: ""] += isFolder ? object : "\(object) \(status.st_size) \(status.st_mtim) \(status.st_ctim)"
      return isFolder
    }

    private mutating func enter(_ path: String, above: [String]) {
      guard add(path), let object = objects[path], !above.contains(object) else { return }
      for name in (try? FileSystem.names(in: path)) ?? [] { enter(path + "/" + name, above: above + [object]) }
    }
  }

  @Suite("Watching, whatever happens")
  struct WatchingPropertyTests {
    private func plan(in folder: WatchedFolder) -> WatchPlan {
      WatchPlan(
        trees: [folder / "p", folder / "r/s"],
        files: [folder / "q/m", folder / "q/a/b/f", folder / "r/g", folder / "p/a/m"], folders: [folder / "q/a"])
    }

    private func check(seed: UInt64, followsLinks: Bool, _ makeWatcher: (WatchedFolder) throws -> any FileWatcher)
      throws
    {
      let folder = try WatchedFolder()
      let watcher = try makeWatcher(folder)
      var operations = RandomOperations(root: folder.path, generator: SeededGenerator(seed: seed))
      for _ in 0..<20 { operations.perform() }
      let plan = plan(in: folder)
      watcher.watch(plan)
      var before = AllNames(of: plan, followsLinks: followsLinks)
      for round in 0..<15 {
        operations.log.append("watch")
        for _ in 0..<Int.random(in: 1...8, using: &operations.generator) { operations.perform() }
        watcher.flush()
        let told = folder.takeChanges()
        let after = AllNames(of: plan, followsLinks: followsLinks)
        for path in Set(before.looks.keys).union(after.looks.keys) where before.looks[path] != after.looks[path] {
          // What has several names is told by one of them at least.
          let names = [path] + before.names(of: path) + after.names(of: path)
          let isTold = names.contains { told.covers($0) }
          let log =
            "\(operations.log.joined(separator: ", ")); told \(told.map { $0.path.dropFirst(folder.path.count) })"
          #expect(isTold, "seed \(seed), round \(round): \(path.dropFirst(folder.path.count)) after \(log)")
        }
        before = after
      }
      watcher.stop()
    }

    @Test("After a flush, everything that differs was told", arguments: 0..<50 as Range<UInt64>)
    func inotify(_ seed: UInt64) throws {
      try check(seed: seed, followsLinks: false) { folder in try InotifyWatcher { folder.receive($0) } }
    }

    @Test("Also where it is scanned", arguments: 1000..<1010 as Range<UInt64>)
    func scanning(_ seed: UInt64) throws {
      try check(seed: seed, followsLinks: true) { folder in
        ScanningWatcher(pace: ScanPace(shortest: .seconds(3600))) { folder.receive($0) }
      }
    }
  }

  extension AllNames {
    fileprivate func names(of path: String) -> [String] {
      guard let object = objects[path] else { return [] }
      return objects.filter { $0.value == object }.map(\.key)
    }
  }
#endif
