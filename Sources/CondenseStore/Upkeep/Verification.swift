import CondenseFiles
import CondenseTensors
import Foundation
import GRDB

/// Reads everything in a store: see ``LocalStore/verify(drops:)``.
struct Verification {
  let store: LocalStore
  let drops: Bool
  private(set) var report = VerificationReport()

  /// A record or artifact is read with so many others at a time.
  private static let batchCount = 256

  init(_ store: LocalStore, drops: Bool) {
    self.store = store
    self.drops = drops
  }

  mutating func run() throws {
    // First, since dropping may start the index anew, and everything else is in it.
    try verifyIndex()
    var sweep = StraySweep(root: store.root, objects: store.objects, index: store.index.path)
    report.problems += sweep.problems(drops: drops)
    let damaged = try verifyInline().union(verifyObjects())
    try verifyActions(besides: damaged)
    try verifySealed("notes", columns: "value, key", place: { row in Verification.hex(row[1]) }) { row in
      Data.fromDatabaseValue(row[1]).map { [UInt8]($0) }
    }
    try verifySealed("files", columns: "record, path, purpose", place: { row in "\(Verification.text(row[1]))" }) {
      row in
      guard let path = String.fromDatabaseValue(row[1]),
        let purpose = Int.fromDatabaseValue(row[2]).flatMap({ FilePurpose(rawValue: $0) })
      else { return nil }
      return LocalStore.fileKey(path, purpose)
    }
    try verifySealed(
      "roots", columns: "artifacts, workspace, file, build",
      place: { row in "\(Verification.text(row[1])) \(Verification.text(row[3]))" }
    ) { row in
      guard let workspace = String.fromDatabaseValue(row[1]), let file = String.fromDatabaseValue(row[2]),
        let build = String.fromDatabaseValue(row[3])
      else { return nil }
      return LocalStore.rootKey(workspace, file, build)
    }
  }

  private mutating func add(_ kind: StoreProblem.Kind, _ place: String, _ detail: String) {
    report.problems.append(StoreProblem(kind: kind, place: place, detail: detail, isDropped: drops))
  }

  private mutating func verifyIndex() throws {
    let path = store.index.path
    let found = store.index.integrityProblems()
    for problem in found { add(.damagedIndex, path, problem) }
    if !found.isEmpty && drops { try store.index.startAnew() }
  }

  /// Artifacts in the index; returns those that are damaged.
  private mutating func verifyInline() throws -> Set<Digest> {
    var damaged: Set<Digest> = []
    var gone: [Int64] = []
    try forEach("SELECT rowid, digest, bytes FROM artifacts WHERE rowid > ? ORDER BY rowid LIMIT ?") { row in
      report.artifacts += 1
      let digest = Data.fromDatabaseValue(row[1]).flatMap { Digest(bytes: $0) }
      let bytes = Data.fromDatabaseValue(row[2])
      report.bytes += bytes?.count ?? 0
      if let digest, let bytes, bytes.count <= LocalStore.largestInline, Digest(of: Bytes(bytes)) == digest { return }
      if let digest { damaged.insert(digest) }
      gone.append(row[0])
      add(
        .damagedArtifact, "\(store.index.path): artifacts \(Verification.hex(row[1]))",
        "its content is not what its digest says")
    }
    try drop(gone, from: "artifacts")
    return damaged
  }

  /// Artifacts that are files; returns those that are damaged or missing.
  private mutating func verifyObjects() throws -> Set<Digest> {
    var recorded: [Digest: Int] = [:]
    let rows = store.index.read { try Row.fetchAll($0, sql: "SELECT digest, size FROM objects") } ?? []
    for row in rows {
      guard let digest = Data.fromDatabaseValue(row[0]).flatMap({ Digest(bytes: $0) }) else {
        add(.damagedRecord, "\(store.index.path): objects \(Verification.hex(row[0]))", "no digest")
        continue
      }
      recorded[digest] = Int.fromDatabaseValue(row[1]) ?? -1
    }
    var bad: Set<Digest> = []
    for digest in store.objects.digests() {
      let path = store.objects.path(of: digest)
      report.artifacts += 1
      // One that was evicted or replaced in this moment is no problem.
      guard let identity = try? FileIdentity(of: path) else { continue }
      report.bytes += identity.byteCount
      let size = recorded.removeValue(forKey: digest)
      guard (try? Digest(of: OpenFile.reading(path))) == digest else {
        bad.insert(digest)
        add(.damagedArtifact, path, "its content is not what its name says")
        if drops { try FileSystem.remove(path) }
        continue
      }
      if let size, size != identity.byteCount {
        bad.insert(digest)
        add(
          .damagedRecord, "\(store.index.path): objects \(digest)",
          "the file has \(identity.byteCount) bytes, not \(size)")
      }
    }
    for digest in recorded.keys.sorted(by: { $0.hex < $1.hex }) where !FileSystem.exists(store.objects.path(of: digest))
    {
      bad.insert(digest)
      add(.missingObject, store.objects.path(of: digest), "there is no such file")
    }
    if drops {
      try store.index.write { database in
        for digest in bad {
          try database.execute(sql: "DELETE FROM objects WHERE digest = ?", arguments: [Data(digest.bytes)])
        }
        try database.execute(sql: "DELETE FROM objects WHERE typeof(digest) <> 'blob' OR length(digest) <> 32")
      }
    }
    return bad
  }

