import CondenseFiles
import CondenseStore
import CondenseTensors
import Foundation
import GRDB
import Testing

/// A store with some of everything, damaged in one way at a time.
@Suite("Verifying the store")
struct VerificationTests {
  private let timed: TimedStore
  private var root: String { timed.store.root }

  /// Artifacts 0 to 39 in the index, 40 to 43 as objects, each made by the action of its number.
  init() throws {
    timed = try TimedStore()
    for number in 0..<44 { try timed.keep(number, count: number < 40 ? 300 : 70_000) }
    try timed.store.keep(
      [], for: [], notes: (0..<4).map { Note(key: TimedStore.key(100 + $0), value: Bytes([UInt8($0), 7])) })
    try timed.store.keepFileRecord(
      FileRecord(identities: [], isTrusted: true, facts: Bytes([1, 2, 3])), for: "/m", purpose: .model)
    try timed.store.keepRoots(
      [BuildRoots(file: "/w/a", build: "a", artifacts: [TimedStore.content(1).artifact.digest])], of: ["/w/a"],
      in: "/w")
  }

  /// A way to damage the store, and what is to be found of it.
  struct Corruption: Sendable, CustomTestStringConvertible {
    var name: String
    var kind: StoreProblem.Kind
    /// A part of the place that must be named.
    var place: String
    var damage: @Sendable (TimedStore) throws -> Void

    var testDescription: String { name }

    init(
      _ name: String, _ kind: StoreProblem.Kind, at place: String,
      _ damage: @escaping @Sendable (TimedStore) throws -> Void
    ) {
      self.name = name
      self.kind = kind
      self.place = place
      self.damage = damage
    }
  }

  private static func object(_ timed: TimedStore, _ number: Int) -> String {
    let hex = digest(number).hex
    return "\(timed.store.root)/objects/\(hex.prefix(2))/\(hex.dropFirst(2))"
  }

  private static func digest(_ number: Int) -> Digest {
    TimedStore.content(number, count: number < 40 ? 300 : 70_000).artifact.digest
  }

  private static func edit(_ path: String, _ change: (inout Data) -> Void) throws {
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    change(&data)
    try data.write(to: URL(fileURLWithPath: path))
  }

  private static func flipped(_ timed: TimedStore, _ sql: String, key: Data) throws {
    let queue = try DatabaseQueue(path: timed.store.root + "/index.sqlite")
    try queue.write { database in
      guard var value = try Data.fetchOne(database, sql: "SELECT \(sql)", arguments: [key]) else { return }
      value[value.count / 2] ^= 8
      let parts = sql.components(separatedBy: " ")
      try database.execute(
        sql: "UPDATE \(parts[2]) SET \(parts[0]) = ? WHERE \(parts[4]) = ?", arguments: [value, key])
      #expect(database.changesCount == 1)
    }
  }

