import CondenseFiles
import CondenseTensors
import Foundation
import GRDB

/// The store in a folder of this machine: larger artifacts as files, small ones and everything else in SQLite.
///
/// Any number of processes may share it. Each version of the layout has its own subfolder, so that a newer or older
/// `condense` starts beside it and leaves it alone.
public final class LocalStore: ArtifactStore {
  /// Artifacts up to this size live together in the index: thousands of tiny tensors must not cost thousands of files.
  static let largestInline = 64 << 10

  /// The folder with the layout's version in it.
  public let root: String
  /// Folders of other versions beside it, where this store is new: nothing was carried over from them.
  public let otherVersions: [String]
  private let index: StoreIndex
  private let objects: ObjectFolder

  /// Opens the store in `folder`, or makes one.
  public init(folder: String) throws(StoreError) {
    let layout = LayoutFolder(in: folder, version: StoreIndex.layout)
    root = layout.path
    otherVersions = layout.othersIfNew
    do {
      objects = try ObjectFolder(root: root)
    } catch {
      throw StoreError(error)
    }
    index = try StoreIndex(folder: root)
  }

  /// `$CONDENSE_CACHE_DIR`, else `$XDG_CACHE_HOME/condense`, else `~/.cache/condense`.
  public static func defaultFolder(environment: [String: String]) -> String {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let folder = value("CONDENSE_CACHE_DIR") { return folder }
    if let caches = value("XDG_CACHE_HOME") { return caches + "/condense" }
    return (value("HOME") ?? NSHomeDirectory()) + "/.cache/condense"
  }

  private static let actionQuery = "SELECT artifact FROM actions WHERE key = ?"

  public func actions(_ keys: [Digest]) -> [Artifact?] {
    values(LocalStore.actionQuery, keys).map { $0.flatMap { Artifact(encoded: $0) } }
  }

  /// The sealed values that `sql` finds under keys, in their order.
  private func values(_ sql: String, _ keys: [Digest]) -> [[UInt8]?] {
    let found = index.read { database in
      let statement = try database.cachedStatement(sql: sql)
      return try keys.map { key in
        SealedValue.open(
          try DatabaseValue.fetchOne(statement, arguments: [Data(key.bytes)]), under: key.bytes)
      }
    }
    return found ?? Array(repeating: nil, count: keys.count)
  }

  public func load(_ artifact: Artifact) -> Bytes? {
    guard artifact.byteCount <= LocalStore.largestInline else { return objects.load(artifact) }
    let found = index.read { database in
      try DatabaseValue.fetchOne(
        database.cachedStatement(sql: "SELECT bytes FROM artifacts WHERE digest = ?"),
        arguments: [Data(artifact.digest.bytes)])
    }
    guard let column = found ?? nil else {
      index.checkIntegrityOnce()
      return nil
    }
    if let bytes = Data.fromDatabaseValue(column).map({ Bytes($0) }), bytes.count == artifact.byteCount,
      Digest(of: bytes) == artifact.digest
    {
      return bytes
    }
    drop(artifact.digest)
    return nil
  }

  /// Removes a damaged artifact, so that it can be kept again.
  private func drop(_ digest: Digest) {
    try? index.write { database in try LocalStore.delete(digest, in: database) }
    index.checkIntegrityOnce()
  }

  public func keep(_ contents: [ArtifactContent], for actions: [ActionRecord]) throws(StoreError) {
    let small = contents.filter { $0.artifact.byteCount <= LocalStore.largestInline }
    do {
      for content in contents where content.artifact.byteCount > LocalStore.largestInline {
        try objects.keep(content)
      }
    } catch {
      throw StoreError(error)
    }
    try index.write { database in
      for content in small { try LocalStore.keep(content, in: database) }
      for action in actions { try LocalStore.keep(action, in: database) }
    }
  }

  // In a tree that a flipped key has put out of order, what is put in is not always found again: so it is looked for,
  // and an index that has lost it by then starts anew.

