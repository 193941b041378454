import CondenseFiles
import CondenseStore
import CondenseTensors
import Foundation
import GRDB
import Testing

/// A store in a folder of its own.
final class TemporaryStore {
  let folder = FileManager.default.temporaryDirectory.path + "/condense-store-\(UUID().uuidString)"
  let store: LocalStore

  init() throws { store = try LocalStore(folder: folder) }
  deinit { try? FileManager.default.removeItem(atPath: folder) }
}

extension ArtifactStore {
  /// Keeps what nothing is noted of.
  func keep(_ contents: [ArtifactContent], for actions: [ActionRecord]) throws(StoreError) {
    try keep(contents, for: actions, notes: [])
  }
}

@Suite("The store")
struct LocalStoreTests {
  static let sizes = [0, 1, 65_536, 65_537, 200_000]

  private static func content(_ count: Int) -> ArtifactContent {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 131) }
    return ArtifactContent([Bytes(bytes.prefix(count / 3)), Bytes(bytes.dropFirst(count / 3))])
  }

  private static func key(_ text: String) -> Digest { Digest(of: Bytes(text.utf8)) }

  @Test("A value that damage has turned into one of another type is missing")
  func otherTypes() throws {
    let temporary = try TemporaryStore()
    let store = temporary.store
    let content = ArtifactContent([Bytes([1, 2, 3])])
    try store.keep(
      [content], for: [ActionRecord(key: Self.key("a"), artifact: content.artifact)],
      notes: [Note(key: Self.key("n"), value: Bytes([4]))])
    try store.keepFileRecord(
      FileRecord(identities: [], isTrusted: true, facts: Bytes([5])), for: "/m", purpose: .model)
    try DatabaseQueue(path: store.indexPath).write { database in
      for (table, column) in [("actions", "artifact"), ("notes", "value"), ("files", "record")] {
        try database.execute(sql: "UPDATE \(table) SET \(column) = 7")
      }
    }
    #expect(store.actions([Self.key("a")]) == [nil])
    #expect(store.notes([Self.key("n")]) == [nil])
    #expect(store.fileRecord("/m", purpose: .model) == nil)
    #expect(store.allActions().isEmpty)
  }

  @Test("Artifacts and actions come back, also from a store opened again", arguments: sizes)
  func roundTrip(count: Int) throws {
    let temporary = try TemporaryStore()
    let content = Self.content(count)
    let action = ActionRecord(key: Self.key("a"), artifact: content.artifact)
    try temporary.store.keep([content], for: [action])
    for store in [temporary.store, try LocalStore(folder: temporary.folder)] {
      #expect(store.actions([Self.key("b"), Self.key("a")]) == [nil, content.artifact])
      #expect(store.load(content.artifact)?.array == content.parts.flatMap(\.array))
    }
  }

  @Test("A store that is opened again is not written to")
  func openedAgain() throws {
    let temporary = try TemporaryStore()
    let content = Self.content(1)
    try temporary.store.keep([content], for: [])
    func files() throws -> [String: Data] {
      let names = try FileSystem.names(in: temporary.store.root)
        .filter { $0.hasSuffix("sqlite") || $0.hasSuffix("-wal") }
      #expect(names.count == 2)
      return try Dictionary(
        uniqueKeysWithValues: names.map {
          ($0, try Data(contentsOf: URL(fileURLWithPath: temporary.store.root + "/" + $0)))
        })
    }
    let before = try files()
    let again = try LocalStore(folder: temporary.folder)
    #expect(again.load(content.artifact) != nil)
    #expect(try files() == before)
  }

  @Test("What was never kept is missing")
  func missing() throws {
    let temporary = try TemporaryStore()
    #expect(Self.sizes.allSatisfy { temporary.store.load(Self.content($0).artifact) == nil })
    #expect(temporary.store.actions([Self.key("a")]) == [nil])
  }

  @Test(
    "A damaged object is missing, is dropped, and can be kept again",
    arguments: ["flipped", "truncated", "grown", "emptied"])
  func damagedObject(damage: String) throws {
    let temporary = try TemporaryStore()
    let content = Self.content(100_000)
    try temporary.store.keep([content], for: [])
    let hex = content.artifact.digest.hex
    let path = "\(temporary.store.root)/objects/\(hex.prefix(2))/\(hex.dropFirst(2))"
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    switch damage {
    case "flipped": data[77_777] ^= 4
    case "truncated": data.removeLast()
    case "grown": data.append(0)
    default: data = Data()
    }
    try data.write(to: URL(fileURLWithPath: path))
    #expect(temporary.store.load(content.artifact) == nil)
    #expect(!FileManager.default.fileExists(atPath: path))
    try temporary.store.keep([content], for: [])
    #expect(temporary.store.load(content.artifact) != nil)
  }

  @Test("An index that is no database is left, and another started beside it", arguments: ["garbage", "header kept"])
  func damagedIndex(damage: String) throws {
    let temporary = try TemporaryStore()
    let copy = temporary.folder + "-copy"
    defer { try? FileManager.default.removeItem(atPath: copy) }
    try FileManager.default.createDirectory(atPath: copy + "/v3", withIntermediateDirectories: true)
    var data = Data((damage == "garbage" ? "no database" : "SQLite format 3\0").utf8)
    data.append(Data(repeating: 0xA5, count: 8192))
    try data.write(to: URL(fileURLWithPath: copy + "/v3/index.sqlite"))
    let store = try LocalStore(folder: copy)
    let content = Self.content(10)
    try store.keep([content], for: [ActionRecord(key: Self.key("a"), artifact: content.artifact)])
    #expect(store.actions([Self.key("a")]) == [content.artifact])
    #expect(try Data(contentsOf: URL(fileURLWithPath: copy + "/v3/index.sqlite")) == data, "it stays for whoever looks")
    #expect(try FileSystem.names(in: copy + "/v3").contains("index-1.sqlite"))
  }

  @Test("Notes and file records come back; a record is one purpose's")
  func notesAndFiles() throws {
    let temporary = try TemporaryStore()
    try temporary.store.keep([], for: [], notes: [Note(key: Self.key("n"), value: Bytes([1, 2]))])
    #expect(temporary.store.notes([Self.key("m"), Self.key("n")]) == [nil, Bytes([1, 2])])
    let identity = FileIdentity(
      device: 1, inode: .max, byteCount: 3, modificationTime: -4, changeTime: 5_000_000_000_000)
    let record = FileRecord(identities: [identity, identity], isTrusted: true, facts: Bytes([9]))
    try temporary.store.keepFileRecord(record, for: "/ä/b", purpose: .model)
    #expect(temporary.store.fileRecord("/ä/b", purpose: .model) == record)
    #expect(temporary.store.fileRecord("/ä/b", purpose: .output) == nil)
  }

  @Test("A store of another version stays as it is")
  func otherVersion() throws {
    let temporary = try TemporaryStore()
    let other = temporary.folder + "/v999"
    try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
    try Data("future".utf8).write(to: URL(fileURLWithPath: other + "/index.sqlite"))
    #expect(try LocalStore(folder: temporary.folder).otherVersions == [])
    try FileManager.default.removeItem(atPath: temporary.store.root)
    #expect(try LocalStore(folder: temporary.folder).otherVersions == ["v999"])
    #expect(try Data(contentsOf: URL(fileURLWithPath: other + "/index.sqlite")) == Data("future".utf8))
  }

  @Test("Whoever may write to the folder by the umask may write to the index too")
  func permissions() throws {
    let temporary = try TemporaryStore()
    let probe = temporary.folder + "/probe"
    _ = try OpenFile.creating(probe)
    func mode(_ path: String) throws -> Int? {
      try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
    for name in ["index.sqlite", "index.sqlite-wal"] {
      #expect(try mode(temporary.store.root + "/" + name) == mode(probe))
    }
  }

  @Test("The folder comes from the environment, the most particular first")
  func folders() {
    let all = ["CONDENSE_CACHE_DIR": "/c", "XDG_CACHE_HOME": "/x", "HOME": "/h"]
    #expect(LocalStore.defaultFolder(environment: all) == "/c")
    #expect(LocalStore.defaultFolder(environment: ["XDG_CACHE_HOME": "/x", "HOME": "/h"]) == "/x/condense")
    #expect(LocalStore.defaultFolder(environment: ["CONDENSE_CACHE_DIR": "", "HOME": "/h"]) == "/h/.cache/condense")
  }
}