  static let corruptions: [Corruption] = [
    Corruption("an object with a flipped bit", .damagedArtifact, at: digest(40).hex.suffix(62).description) { timed in
      try edit(object(timed, 40)) { $0[35_000] ^= 1 }
    },
    Corruption("an object cut short", .damagedArtifact, at: digest(41).hex.suffix(62).description) { timed in
      try edit(object(timed, 41)) { $0.removeLast() }
    },
    Corruption("an object that grew", .damagedArtifact, at: digest(41).hex.suffix(62).description) { timed in
      try edit(object(timed, 41)) { $0.append(0) }
    },
    Corruption("an empty object", .damagedArtifact, at: digest(42).hex.suffix(62).description) { timed in
      try edit(object(timed, 42)) { $0 = Data() }
    },
    Corruption("an object that is gone", .missingObject, at: digest(43).hex.suffix(62).description) { timed in
      try FileSystem.remove(object(timed, 43))
    },
    Corruption("an object's size recorded wrong", .damagedRecord, at: "objects \(digest(42).hex)") { timed in
      try timed.execute("UPDATE objects SET size = 3 WHERE digest = ?", [Data(digest(42).bytes)])
    },
    Corruption("an object under another's name", .damagedArtifact, at: digest(40).hex.suffix(62).description) { timed in
      try FileSystem.remove(object(timed, 40))
      try FileManager.default.copyItem(atPath: object(timed, 41), toPath: object(timed, 40))
    },
    Corruption("an artifact in the index with a flipped bit", .damagedArtifact, at: "artifacts \(digest(7).hex)") {
      try flipped($0, "bytes FROM artifacts WHERE digest = ?", key: Data(digest(7).bytes))
    },
    Corruption("an artifact in the index that is empty", .damagedArtifact, at: "artifacts \(digest(8).hex)") { timed in
      try timed.execute("UPDATE artifacts SET bytes = zeroblob(0) WHERE digest = ?", [Data(digest(8).bytes)])
    },
    Corruption("an artifact in the index that is a number", .damagedArtifact, at: "artifacts \(digest(9).hex)") {
      timed in
      try timed.execute("UPDATE artifacts SET bytes = 7 WHERE digest = ?", [Data(digest(9).bytes)])
    },
    Corruption("an artifact in the index that is gone", .lostResult, at: "actions \(TimedStore.key(10).hex)") { timed in
      try timed.execute("DELETE FROM artifacts WHERE digest = ?", [Data(digest(10).bytes)])
    },
    Corruption("an object that is gone with its record", .lostResult, at: "actions \(TimedStore.key(40).hex)") {
      timed in
      try timed.execute("DELETE FROM objects WHERE digest = ?", [Data(digest(40).bytes)])
      try FileSystem.remove(object(timed, 40))
    },
    Corruption("an action with a flipped bit", .damagedRecord, at: "actions \(TimedStore.key(11).hex)") {
      try flipped($0, "artifact FROM actions WHERE key = ?", key: Data(TimedStore.key(11).bytes))
    },
    Corruption("an action that is empty", .damagedRecord, at: "actions \(TimedStore.key(12).hex)") { timed in
      try timed.execute("UPDATE actions SET artifact = zeroblob(0) WHERE key = ?", [Data(TimedStore.key(12).bytes)])
    },
    Corruption("an action under another's key", .damagedRecord, at: "actions \(TimedStore.key(13).hex)") { timed in
      try timed.execute(
        "UPDATE actions SET artifact = (SELECT artifact FROM actions WHERE key = ?) WHERE key = ?",
        [Data(TimedStore.key(14).bytes), Data(TimedStore.key(13).bytes)])
    },
    Corruption("a note with a flipped bit", .damagedRecord, at: "notes \(TimedStore.key(102).hex)") {
      try flipped($0, "value FROM notes WHERE key = ?", key: Data(TimedStore.key(102).bytes))
    },
    Corruption("a file record of another type", .damagedRecord, at: "files /m") { timed in
      try timed.execute("UPDATE files SET record = 'text'")
    },
    Corruption("roots that are garbage", .damagedRecord, at: "roots /w a") { timed in
      try timed.execute("UPDATE roots SET artifacts = randomblob(40)")
    },
    Corruption("keys out of order in a tree of the index", .damagedIndex, at: "index.sqlite") { timed in
      try swapKeys(timed)
    },
    Corruption("a page of the index that is garbage", .damagedIndex, at: "index.sqlite") { timed in
      try timed.execute("PRAGMA wal_checkpoint(TRUNCATE)")
      try edit(timed.store.root + "/index.sqlite") { data in
        guard let page = data.range(of: Data(digest(20).bytes)).map({ $0.lowerBound / 4096 * 4096 }) else { return }
        data.replaceSubrange(page..<page + 4096, with: Data(repeating: 0xA5, count: 4096))
      }
    },
    Corruption("an index that was replaced", .damagedIndex, at: "/index.sqlite") { timed in
      try Data(repeating: 0xA5, count: 9000).write(to: URL(fileURLWithPath: timed.store.root + "/index-1.sqlite"))
      try timed.execute("PRAGMA wal_checkpoint(TRUNCATE)")
      try FileManager.default.copyItem(
        atPath: timed.store.root + "/index.sqlite", toPath: timed.store.root + "/index-2.sqlite")
    },
    Corruption("a file that is none of the store's", .strayFile, at: "/notes.txt") { timed in
      try OpenFile.creating(timed.store.root + "/notes.txt").write([Bytes([1])])
    },
    Corruption("a file among the objects", .strayFile, at: "/objects/ab/cd") { timed in
      try FileSystem.makeFolders(timed.store.root + "/objects/ab")
      try OpenFile.creating(timed.store.root + "/objects/ab/cd").write([Bytes([1])])
    },
    Corruption("a folder among the objects", .strayFile, at: "/objects/lost") { timed in
      try FileSystem.makeFolders(timed.store.root + "/objects/lost/and/found")
    },
    Corruption("what a killed process was writing", .abandoned, at: "/staging/7") { timed in
      try FileSystem.makeFolders(timed.store.root + "/staging/7")
      try OpenFile.creating(timed.store.root + "/staging/7/half").write([Bytes([1])])
      try OpenFile.creating(timed.store.root + "/staging/7.lock").write([Bytes()])
    },
  ]