  private static func keep(_ content: ArtifactContent, in database: Database) throws {
    var data = Data(capacity: content.artifact.byteCount)
    for part in content.parts { part.withUnsafeBytes { data.append(contentsOf: $0) } }
    let arguments: StatementArguments = [Data(content.artifact.digest.bytes), data]
    let insertion = try database.cachedStatement(sql: "INSERT OR IGNORE INTO artifacts (digest, bytes) VALUES (?, ?)")
    let comparison = try database.cachedStatement(sql: "SELECT bytes = ?2 FROM artifacts WHERE digest = ?1")
    try insertion.execute(arguments: arguments)
    if try Bool.fetchOne(comparison, arguments: arguments) == true { return }
    try delete(content.artifact.digest, in: database)
    try insertion.execute(arguments: arguments)
    guard try Bool.fetchOne(comparison, arguments: arguments) == true else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT)
    }
  }

  private static func keep(_ action: ActionRecord, in database: Database) throws {
    let key = Data(action.key.bytes)
    try database.cachedStatement(sql: "INSERT OR REPLACE INTO actions (key, artifact) VALUES (?, ?)")
      .execute(arguments: [key, SealedValue.seal(action.artifact.encoded, under: action.key.bytes)])
    let found = try DatabaseValue.fetchOne(database.cachedStatement(sql: actionQuery), arguments: [key])
    guard found != nil else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
  }

  private static func delete(_ digest: Digest, in database: Database) throws {
    try database.execute(sql: "DELETE FROM artifacts WHERE digest = ?", arguments: [Data(digest.bytes)])
  }

  public func notes(_ keys: [Digest]) -> [Bytes?] {
    values("SELECT value FROM notes WHERE key = ?", keys).map { $0.map { Bytes($0) } }
  }

  public func keepNotes(_ notes: [(key: Digest, value: Bytes)]) throws(StoreError) {
    try index.write { database in
      let statement = try database.cachedStatement(sql: "INSERT OR REPLACE INTO notes (key, value) VALUES (?, ?)")
      for note in notes {
        try statement.execute(arguments: [
          Data(note.key.bytes), SealedValue.seal(note.value.array, under: note.key.bytes),
        ])
      }
    }
  }

  public func fileRecord(_ path: String, purpose: FilePurpose) -> FileRecord? {
    let found = index.read { database in
      try DatabaseValue.fetchOne(
        database.cachedStatement(sql: "SELECT record FROM files WHERE path = ? AND purpose = ?"),
        arguments: [path, purpose.rawValue])
    }
    return SealedValue.open(found ?? nil, under: LocalStore.fileKey(path, purpose))
      .flatMap { FileRecord(encoded: $0) }
  }

  public func keepFileRecord(
    _ record: FileRecord, for path: String, purpose: FilePurpose
  ) throws(StoreError) {
    try index.write { database in
      try database.cachedStatement(
        sql: "INSERT OR REPLACE INTO files (path, purpose, record) VALUES (?, ?, ?)"
      ).execute(arguments: [
        path, purpose.rawValue, SealedValue.seal(record.encoded, under: LocalStore.fileKey(path, purpose)),
      ])
    }
  }

  private static func fileKey(_ path: String, _ purpose: FilePurpose) -> [UInt8] {
    [UInt8(truncatingIfNeeded: purpose.rawValue)] + Array(path.utf8)
  }
}

// What is in the store, for looking at it as a whole.
extension LocalStore {
  /// All actions, ordered by key.
  public func allActions() -> [ActionRecord] {
    let rows = index.read { try Row.fetchAll($0, sql: "SELECT key, artifact FROM actions ORDER BY key") }
    return (rows ?? []).compactMap { row in
      let column: DatabaseValue = row["key"]
      guard let key = Data.fromDatabaseValue(column).flatMap({ Digest(bytes: $0) }) else { return nil }
      return SealedValue.open(row["artifact"], under: key.bytes).flatMap { Artifact(encoded: $0) }
        .map { ActionRecord(key: key, artifact: $0) }
    }
  }

  /// The digests of all artifacts, sorted.
  public func allArtifacts() -> [Digest] {
    let small = index.read { try DatabaseValue.fetchAll($0, sql: "SELECT digest FROM artifacts") } ?? []
    let digests = small.compactMap { Data.fromDatabaseValue($0).flatMap { Digest(bytes: $0) } } + objects.digests()
    return digests.sorted { $0.hex < $1.hex }
  }
}
