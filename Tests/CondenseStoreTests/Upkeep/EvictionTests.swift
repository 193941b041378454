import CondenseFiles
import CondenseStore
import CondenseTensors
import Foundation
import Testing

@Suite("Evicting from the store")
struct EvictionTests {
  private let timed: TimedStore
  private var store: LocalStore { timed.store }

  init() throws { timed = try TimedStore() }

  /// Ten artifacts, one an hour; every second one an object.
  private func fill() throws {
    for number in 0..<10 {
      try timed.keep(number, count: number % 2 == 0 ? 1000 : 100_000)
      timed.clock.advance(hours: 1)
    }
  }

  @Test("What was used least lately goes first, with its actions, and its room is given back")
  func leastLately() throws {
    try fill()
    // A hit is a use, of the action and of what it made.
    #expect(store.actions([TimedStore.key(1)])[0] != nil)
    timed.clock.advance(hours: 1)
    let before = store.byteCount
    let report = try store.evict(EvictionRequest(limit: before - 150_000))
    #expect(report.artifacts == 5 && report.actions == 5 && report.evictedBytes == 203_000)
    #expect(report.bytesBefore == before && report.bytesAfter == store.byteCount)
    #expect(timed.present(0..<10) == [1, 6, 7, 8, 9])
    #expect(store.allActions().count == 5)
    #expect(try store.verify(drops: false).problems == [])
  }

  @Test("With no room at all everything goes, and the index is small again")
  func nothingLeft() throws {
    try fill()
    try store.keep([], for: [], notes: [Note(key: TimedStore.key(100), value: Bytes([1]))])
    let report = try store.evict(EvictionRequest(limit: 0))
    #expect(report.artifacts == 10 && store.allActions().isEmpty && store.allArtifacts().isEmpty)
    #expect(store.notes([TimedStore.key(100)])[0] != nil, "notes are small and go by their age")
    #expect(store.statistics().indexBytes < 100_000)
    timed.clock.advance(hours: 24 * 31)
    #expect(try store.evict(EvictionRequest(limit: nil)).records == 1)
    #expect(store.notes([TimedStore.key(100)]) == [nil])
  }

  @Test("By age: what was not used for so many days goes")
  func byAge() throws {
    try timed.keep(0)
    try timed.keep(1, count: 100_000)
    timed.clock.advance(hours: 24 * 5)
    try timed.keep(2)
    #expect(store.actions([TimedStore.key(1)])[0] != nil)
    timed.clock.advance(hours: 1)
    #expect(try store.evict(EvictionRequest(limit: nil, olderThanDays: 6)).artifacts == 0)
    #expect(try store.evict(EvictionRequest(limit: nil, olderThanDays: 5)).artifacts == 1)
    #expect(timed.present(0..<3) == [1, 2])
  }

  @Test("A dry run tells the same and changes nothing")
  func dryRun() throws {
    try fill()
    let limit = store.byteCount - 150_000
    var told = try store.evict(EvictionRequest(limit: limit, isDryRun: true))
    #expect(store.allArtifacts().count == 10 && store.allActions().count == 10)
    let done = try store.evict(EvictionRequest(limit: limit))
    told.bytesAfter = done.bytesAfter
    #expect(told == done)
  }

  @Test("What published outputs are made of stays, until the build, its file or its workspace is gone")
  func roots() throws {
    let workspace = timed.folder + "-workspace"
    try FileSystem.makeFolders(workspace)
    defer { try? FileManager.default.removeItem(atPath: workspace) }
    let files = [workspace + "/a.yaml", workspace + "/b.yaml"]
    for file in files { try OpenFile.creating(file).write([Bytes([1])]) }
    let made = try (0..<4).map { try timed.keep($0, count: $0 == 3 ? 100_000 : 1000).digest }
    func evict() throws -> [Int] {
      timed.clock.advance(hours: 1)
      _ = try store.evict(EvictionRequest(limit: 0))
      return timed.present(0..<4)
    }
    try store.keepRoots(
      [
        BuildRoots(file: files[0], build: "a-1", artifacts: [made[0]]),
        BuildRoots(file: files[0], build: "a-2", artifacts: [made[1]]),
        BuildRoots(file: files[1], build: "b", artifacts: [made[1], made[3]]),
      ], of: files, in: workspace)
    #expect(store.workspaces().map(\.builds.count) == [3])
    #expect(try evict() == [0, 1, 3])
    try store.keepRoots([BuildRoots(file: files[0], build: "a-2", artifacts: [made[1]])], of: [files[0]], in: workspace)
    #expect(try evict() == [1, 3], "a build that its file no longer has")
    try FileSystem.remove(files[1])
    #expect(try evict() == [1], "a pipeline that is gone")
    timed.clock.advance(hours: 24 * 20)
    try store.see(workspace: workspace)
    timed.clock.advance(hours: 24 * 20)
    #expect(try evict() == [1], "seen 20 days ago")
    timed.clock.advance(hours: 24 * 20)
    #expect(try evict() == [], "not seen for 40 days")
    #expect(store.workspaces() == [])
  }

