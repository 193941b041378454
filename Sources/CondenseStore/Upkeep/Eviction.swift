import CondenseFiles
import Foundation
import GRDB

/// What to evict from a store.
public struct EvictionRequest: Equatable, Sendable {
  /// Bytes that the store may take afterwards; nil for any number.
  public var limit: Int?
  /// What was not used for this many days goes.
  public var olderThanDays: Int?
  /// Whether it is only told what would go.
  public var isDryRun = false

  public init(limit: Int?, olderThanDays: Int? = nil, isDryRun: Bool = false) {
    self.limit = limit
    self.olderThanDays = olderThanDays
    self.isDryRun = isDryRun
  }
}

/// What an eviction came to.
public struct EvictionReport: Equatable, Sendable {
  public var artifacts = 0
  public var actions = 0
  /// Notes and file records.
  public var records = 0
  /// Bytes of the artifacts that went.
  public var evictedBytes = 0
  /// What the store took before, and takes or would take now.
  public var bytesBefore = 0
  public var bytesAfter = 0
  /// Artifacts that stayed because published outputs are made of them, or because running builds may need them.
  public var roots = 0
  public var inUse = 0
}

/// Evicts what was used least lately among what is no root and not in use: see ``LocalStore/evict(_:)``.
struct Eviction {
  let store: LocalStore
  let request: EvictionRequest
  private(set) var report = EvictionReport()

  private struct Candidate {
    var artifact: Artifact
    var used: Int
  }

  /// Notes and file records that are not used for longer go with any eviction.
  private static let daysOfRecords = 30
  /// Small enough that builds do not wait.
  private static let batchCount = 128

  init(_ store: LocalStore, _ request: EvictionRequest) {
    self.store = store
    self.request = request
  }

  mutating func run() throws {
    report.bytesBefore = store.byteCount
    report.bytesAfter = report.bytesBefore
    let workspaces = request.isDryRun ? store.workspaces() : try store.forgetAbsent()
    if !request.isDryRun { try adoptObjects() }
    let roots = Set(workspaces.flatMap(\.builds).flatMap(\.artifacts))
    let all = try candidates()
    report.roots = all.count { roots.contains($0.artifact.digest) }
    let actions = try actionsByArtifact(existing: Set(all.map(\.artifact.digest)))
    var rest = all.filter { !roots.contains($0.artifact.digest) }[...]
    while !rest.isEmpty, try evictBatch(&rest, actions) {}
    try removeRecords()
    guard !request.isDryRun else { return }
    try store.setFact("evicted", FileIdentity.now / 1_000_000_000)
    store.index.giveBackFreePages()
    report.bytesAfter = store.byteCount
  }

  private func isDue(_ candidate: Candidate) -> Bool {
    if let days = request.olderThanDays, candidate.used < store.currentUse - 24 * days { return true }
    return request.limit.map { report.bytesAfter > $0 } ?? false
  }

  /// Evicts a few; returns whether there may be more.
  private mutating func evictBatch(_ rest: inout ArraySlice<Candidate>, _ actions: [Digest: [Digest]]) throws -> Bool {
    var batch: [Candidate] = []
    let before = report.bytesAfter
    while let next = rest.first, batch.count < Eviction.batchCount, isDue(next) {
      batch.append(next)
      report.bytesAfter -= next.artifact.byteCount
      rest.removeFirst()
    }
    guard !batch.isEmpty else { return false }
    report.bytesAfter = before
    let (index, isDryRun) = (store.index, request.isDryRun)
    let evicted = try store.running.withOldest { oldest -> [Candidate] in
      let free = batch.filter { $0.used < oldest ?? .max }
      guard !isDryRun else { return free }
      var evicted: [Candidate] = []
      try index.write { database in
        evicted = try free.filter { try Eviction.delete($0, actions, in: database) }
      }
      // A file goes after its row is sure to be gone, and while nobody writes: who keeps it meanwhile keeps its row.
      try index.write { database in
        for candidate in evicted where !candidate.artifact.isInline {
          let isBack = try Row.fetchOne(
            database, sql: "SELECT 1 FROM objects WHERE digest = ?",
            arguments: [Data(candidate.artifact.digest.bytes)])
          if isBack == nil { try? FileSystem.remove(store.objects.path(of: candidate.artifact.digest)) }
        }
      }
      return evicted
    }
    report.inUse += batch.count - evicted.count
    report.artifacts += evicted.count
    for candidate in evicted {
      report.actions += actions[candidate.artifact.digest]?.count ?? 0
      report.evictedBytes += candidate.artifact.byteCount
      report.bytesAfter -= candidate.artifact.byteCount
    }
    return true
  }

