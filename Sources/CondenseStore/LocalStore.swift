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

  /// The folder with the version in it.
  public let root: String
  private let index: StoreIndex
  private let objects: ObjectFolder

  /// Opens the store in `folder`, or makes one.
  public init(folder: String) throws(StoreError) {
    root = folder + "/v1"
    do {
      try FileSystem.makeFolders(root)
      objects = try ObjectFolder(root: root)
    } catch {
      throw StoreError(error)
    }
    index = try StoreIndex(path: root + "/index.sqlite")
  }

  /// `$CONDENSE_CACHE_DIR`, else `$XDG_CACHE_HOME/condense`, else `~/.cache/condense`.
  public static func defaultFolder(environment: [String: String]) -> String {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let folder = value("CONDENSE_CACHE_DIR") { return folder }
    if let caches = value("XDG_CACHE_HOME") { return caches + "/condense" }
    return (value("HOME") ?? NSHomeDirectory()) + "/.cache/condense"
  }

  public func actions(_ keys: [Digest]) -> [Artifact?] {
    let found = index.read { database in
      let statement = try database.cachedStatement(sql: "SELECT artifact FROM actions WHERE key = ?")
      return try keys.map { key in
        try Data.fetchOne(statement, arguments: [Data(key.bytes)]).flatMap { ActionValue.decode($0, key: key) }
      }
    }
    return found ?? Array(repeating: nil, count: keys.count)
  }

  public func load(_ artifact: Artifact) -> Bytes? {
    guard artifact.byteCount <= LocalStore.largestInline else { return objects.load(artifact) }
    let row = index.read { database in
      try Data.fetchOne(
        database.cachedStatement(sql: "SELECT bytes FROM artifacts WHERE digest = ?"),
        arguments: [Data(artifact.digest.bytes)])
    }
    guard let data = row ?? nil else { return nil }
    let bytes = Bytes(data)
    if bytes.count == artifact.byteCount, Digest(of: bytes) == artifact.digest { return bytes }
    try? index.write { database in
      try database.execute(
        sql: "DELETE FROM artifacts WHERE digest = ?", arguments: [Data(artifact.digest.bytes)])
    }
    return nil
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
      let insertion = try database.cachedStatement(
        sql: "INSERT OR IGNORE INTO artifacts (digest, bytes) VALUES (?, ?)")
      for content in small {
        var data = Data(capacity: content.artifact.byteCount)
        for part in content.parts { part.withUnsafeBytes { data.append(contentsOf: $0) } }
        try insertion.execute(arguments: [Data(content.artifact.digest.bytes), data])
      }
      let recording = try database.cachedStatement(
        sql: "INSERT OR REPLACE INTO actions (key, artifact) VALUES (?, ?)")
      for action in actions {
        try recording.execute(arguments: [Data(action.key.bytes), ActionValue.encode(action)])
      }
    }
  }

  public func notes(_ keys: [Digest]) -> [Bytes?] {
    let found = index.read { database in
      let statement = try database.cachedStatement(sql: "SELECT value FROM notes WHERE key = ?")
      return try keys.map { try Data.fetchOne(statement, arguments: [Data($0.bytes)]).map { Bytes($0) } }
    }
    return found ?? Array(repeating: nil, count: keys.count)
  }

  public func keepNotes(_ notes: [(key: Digest, value: Bytes)]) throws(StoreError) {
    try index.write { database in
      let statement = try database.cachedStatement(sql: "INSERT OR REPLACE INTO notes (key, value) VALUES (?, ?)")
      for note in notes {
        try statement.execute(arguments: [Data(note.key.bytes), Data(note.value.array)])
      }
    }
  }

  public func fileRecord(_ path: String, purpose: FilePurpose) -> FileRecord? {
    let found = index.read { database in
      try Row.fetchOne(
        database.cachedStatement(
          sql: "SELECT identities, trusted, facts FROM files WHERE path = ? AND purpose = ?"),
        arguments: [path, purpose.rawValue])
    }
    guard let row = found ?? nil, let identities = IdentityValue.decode(row["identities"]) else { return nil }
    let facts: Data = row["facts"]
    return FileRecord(identities: identities, isTrusted: row["trusted"] == 1, facts: Bytes(facts))
  }

  public func keepFileRecord(
    _ record: FileRecord, for path: String, purpose: FilePurpose
  ) throws(StoreError) {
    try index.write { database in
      try database.cachedStatement(
        sql: "INSERT OR REPLACE INTO files (path, purpose, identities, trusted, facts) VALUES (?, ?, ?, ?, ?)"
      ).execute(arguments: [
        path, purpose.rawValue, IdentityValue.encode(record.identities), record.isTrusted ? 1 : 0,
        Data(record.facts.array),
      ])
    }
  }
}

// What is in the store, for looking at it as a whole.
extension LocalStore {
  /// All actions, ordered by key.
  public func allActions() -> [ActionRecord] {
    let rows = index.read { try Row.fetchAll($0, sql: "SELECT key, artifact FROM actions ORDER BY key") }
    return (rows ?? []).compactMap { row in
      let (key, value): (Data, Data) = (row["key"], row["artifact"])
      return Digest(bytes: key).flatMap { key in
        ActionValue.decode(value, key: key).map { ActionRecord(key: key, artifact: $0) }
      }
    }
  }

  /// The digests of all artifacts, sorted.
  public func allArtifacts() -> [Digest] {
    let small = index.read { try Data.fetchAll($0, sql: "SELECT digest FROM artifacts") } ?? []
    let digests = small.compactMap { Digest(bytes: $0) } + objects.digests()
    return digests.sorted { $0.hex < $1.hex }
  }
}
