import CondenseWatching
import TestSupport
import Testing

/// A state machine with a clock that is set by hand, and a disk that is a dictionary.
struct ManualSettling {
  var machine: SettlingStateMachine
  let start = ContinuousClock.now
  /// Milliseconds since the start.
  private(set) var now = 0
  var stamps: [String: FileStamp] = [:]
  /// What came out, when, and after how many changes.
  private(set) var batches: [(time: Int, after: Int, changes: SettledChanges)] = []
  private var changeCount = 0

  init(times: SettlingTimes = SettlingTimes()) { machine = SettlingStateMachine(times: times) }

  var instant: ContinuousClock.Instant { start + .milliseconds(now) }

  /// Lets time pass until `time`, waking when the machine asked to.
  mutating func run(to time: Int) {
    while true {
      switch machine.advance(to: instant, look: { stamps[$0] }) {
      case .settled(let changes): batches.append((now, changeCount, changes))
      case .wait(let until) where until <= start + .milliseconds(time):
        let wait = start.duration(to: until)
        let milliseconds = Int((wait / .milliseconds(1)).rounded(.up))
        precondition(milliseconds > now, "asked to be woken at once again")
        now = milliseconds
      case .wait, .idle:
        now = max(now, time)
        return
      }
    }
  }

  mutating func change(_ path: String, _ kind: FileChange.Kind, at time: Int) {
    run(to: time)
    if kind == .modified {
      stamps[path] = FileStamp(byteCount: (stamps[path]?.byteCount ?? 0) + 1, modificationTime: Int64(time))
    }
    machine.insert([FileChange(path: path, kind: kind)], at: instant)
    changeCount += 1
  }
}

@Suite("When changes have come to rest")
struct SettlingStateMachineTests {
  struct Example: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// Path, kind, millisecond.
    var changes: [(String, FileChange.Kind, Int)]
    /// Millisecond, paths.
    var batches: [(Int, Set<String>)]

