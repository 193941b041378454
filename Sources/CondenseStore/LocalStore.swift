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
  let index: StoreIndex
  let objects: ObjectFolder
  let running: RunningBuilds
  private let claims: ClaimFile
  /// Hours since 1970: the last use of everything is known to the hour, so that most uses need no write.
  private let hour: @Sendable () -> Int
  /// The latest hour in which a build of this process began. Uses count from then at least, also if the clock is set back.
  private let earliestUse = Locked(0)

  /// Opens the store in `folder`, or makes one.
  public convenience init(folder: String) throws(StoreError) { try self.init(folder: folder, removesAbandoned: true) }

  /// - Parameters:
  ///   - hour: the hours since 1970.
  ///   - removesAbandoned: whether what killed processes left half written is removed.
  package init(
    folder: String, hour: @escaping @Sendable () -> Int = { Int(FileIdentity.now / 3_600_000_000_000) },
    removesAbandoned: Bool
  ) throws(StoreError) {
    self.hour = hour
    let layout = LayoutFolder(in: folder, version: StoreIndex.layout)
    root = layout.path
    otherVersions = layout.othersIfNew
    do {
      objects = try ObjectFolder(root: root, removesAbandoned: removesAbandoned)
    } catch {
      throw StoreError(error)
    }
    running = RunningBuilds(root: root)
    claims = ClaimFile(path: root + "/actions.lock")
    index = try StoreIndex(folder: root)
  }

  /// Leaves the index open when this store goes: for a process that is about to end. Closing it moves its log into the
  /// database and waits for the disk; whoever opens it next finds the log, as after a kill.
  public func leaveOpen() { index.leaveOpen() }

  /// The index's file as it is now.
  public var indexPath: String { index.path }

  /// `$CONDENSE_CACHE_DIR`, else `$XDG_CACHE_HOME/condense`, else `~/.cache/condense`.
  public static func defaultFolder(environment: [String: String]) -> String {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let folder = value("CONDENSE_CACHE_DIR") { return folder }
    if let caches = value("XDG_CACHE_HOME") { return caches + "/condense" }
    return (value("HOME") ?? NSHomeDirectory()) + "/.cache/condense"
  }

  /// The hour that a use counts for.
  var currentUse: Int { earliestUse.withLock { max($0, hour()) } }

  public func hold() -> StoreHold? {
    let start = hour()
    earliestUse.withLock { $0 = max($0, start) }
    return try? running.enter(hour: start)
  }

  public func claim(_ keys: [Digest]) -> ActionClaims { claims.claim(keys) }
  public func claim(waitingFor key: Digest) -> ActionClaims { claims.claim(waitingFor: key) }

  private static let actionQuery = "SELECT artifact, used FROM actions WHERE key = ?"

  public func actions(_ keys: [Digest]) -> [Artifact?] {
    let found = values("artifact", in: "actions", keys)
    var artifacts = found.map { $0.flatMap { Artifact(encoded: $0.value) } }
    let use = currentUse
    let stale = keys.indices.filter { artifacts[$0] != nil && (found[$0]?.used ?? use) < use }
    guard !stale.isEmpty else { return artifacts }
    // What has been evicted since it was read is a miss. A use that cannot be noted is no reason to fail.
    var evicted: [Int] = []
    let isNoted: Void? = try? index.write { database in
      evicted = []
      for place in stale {
        guard let artifact = artifacts[place] else { continue }
        let hasAction = try LocalStore.raise("actions", "key", keys[place], to: use, in: database)
        let hasArtifact = try LocalStore.raise(artifact.table, "digest", artifact.digest, to: use, in: database)
        if !hasAction || !hasArtifact { evicted.append(place) }
      }
    }
    if isNoted != nil { for place in evicted { artifacts[place] = nil } }
    return artifacts
  }

  /// Notes a use of what `key` names; returns whether it is there.
  static func raise(
    _ table: String, _ column: String, _ key: Digest, to use: Int, in database: Database
  ) throws -> Bool {
    try database.cachedStatement(sql: "UPDATE \(table) SET used = max(used, ?) WHERE \(column) = ?")
      .execute(arguments: [use, Data(key.bytes)])
    return database.changesCount > 0
  }

  /// The sealed values under keys, in their order, with the hour of their last use.
  func values(_ column: String, in table: String, _ keys: [Digest]) -> [(value: [UInt8], used: Int)?] {
    // To ask for nothing would take nearly as long as to ask.
    guard !keys.isEmpty else { return [] }
    let found = index.lookUp { database in
      var found: [Digest: (value: [UInt8], used: Int)] = [:]
      found.reserveCapacity(keys.count)
      for start in stride(from: 0, to: keys.count, by: LocalStore.keysAtOnce) {
        let asked = keys[start..<min(start + LocalStore.keysAtOnce, keys.count)].map { Data($0.bytes).databaseValue }
        let marks = LocalStore.marks[asked.count - 1]
        let statement = try database.cachedStatement(
          sql: "SELECT key, \(column), used FROM \(table) WHERE key IN (\(marks))")
        let rows = try Row.fetchCursor(statement, arguments: StatementArguments(asked))
        while let row = try rows.next() {
          // A value that damage has turned into one of another type is none.
          let key = try? row.withUnsafeData(atIndex: 0) { $0.flatMap { Digest(bytes: $0) } }
          guard let key,
            let value = try? row.withUnsafeData(
              atIndex: 1, { $0.flatMap { SealedValue.open(sealed: $0, under: key.bytes) } })
          else { continue }
          found[key] = (value, LocalStore.hour(row[2]))
        }
      }
      return keys.map { found[$0] }
    }
    return found ?? Array(repeating: nil, count: keys.count)
  }

  /// A look-up of many costs SQLite little more than of one, but each number of them is a statement of its own.
  private static let keysAtOnce = 64
  private static let marks = (1...keysAtOnce).map { Array(repeating: "?", count: $0).joined(separator: ", ") }

  /// The hour in a column that damage may have turned into anything.
  static func hour(_ column: DatabaseValue) -> Int { Int.fromDatabaseValue(column) ?? 0 }

  public func load(_ artifact: Artifact) -> Bytes? {
    guard artifact.isInline else {
      let bytes = objects.load(artifact)
      if bytes == nil { drop(artifact) }
      return bytes
    }
    let found = index.lookUp { database in
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
    drop(artifact)
    return nil
  }

  /// Removes a damaged artifact, so that it can be kept again.
  private func drop(_ artifact: Artifact) {
    try? index.write { database in try LocalStore.delete(artifact, in: database) }
    if artifact.isInline { index.checkIntegrityOnce() }
  }

  public func keep(
    _ contents: [ArtifactContent], for actions: [ActionRecord], notes: [Note]
  ) throws(StoreError) {
    do {
      for content in contents where !content.artifact.isInline { try objects.keep(content) }
    } catch {
      throw StoreError(error)
    }
    let use = currentUse
    try index.write { database in
      for content in contents {
        if content.artifact.isInline {
          try LocalStore.keep(content, use: use, in: database)
        } else {
          // Objects are evicted by whoever is writing, so one that is there now stays.
          try objects.keep(content)
          try database.cachedStatement(
            sql: """
              INSERT INTO objects (digest, used, size) VALUES (?, ?, ?)
              ON CONFLICT (digest) DO UPDATE SET used = max(used, excluded.used), size = excluded.size
              """
          ).execute(arguments: [Data(content.artifact.digest.bytes), use, content.artifact.byteCount])
        }
      }
      for action in actions { try LocalStore.keep(action, use: use, in: database) }
      for note in notes { try LocalStore.keep(note, use: use, in: database) }
    }
  }

  // In a tree that a flipped key has put out of order, what is put in is not always found again: so it is looked for,
  // and an index that has lost it by then starts anew.

  private static func keep(_ content: ArtifactContent, use: Int, in database: Database) throws {
    var data = Data(capacity: content.artifact.byteCount)
    for part in content.parts { part.withUnsafeBytes { data.append(contentsOf: $0) } }
    let digest = Data(content.artifact.digest.bytes)
    let insertion = try database.cachedStatement(
      sql: """
        INSERT INTO artifacts (digest, used, bytes) VALUES (?, ?, ?)
        ON CONFLICT (digest) DO UPDATE SET used = max(used, excluded.used)
        """)
    let comparison = try database.cachedStatement(sql: "SELECT bytes = ?2 FROM artifacts WHERE digest = ?1")
    try insertion.execute(arguments: [digest, use, data])
    if try Bool.fetchOne(comparison, arguments: [digest, data]) == true { return }
    try delete(content.artifact, in: database)
    try insertion.execute(arguments: [digest, use, data])
    guard try Bool.fetchOne(comparison, arguments: [digest, data]) == true else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT)
    }
  }

  private static func keep(_ action: ActionRecord, use: Int, in database: Database) throws {
    let key = Data(action.key.bytes)
    try database.cachedStatement(sql: "INSERT OR REPLACE INTO actions (key, artifact, used) VALUES (?, ?, ?)")
      .execute(arguments: [key, SealedValue.seal(action.artifact.encoded, under: action.key.bytes), use])
    let found = try DatabaseValue.fetchOne(database.cachedStatement(sql: actionQuery), arguments: [key])
    guard found != nil else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
  }

  static func delete(_ artifact: Artifact, in database: Database) throws {
    try database.cachedStatement(sql: "DELETE FROM \(artifact.table) WHERE digest = ?")
      .execute(arguments: [Data(artifact.digest.bytes)])
  }
}

extension Artifact {
  var isInline: Bool { byteCount <= LocalStore.largestInline }

  /// The index's table that it is in: objects are files, of which the table holds size and last use.
  var table: String { isInline ? "artifacts" : "objects" }
}