  /// Actions, each with a record that is whole and an artifact that is there. Those of damaged artifacts go with these.
  private mutating func verifyActions(besides damaged: Set<Digest>) throws {
    var gone: [DatabaseValue] = []
    let rows = store.index.read { try Row.fetchAll($0, sql: "SELECT key, artifact FROM actions") } ?? []
    let known = try artifactDigests()
    for row in rows {
      report.records += 1
      let key: DatabaseValue = row[0]
      let place = "\(store.index.path): actions \(Verification.hex(key))"
      guard let bytes = Data.fromDatabaseValue(key), bytes.count == Digest.byteCount,
        let artifact = SealedValue.open(row[1], under: [UInt8](bytes)).flatMap({ Artifact(encoded: $0) })
      else {
        add(.damagedRecord, place, "its seal is broken")
        gone.append(key)
        continue
      }
      if damaged.contains(artifact.digest) {
        gone.append(key)
      } else if !known.contains(artifact.digest), try !isThere(artifact) {
        add(.lostResult, place, "its artifact \(artifact.digest) is gone")
        gone.append(key)
      }
    }
    guard drops, !gone.isEmpty else { return }
    try store.index.write { database in
      for key in gone { try database.execute(sql: "DELETE FROM actions WHERE key = ?", arguments: [key]) }
    }
  }

  private func artifactDigests() throws -> Set<Digest> { Set(store.allArtifacts()) }

  /// Whether an artifact is there now: it may have been made after all were listed.
  private func isThere(_ artifact: Artifact) throws -> Bool {
    if !artifact.isInline { return FileSystem.exists(store.objects.path(of: artifact.digest)) }
    let found = store.index.read {
      try Row.fetchOne($0, sql: "SELECT 1 FROM artifacts WHERE digest = ?", arguments: [Data(artifact.digest.bytes)])
    }
    return (found ?? nil) != nil
  }

  /// Records of a table whose first column is sealed under a key.
  private mutating func verifySealed(
    _ table: String, columns: String, place: (Row) -> String, key: (Row) -> [UInt8]?
  ) throws {
    let names = columns.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    let rows = store.index.read { try Row.fetchAll($0, sql: "SELECT \(columns) FROM \(table)") } ?? []
    var gone: [Row] = []
    for row in rows {
      report.records += 1
      if let key = key(row), SealedValue.open(row[0], under: key) != nil { continue }
      add(.damagedRecord, "\(store.index.path): \(table) \(place(row))", "its seal is broken")
      gone.append(row)
    }
    guard drops, !gone.isEmpty else { return }
    let condition = names.dropFirst().map { "\($0) IS ?" }.joined(separator: " AND ")
    try store.index.write { database in
      for row in gone {
        try database.execute(
          sql: "DELETE FROM \(table) WHERE \(condition)",
          arguments: StatementArguments(row.databaseValues.dropFirst()))
      }
    }
  }

  /// Rows in order of their row number, a few at a time.
  private func forEach(_ sql: String, _ body: (Row) throws -> Void) throws {
    var last = Int64.min
    while true {
      let rows =
        store.index.read { try Row.fetchAll($0, sql: sql, arguments: [last, Verification.batchCount]) } ?? []
      for row in rows { try body(row) }
      guard let end = rows.last else { return }
      last = end[0]
    }
  }

  private func drop(_ rows: [Int64], from table: String) throws {
    guard drops, !rows.isEmpty else { return }
    try store.index.write { database in
      for row in rows { try database.execute(sql: "DELETE FROM \(table) WHERE rowid = ?", arguments: [row]) }
    }
  }

  private static func hex(_ value: DatabaseValue) -> String {
    Data.fromDatabaseValue(value)?.map { byte in
      String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }.joined() ?? "\(value)"
  }

  private static func text(_ value: DatabaseValue) -> String { String.fromDatabaseValue(value) ?? "\(value)" }
}
