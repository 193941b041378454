import CondenseFiles
import CondenseTensors
import Foundation
import GRDB

// Notes and file records: what only saves work, and goes when it has not been used for long.
extension LocalStore {
  public func notes(_ keys: [Digest]) -> [Bytes?] {
    let found = values("value", in: "notes", keys)
    let use = currentUse
    let stale = zip(keys, found).filter { ($1?.used ?? use) < use }.map(\.0)
    if !stale.isEmpty {
      try? index.write { database in
        for key in stale { _ = try LocalStore.raise("notes", "key", key, to: use, in: database) }
      }
    }
    return found.map { $0.map { Bytes($0.value) } }
  }

  static func keep(_ note: Note, use: Int, in database: Database) throws {
    try database.cachedStatement(sql: "INSERT OR REPLACE INTO notes (key, value, used) VALUES (?, ?, ?)")
      .execute(arguments: [Data(note.key.bytes), SealedValue.seal(note.value.array, under: note.key.bytes), use])
  }

  public func fileRecord(_ path: String, purpose: FilePurpose) -> FileRecord? {
    let found = index.lookUp { database in
      try Row.fetchOne(
        database.cachedStatement(sql: "SELECT record, used FROM files WHERE path = ? AND purpose = ?"),
        arguments: [path, purpose.rawValue])
    }
    guard let row = found ?? nil,
      let record = SealedValue.open(row[0], under: LocalStore.fileKey(path, purpose))
        .flatMap({ FileRecord(encoded: $0) })
    else { return nil }
    let use = currentUse
    if LocalStore.hour(row[1]) < use {
      try? index.write { database in
        try database.cachedStatement(sql: "UPDATE files SET used = max(used, ?) WHERE path = ? AND purpose = ?")
          .execute(arguments: [use, path, purpose.rawValue])
      }
    }
    return record
  }

  public func keepFileRecord(
    _ record: FileRecord, for path: String, purpose: FilePurpose
  ) throws(StoreError) {
    let use = currentUse
    try index.write { database in
      try database.cachedStatement(
        sql: "INSERT OR REPLACE INTO files (path, purpose, record, used) VALUES (?, ?, ?, ?)"
      ).execute(arguments: [
        path, purpose.rawValue, SealedValue.seal(record.encoded, under: LocalStore.fileKey(path, purpose)), use,
      ])
    }
  }

  static func fileKey(_ path: String, _ purpose: FilePurpose) -> [UInt8] {
    [UInt8(truncatingIfNeeded: purpose.rawValue)] + Array(path.utf8)
  }
}
