import CondenseFiles
import Foundation
import GRDB

/// The SQLite database beside the objects: actions, small artifacts, notes, file records.
///
/// In write-ahead mode without a sync at each commit: a killed process loses nothing that was committed, a power cut
/// may lose the latest commits but never the database.
struct StoreIndex: Sendable {
  let pool: DatabasePool

  /// Opens the index, or starts a new one where what is there is no usable database.
  init(path: String) throws(StoreError) {
    do {
      pool = try StoreIndex.open(path)
    } catch let error as DatabaseError where StoreIndex.isDamage(error) {
      do {
        try StoreIndex.moveAside(path)
        pool = try StoreIndex.open(path)
      } catch {
        throw StoreError("cannot restart the damaged store index '\(path)': \(error)")
      }
    } catch {
      throw StoreError("cannot open the store index '\(path)': \(error)")
    }
  }

  private static func open(_ path: String) throws -> DatabasePool {
    var configuration = Configuration()
    configuration.busyMode = .timeout(30)
    configuration.maximumReaderCount = 4
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA synchronous = NORMAL")
    }
    let pool = try DatabasePool(path: path, configuration: configuration)
    // Most opens find the tables there, and then need no write lock.
    let hasTables = try pool.read { try $0.tableExists("files") }
    if !hasTables { try pool.write(makeTables) }
    return pool
  }

  private static func makeTables(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE IF NOT EXISTS actions (key BLOB PRIMARY KEY, artifact BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS artifacts (digest BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS notes (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS files (
          path TEXT NOT NULL, purpose INTEGER NOT NULL, identities BLOB NOT NULL, trusted INTEGER NOT NULL,
          facts BLOB NOT NULL, PRIMARY KEY (path, purpose)
        );
        """)
  }

  private static func isDamage(_ error: DatabaseError) -> Bool {
    [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
  }

  /// Keeps the damaged files for whoever wants to look, out of the way.
  private static func moveAside(_ path: String) throws(FileError) {
    let suffix = ".damaged-\(UUID().uuidString.prefix(8))"
    for part in ["", "-wal", "-shm"] where FileSystem.exists(path + part) {
      try FileSystem.rename(path + part, to: path + part + suffix)
    }
  }

  /// Reads; what cannot be read is nil.
  func read<T>(_ body: (Database) throws -> T) -> T? { try? pool.read(body) }

  /// Writes in one transaction.
  func write(_ body: (Database) throws -> Void) throws(StoreError) {
    do {
      try pool.write(body)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
      throw StoreError("the store: cannot write '\(pool.path)': the disk is full")
    } catch {
      throw StoreError("the store: cannot write '\(pool.path)': \(error)")
    }
  }
}
