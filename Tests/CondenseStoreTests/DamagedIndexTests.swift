import CondenseFiles
import CondenseStore
import CondenseTensors
import Foundation
import Testing

/// The index may be damaged anywhere and at any time: what is read is right or missing, and keeping goes on.
@Suite("A damaged store index")
struct DamagedIndexTests {
  private static func content(_ number: Int) -> ArtifactContent {
    ArtifactContent([
      Bytes((0..<200).map { UInt8(truncatingIfNeeded: $0 &* (number | 1)) }), Bytes([UInt8(number & 0xFF)]),
    ])
  }

  private static func key(_ number: Int) -> Digest { Digest(of: Bytes("key \(number)".utf8)) }

  private static let path = "/models/model.safetensors"
  private static let record = FileRecord(
    identities: [FileIdentity(device: 1, inode: 2, byteCount: 3, modificationTime: 4, changeTime: 5)], isTrusted: true,
    facts: Bytes([UInt8](repeating: 7, count: 40)))

  private static func fill(_ store: LocalStore) throws {
    for number in 0..<60 {
      let content = content(number)
      try store.keep(
        [content], for: [ActionRecord(key: key(number), artifact: content.artifact)],
        notes: [Note(key: key(1000 + number), value: Bytes([UInt8(number), 1, 2, 3]))])
    }
    try store.keepFileRecord(record, for: path, purpose: .model)
  }

  /// How much of what was kept is there; whatever is there must be right.
  private static func check(_ store: LocalStore, _ comment: String) -> Int {
    var found = 0
    for number in 0..<60 {
      if let artifact = store.actions([key(number)])[0] {
        #expect(artifact == content(number).artifact, "\(comment)")
        if let bytes = store.load(artifact) {
          #expect(bytes.array == content(number).parts.flatMap(\.array), "\(comment)")
          found += 1
        }
      }
      if let note = store.notes([key(1000 + number)])[0] {
        #expect(note == Bytes([UInt8(number), 1, 2, 3]), "\(comment)")
      }
    }
    if let found = store.fileRecord(path, purpose: .model) { #expect(found == record, "\(comment)") }
    return found
  }

  /// A store that has been closed, as one file without a write-ahead log.
  private static func closedIndex() throws -> Data {
    let folder = FileManager.default.temporaryDirectory.path + "/condense-index-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var root = ""
    do {
      let store = try LocalStore(folder: folder)
      try fill(store)
      root = store.root
    }
    let index = root + "/index.sqlite"
    #expect((try? FileIdentity(of: index + "-wal").byteCount) ?? 0 == 0)
    return try Data(contentsOf: URL(fileURLWithPath: index))
  }

  private static func withIndex(_ data: Data, _ body: (LocalStore, _ root: String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/condense-index-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let root = try LocalStore(folder: folder).root
    for name in try FileSystem.names(in: root) where name.hasPrefix("index.sqlite-") {
      try FileSystem.remove(root + "/" + name)
    }
    try data.write(to: URL(fileURLWithPath: root + "/index.sqlite"))
    try body(LocalStore(folder: folder), root)
  }

  @Test(
    "Flipped bytes give misses, never wrong answers, and what is kept afterwards comes back", arguments: UInt64(1)...4)
  func flips(seed: UInt64) throws {
    let intact = try Self.closedIndex()
    var state = seed &* 0x9E37_79B9_7F4A_7C15
    func random(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
    for round in 0..<15 {
      var damaged = intact
      // From single bits to whole stretches, the first page with the schema as often as all others.
      let start = random(2) == 0 ? random(4096) : random(damaged.count)
      for offset in start..<min(damaged.count, start + [1, 1, 8, 300][random(4)]) {
        damaged[offset] ^= UInt8(1 << random(8))
      }
      let comment = "seed \(seed), round \(round), from byte \(start)"
      try Self.withIndex(damaged) { store, _ in
        _ = Self.check(store, comment)
        try Self.fill(store)
        // A build makes what it misses again, so a second round must be enough.
        if Self.check(store, comment) < 60 { try Self.fill(store) }
        #expect(Self.check(store, comment) == 60, "\(comment)")
      }
    }
  }

  @Test("An index cut short is started anew when that shows", arguments: [1, 100, 4096, 5000, 20_000])
  func truncated(length: Int) throws {
    let intact = try Self.closedIndex()
    try Self.withIndex(intact.prefix(length)) { store, _ in
      _ = Self.check(store, "\(length)")
      try Self.fill(store)
      #expect(Self.check(store, "\(length)") == 60)
    }
  }

  @Test("An index that is damaged under an open store is started anew, by one of all who see it")
  func whileOpen() throws {
    let intact = try Self.closedIndex()
    try Self.withIndex(intact) { store, root in
      let other = try LocalStore(folder: (root as NSString).deletingLastPathComponent)
      #expect(Self.check(store, "before") == 60)
      let path = root + "/index.sqlite"
      let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
      try file.write(contentsOf: Data(repeating: 0xA5, count: intact.count))
      try file.close()
      for number in 100..<110 {
        for store in [store, other] {
          let content = Self.content(number)
          try store.keep([content], for: [ActionRecord(key: Self.key(number), artifact: content.artifact)])
        }
      }
      for store in [store, other, try LocalStore(folder: (root as NSString).deletingLastPathComponent)] {
        #expect(store.actions([Self.key(105)]) == [Self.content(105).artifact])
      }
      #expect(try FileSystem.names(in: root).filter { $0.hasSuffix(".sqlite") } == ["index-1.sqlite", "index.sqlite"])
    }
  }

  @Test("A store that closes a damaged index takes nothing from the new one")
  func closing() throws {
    let intact = try Self.closedIndex()
    try Self.withIndex(intact) { store, root in
      let folder = (root as NSString).deletingLastPathComponent
      do {
        let bystander = try LocalStore(folder: folder)
        #expect(Self.check(bystander, "before") == 60)
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: root + "/index.sqlite"))
        try file.write(contentsOf: Data(repeating: 0xA5, count: intact.count))
        try file.close()
        try Self.fill(store)
      }
      // The bystander is gone, and SQLite has removed the log that it had open.
      #expect(Self.check(store, "after") == 60)
      #expect(Self.check(try LocalStore(folder: folder), "opened again") == 60)
    }
  }
}