  /// Removes an artifact and the actions that made it, unless it has been used since it was found.
  private static func delete(
    _ candidate: Candidate, _ actions: [Digest: [Digest]], in database: Database
  ) throws -> Bool {
    let digest = candidate.artifact.digest
    try database.cachedStatement(sql: "DELETE FROM \(candidate.artifact.table) WHERE digest = ? AND used <= ?")
      .execute(arguments: [Data(digest.bytes), candidate.used])
    guard database.changesCount > 0 else { return false }
    let statement = try database.cachedStatement(sql: "DELETE FROM actions WHERE key = ?")
    for key in actions[digest] ?? [] { try statement.execute(arguments: [Data(key.bytes)]) }
    return true
  }

  /// All artifacts, the one that was used least lately first.
  private func candidates() throws -> [Candidate] {
    let found = store.index.read { database -> [Candidate] in
      var found: [Candidate] = []
      for sql in [
        "SELECT digest, used, length(bytes) FROM artifacts", "SELECT digest, used, size FROM objects",
      ] {
        let rows = try Row.fetchCursor(database, sql: sql)
        while let row = try rows.next() {
          guard let digest = Data.fromDatabaseValue(row[0]).flatMap({ Digest(bytes: $0) }),
            let size = Int.fromDatabaseValue(row[2])
          else { continue }
          found.append(
            Candidate(artifact: Artifact(digest: digest, byteCount: size), used: LocalStore.hour(row[1])))
        }
      }
      return found
    }
    guard let found else { throw StoreError("the store: cannot read '\(store.index.path)'") }
    return found.sorted {
      ($0.used, $0.artifact.digest.leadingWord) < ($1.used, $1.artifact.digest.leadingWord)
    }
  }

  /// The keys of the actions that made each artifact. Those whose artifact is gone are removed at once.
  private mutating func actionsByArtifact(existing: Set<Digest>) throws -> [Digest: [Digest]] {
    var keys: [Digest: [Digest]] = [:]
    var gone: [ActionRecord] = []
    for action in store.allActions() {
      if existing.contains(action.artifact.digest) {
        keys[action.artifact.digest, default: []].append(action.key)
      } else {
        gone.append(action)
      }
    }
    report.actions += gone.count
    guard !gone.isEmpty, !request.isDryRun else { return keys }
    try store.index.write { database in
      for action in gone {
        // It may have been made between the two looks.
        let isBack = try Row.fetchOne(
          database, sql: "SELECT 1 FROM \(action.artifact.table) WHERE digest = ?",
          arguments: [Data(action.artifact.digest.bytes)])
        guard isBack == nil else { continue }
        try database.execute(sql: "DELETE FROM actions WHERE key = ?", arguments: [Data(action.key.bytes)])
      }
    }
    return keys
  }

  private mutating func removeRecords() throws {
    let days = min(request.olderThanDays ?? Eviction.daysOfRecords, Eviction.daysOfRecords)
    let earliest = store.currentUse - 24 * days
    let isDryRun = request.isDryRun
    var count = 0
    try store.index.write { database in
      for table in ["notes", "files"] {
        count +=
          try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table) WHERE used < ?", arguments: [earliest]) ?? 0
        if !isDryRun { try database.execute(sql: "DELETE FROM \(table) WHERE used < ?", arguments: [earliest]) }
      }
    }
    report.records = count
  }

  /// Brings files and rows together: a killed build, or an index that had to start anew, leaves files that no row tells
  /// of; they count as used when they were written.
  private func adoptObjects() throws {
    let files = Set(store.objects.digests())
    let rows = store.index.read { try Data.fetchAll($0, sql: "SELECT digest FROM objects") } ?? []
    let known = Set(rows.compactMap { Digest(bytes: $0) })
    guard files != known else { return }
    try store.index.write { database in
      for digest in files.subtracting(known) {
        guard let identity = try? FileIdentity(of: store.objects.path(of: digest)) else { continue }
        try database.execute(
          sql: "INSERT OR IGNORE INTO objects (digest, used, size) VALUES (?, ?, ?)",
          arguments: [Data(digest.bytes), Int(identity.modificationTime / 3_600_000_000_000), identity.byteCount])
      }
      for digest in known.subtracting(files) where !FileSystem.exists(store.objects.path(of: digest)) {
        try database.execute(sql: "DELETE FROM objects WHERE digest = ?", arguments: [Data(digest.bytes)])
      }
    }
  }
}