    init(_ what: String, _ changes: [(String, FileChange.Kind, Int)], _ batches: [(Int, Set<String>)]) {
      testDescription = what
      self.changes = changes
      self.batches = batches
    }
  }

  static let examples: [Example] = [
    Example("An edit is out after 20 ms", [("a", .modified, 0), ("a", .settled, 1)], [(21, ["a"])]),
    Example(
      "A temporary file and its rename are one batch", [("t", .modified, 0), ("t", .settled, 2), ("a", .settled, 4)],
      [(24, ["t", "a"])]),
    Example(
      "A checkout of 400 files is one batch, the quiet a tenth of its length",
      (0..<400).map { ("\($0)", .settled, $0) }, [(399 + 40, Set((0..<400).map { "\($0)" }))]),
    Example(
      "Two edits apart are two batches", [("a", .settled, 0), ("b", .settled, 100)], [(20, ["a"]), (120, ["b"])]),
    Example(
      "A file written to again and again holds back only itself",
      [("a", .settled, 1)] + (0..<100).map { ("log", .modified, $0 * 10) } + [("log", .settled, 1000)],
      [(21, ["a"]), (1020, ["log"])]),
    Example(
      "A file closed again and again holds back only itself",
      [("a", .settled, 0)] + (0..<100).map { ("log", .settled, $0 * 10) }, [(20, ["a"]), (990 + 99, ["log"])]),
    Example(
      "A copy written over seconds is one batch when it is closed",
      (0..<300).map { ("model", .modified, $0 * 10) } + [("model", .settled, 3000)], [(3020, ["model"])]),
    Example(
      "Halves with a pause between them are one batch",
      [("m", .modified, 0), ("m", .modified, 10), ("m", .modified, 450), ("m", .settled, 460)], [(480, ["m"])]),
    Example(
      "A file that is never closed is out when it has not moved for 500 ms", [("m", .modified, 0)], [(520, ["m"])]),
    Example(
      "Or for three times the longest gap between its writes",
      [("m", .modified, 0), ("m", .modified, 400), ("m", .modified, 410)], [(410 + 1200 + 20, ["m"])]),
    Example(
      "But for no more than 3 s", [("m", .modified, 0)] + (1...4).map { ("m", .modified, $0 * 450) },
      [(1800 + 1350 + 20, ["m"])]),
    Example(
      "What had come to rest and moves again waits for that",
      [("m", .settled, 0), ("m", .modified, 10), ("m", .settled, 50)],
      [(70, ["m"])]),
    Example("What is written and then deleted is out", [("m", .modified, 0), ("m", .settled, 30)], [(50, ["m"])]),
  ]

  @Test("Changes in, batches out", arguments: examples)
  func batches(_ example: Example) {
    var settling = ManualSettling()
    for (path, kind, time) in example.changes { settling.change(path, kind, at: time) }
    settling.run(to: 100_000)
    #expect(settling.batches.map(\.time) == example.batches.map(\.0))
    #expect(settling.batches.map(\.changes.paths) == example.batches.map(\.1))
    #expect(settling.machine.waitingCount == 0)
  }

  @Test("Ever new files do not hold back the rest for ever")
  func endlessNews() throws {
    var settling = ManualSettling()
    settling.change("a", .settled, at: 0)
    for time in 1...1000 { settling.change("temporary-\(time)", .settled, at: time * 10) }
    let first = try #require(settling.batches.first)
    #expect(first.time <= 3100 && first.changes.paths.contains("a"))
  }

  @Test("A file whose size or time still moves is looked at again, one that is gone comes out")
  func looks() {
    var settling = ManualSettling()
    settling.change("mapped", .modified, at: 0)
    settling.change("gone", .modified, at: 0)
    settling.run(to: 100)
    settling.stamps["gone"] = nil
    for time in 1...10 {
      settling.run(to: time * 400)
      settling.stamps["mapped"] = FileStamp(byteCount: 1, modificationTime: Int64(time))
    }
    #expect(settling.batches.map(\.changes.paths) == [["gone"]])
    settling.run(to: 10_000)
    #expect(settling.batches.map(\.changes.paths) == [["gone"], ["mapped"]])
  }

  @Test("Folders and rescans come out with the files of their burst")
  func foldersAndRescans() {
    var settling = ManualSettling()
    settling.change("f", .folder, at: 0)
    settling.change("a", .settled, at: 5)
    settling.machine.insertRescan(at: settling.instant)
    settling.run(to: 1000)
    #expect(settling.batches.map(\.changes) == [SettledChanges(paths: ["a"], folders: ["f"], needsRescan: true)])
    #expect(settling.batches.map(\.time) == [25])
  }

  @Test("Every change comes out in the first batch with its path after it, not before its quiet", arguments: 0..<200)
  func property(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var settling = ManualSettling()
    var changes: [(path: String, kind: FileChange.Kind, time: Int)] = []
    var time = 0
    for _ in 0..<Int.random(in: 1...120, using: &generator) {
      time += [0, 1, 5, 15, 30, 200, 700].randomElement(using: &generator) ?? 0
      let path = "\(Int.random(in: 0..<6, using: &generator))"
      let kinds: [FileChange.Kind] = [.modified, .settled, .settled, .folder]
      let kind = kinds.randomElement(using: &generator) ?? .settled
      if Int.random(in: 0..<20, using: &generator) == 0 { settling.stamps[path] = nil }
      settling.change(path, kind, at: time)
      changes.append((path, kind, time))
    }
    settling.run(to: time + 10_000)
    #expect(settling.machine.waitingCount == 0)
    #expect(settling.machine.advance(to: settling.instant, look: { settling.stamps[$0] }) == .idle)
    // Of files and folders alike: what came out when, and after how many of the changes.
    for isFolder in [false, true] {
      for path in Set(changes.map(\.path)) {
        let own = changes.enumerated().filter { $0.element.path == path && ($0.element.kind == .folder) == isFolder }
        var told = 0
        for batch in settling.batches where (isFolder ? batch.changes.folders : batch.changes.paths).contains(path) {
          let new = own.filter { (told..<batch.after).contains($0.offset) }
          #expect(!new.isEmpty, "seed \(seed): '\(path)' twice, at \(batch.time)")
          #expect(
            new.allSatisfy { $0.element.time + 20 <= batch.time }, "seed \(seed): '\(path)' early, at \(batch.time)")
          told = batch.after
        }
        #expect(!own.contains { $0.offset >= told }, "seed \(seed): '\(path)' lost")
      }
    }
  }
}
