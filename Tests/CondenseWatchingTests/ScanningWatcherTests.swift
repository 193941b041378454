import CondenseFiles
import Foundation
import Testing

@testable import CondenseWatching

@Suite("Watching by scanning")
struct ScanningWatcherTests {
  private let folder: WatchedFolder
  private let watcher: ScanningWatcher

  init() throws {
    let folder = try WatchedFolder()
    self.folder = folder
    // Not to scan on its own: a test's flush does.
    watcher = ScanningWatcher(pace: ScanPace(shortest: .seconds(3600))) { folder.receive($0) }
  }

  private func changes(_ body: () throws -> Void) throws -> [FileChange] {
    watcher.flush()
    _ = folder.take()
    try body()
    watcher.flush()
    return folder.takeChanges()
  }

  @Test("Files, folders and trees are told when they differ")
  func differences() throws {
    try FileSystem.makeFolders(folder / "models/deep")
    try FileSystem.makeFolders(folder / "p/.git")
    try write("1", to: folder / "gone")
    watcher.watch(
      WatchPlan(trees: [folder / "p"], files: [folder / "new", folder / "gone"], folders: [folder / "models"]))
    #expect(folder.takeChanges().isEmpty)
    let told = try changes {
      try write("1", to: folder / "new")
      try removeAll(folder / "gone")
      try write("1", to: folder / "other")
      try write("1", to: folder / "models/a")
      try write("1", to: folder / "models/deep/b")
      try FileSystem.makeFolders(folder / "p/x/y")
      try write("1", to: folder / "p/x/y/z")
      try write("1", to: folder / "p/.git/z")
    }
    let expected: Set<FileChange> = [
      FileChange(path: folder / "new", kind: .modified), FileChange(path: folder / "gone", kind: .settled),
      FileChange(path: folder / "models/a", kind: .modified), FileChange(path: folder / "p/x", kind: .folder),
      FileChange(path: folder / "p/x/y", kind: .folder), FileChange(path: folder / "p/x/y/z", kind: .modified),
    ]
    #expect(Set(told) == expected)
    #expect(try changes {}.isEmpty)
    let replaced = try changes {
      try removeAll(folder / "p/x")
      try write("1", to: folder / "p/x")
    }
    #expect(replaced.has(folder / "p/x", .folder) && replaced.has(folder / "p/x", .modified))
  }

  @Test("Links are followed, in circles only once")
  func links() throws {
    try FileSystem.makeFolders(folder / "p")
    try FileSystem.makeFolders(folder / "outside")
    try write("1", to: folder / "file")
    try makeLink(folder / "p/circle", to: ".")
    try makeLink(folder / "p/link", to: "../outside")
    try makeLink(folder / "model", to: "file")
    watcher.watch(WatchPlan(trees: [folder / "p"], files: [folder / "model"]))
    let told = try changes {
      try write("22", to: folder / "file")
      try write("1", to: folder / "outside/x")
    }
    #expect(told.has(folder / "model", .modified) && told.has(folder / "p/link/x", .modified))
    #expect(told.count == 2)
  }

  @Test("What a new plan keeps is not missed between the two, what it adds is not told")
  func plans() throws {
    watcher.watch(WatchPlan(files: [folder / "kept"]))
    try write("1", to: folder / "kept")
    try write("1", to: folder / "added")
    watcher.watch(WatchPlan(files: [folder / "kept", folder / "added"]))
    #expect(folder.takeChanges() == [FileChange(path: folder / "kept", kind: .modified)])
    #expect(watcher.watchCount == 2)
  }

  @Test("It scans on its own, and no more when it is stopped")
  func scansByItself() throws {
    let folder = try WatchedFolder()
    let watcher = ScanningWatcher(pace: ScanPace(shortest: .milliseconds(1))) { folder.receive($0) }
    watcher.watch(WatchPlan(files: [folder / "a"]))
    try write("1", to: folder / "a")
    #expect(folder.waits { $0.changes.has(folder / "a", .modified) })
    watcher.stop()
    watcher.stop()
    _ = folder.take()
    try write("22", to: folder / "a")
    watcher.flush()
    #expect(folder.take().isEmpty)
  }

  @Test(
    "The pause after a scan grows with what the scan took",
    arguments: [(0, 0, 1000), (5, 5, 1000), (50, 50, 5000), (1, 2000, 10_000)])
  func pace(processor: Int, scan: Int, pause: Int) {
    #expect(
      ScanPace().pause(processorTime: .milliseconds(processor), scanTime: .milliseconds(scan)) == .milliseconds(pause))
  }
}