  /// Exchanges two keys in the pages of the tree of actions, as no statement could.
  private static func swapKeys(_ timed: TimedStore) throws {
    try timed.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    try edit(timed.store.root + "/index.sqlite") { data in
      let keys = (0..<44).map { Data(TimedStore.key($0).bytes) }.sorted { $0.lexicographicallyPrecedes($1) }
      guard let first = data.range(of: keys[3]), let second = data.range(of: keys[30]) else { return }
      data.replaceSubrange(first, with: keys[30])
      data.replaceSubrange(second, with: keys[3])
    }
  }

  @Test("A sound store has no problems")
  func sound() throws {
    let report = try LocalStore(verifying: timed.folder).verify(drops: true)
    #expect(report.problems == [] && report.artifacts == 44 && report.bytes == 40 * 300 + 4 * 70_000)
    #expect(report.records == 44 + 4 + 1 + 1)
    #expect(timed.present(0..<44) == Array(0..<44))
  }

  @Test("Each corruption is found, at its place; what is dropped leaves a sound store", arguments: corruptions)
  func found(corruption: Corruption) throws {
    try corruption.damage(timed)
    let kept = try LocalStore(verifying: timed.folder).verify(drops: false)
    let isFound = { (problem: StoreProblem) in
      problem.kind == corruption.kind && problem.place.contains(corruption.place)
    }
    #expect(kept.problems.contains(where: isFound), "\(kept.problems)")
    #expect(kept.problems.allSatisfy { !$0.isDropped })
    let dropped = try LocalStore(verifying: timed.folder).verify(drops: true)
    #expect(dropped.problems.contains(where: isFound) && dropped.problems.allSatisfy(\.isDropped))
    let store = try LocalStore(verifying: timed.folder)
    // An index that had to start anew leaves the old one for whoever looks, once.
    _ = try store.verify(drops: true)
    #expect(try store.verify(drops: false).problems == [])
    for number in 0..<44 {
      guard let artifact = store.actions([TimedStore.key(number)])[0] else { continue }
      #expect(artifact.digest == Self.digest(number) && store.load(artifact) != nil)
    }
    let content = TimedStore.content(7, count: 300)
    try store.keep([content], for: [ActionRecord(key: TimedStore.key(7), artifact: content.artifact)])
    #expect(store.load(content.artifact) != nil)
  }

  @Test("What is being written by a live process is none of its business")
  func live() throws {
    let scratch = try ScratchFolder(in: root + "/staging")
    try OpenFile.creating(scratch.newFile()).write([Bytes([1])])
    let hold = timed.store.hold()
    #expect(try LocalStore(verifying: timed.folder).verify(drops: true).problems == [])
    #expect(FileSystem.exists(scratch.path) && hold != nil)
  }
}