  @Test("What a workspace tells while somebody evicts is not forgotten")
  func toldMeanwhile() throws {
    let isDone = Locked(false)
    let other = try timed.reopened()
    let evictor = DispatchGroup()
    evictor.enter()
    Thread {
      defer { evictor.leave() }
      while !isDone.withLock({ $0 }) { _ = try? other.evict(EvictionRequest(limit: nil)) }
    }.start()
    let told = (0..<200).map { "/gone/\($0 + 1000)" }
    for root in told {
      try store.keepRoots([BuildRoots(file: root + "/a.yaml", build: "a", artifacts: [])], of: [], in: root)
    }
    isDone.withLock { $0 = true }
    evictor.wait()
    #expect(store.workspaces().filter { $0.builds.count == 1 }.map(\.root) == told)
  }

  @Test("What a running build has used stays, whoever evicts, and whatever the clock does")
  func running() throws {
    try fill()
    let other = try timed.reopened()
    var hold = other.hold()
    #expect(hold != nil)
    // The clock is set back; a hit of the running build counts from its beginning all the same.
    timed.clock.advance(hours: -100)
    #expect(other.actions([TimedStore.key(2), TimedStore.key(3)]).allSatisfy { $0 != nil })
    let fresh = TimedStore.content(20)
    try other.keep([fresh], for: [ActionRecord(key: TimedStore.key(20), artifact: fresh.artifact)])
    let report = try store.evict(EvictionRequest(limit: 0))
    #expect(report.artifacts == 8 && report.inUse == 3)
    #expect(timed.present(0..<30) == [2, 3, 20])
    hold = nil
    #expect(try store.evict(EvictionRequest(limit: 0)).artifacts == 3)
  }

  @Test("The lock of a build that is gone holds nothing")
  func abandonedHold() throws {
    try fill()
    try FileSystem.makeFolders(store.root + "/running")
    try OpenFile.creating(store.root + "/running/0.lock").write([Bytes("0".utf8)])
    #expect(try store.evict(EvictionRequest(limit: 0)).artifacts == 10)
    #expect(try FileSystem.names(in: store.root + "/running") == [])
    try OpenFile.creating(store.root + "/running/0.lock").write([Bytes("0".utf8)])
    let hold = store.hold()
    #expect(try FileSystem.names(in: store.root + "/running").count == 1 && hold != nil, "the next build removes it")
  }

  @Test("A hit on what has been evicted since it was read is a miss")
  func evictedHit() throws {
    try fill()
    timed.clock.advance(hours: 1)
    try timed.execute("DELETE FROM objects")
    try timed.execute("DELETE FROM artifacts WHERE rowid = 1")
    let found = store.actions((0..<10).map { TimedStore.key($0) }).map { $0 != nil }
    #expect(found == [false, false, true, false, true, false, true, false, true, false])
  }

  @Test("A build evicts by itself where the store is over its limit, and not again at once")
  func automatic() throws {
    try fill()
    store.evict(whenOver: 1 << 40)
    #expect(store.allArtifacts().count == 10)
    store.evict(whenOver: 0)
    #expect(store.allArtifacts().count == 10, "it was looked at a moment ago")
    try timed.execute("UPDATE facts SET value = value - 301")
    store.evict(whenOver: 0)
    #expect(store.allArtifacts().isEmpty)
  }

  @Test("An index that started anew learns of the objects that are there")
  func adopted() throws {
    try fill()
    try timed.execute("DELETE FROM objects")
    try timed.execute("DELETE FROM actions")
    let report = try store.evict(EvictionRequest(limit: nil))
    #expect(report.bytesAfter > 500_000)
    #expect(store.statistics().objects.count == 5)
    #expect(try store.evict(EvictionRequest(limit: 0)).artifacts == 10)
  }

  @Test("Statistics count everything once")
  func statistics() throws {
    try fill()
    timed.clock.advance(hours: 24 * 8)
    try timed.keep(10)
    try store.keepFileRecord(
      FileRecord(identities: [], isTrusted: true, facts: Bytes([1])), for: "/m", purpose: .model)
    let root = try timed.keep(11).digest
    try store.keepRoots([BuildRoots(file: "/w/a", build: "a", artifacts: [root])], of: ["/w/a"], in: "/w")
    let statistics = store.statistics()
    #expect(statistics.inline == .init(count: 7, bytes: 7000) && statistics.objects == .init(count: 5, bytes: 500_000))
    #expect(statistics.actions == 12 && statistics.notes == 0 && statistics.fileRecords == 1)
    #expect(statistics.ages.map(\.amount.count) == [2, 0, 10, 0] && statistics.roots == .init(count: 1, bytes: 1000))
    #expect(statistics.workspaces.map(\.root) == ["/w"] && statistics.bytes == store.byteCount)
  }
}
