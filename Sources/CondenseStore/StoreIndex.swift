import CondenseFiles
import Foundation
import GRDB

/// The SQLite database beside the objects: actions, small artifacts, notes, file records.
///
/// In write-ahead mode without a sync at each commit: a killed process loses nothing that was committed, a power cut
/// may lose the latest commits but never the database. An index that turns out to be damaged is put aside and started
/// anew, at any time: it only saves work.
final class StoreIndex: Sendable {
  let path: String
  private let current: Locked<Connection>
  private let hasBeenChecked = Locked(false)

  private struct Connection {
    var pool: DatabasePool
    /// The file that the pool has open; another process may put it aside.
    var inode: UInt64
  }

  /// The layout of the tables, kept in the file itself.
  static let layout = 2
  /// "Cond" in the file's header, for `file` and whoever else wonders.
  private static let applicationID = 0x436F_6E64

  /// Opens the index, or starts a new one where what is there is no usable database.
  init(path: String) throws(StoreError) {
    self.path = path
    do {
      current = Locked(try StoreIndex.open(path))
    } catch let error as DatabaseError where StoreIndex.isDamage(error, path) {
      current = Locked(try StoreIndex.restarted(path, damaged: try? FileIdentity(of: path).inode))
    } catch {
      throw StoreIndex.failure("open", path, error)
    }
  }

  /// Reads; what cannot be read is nil.
  func read<T>(_ body: (Database) throws -> T) -> T? {
    let connection = current.withLock { $0 }
    do {
      return try connection.pool.read(body)
    } catch {
      if let error = error as? DatabaseError, StoreIndex.isDamage(error, path) { _ = try? restart(connection) }
      return nil
    }
  }

  /// Writes in one transaction.
  func write(_ body: (Database) throws -> Void) throws(StoreError) {
    let connection = current.withLock { $0 }
    do {
      try connection.pool.write(body)
    } catch let error as DatabaseError where StoreIndex.isDamage(error, path) {
      let fresh = try restart(connection)
      do { try fresh.pool.write(body) } catch { throw StoreIndex.failure("write", path, error) }
    } catch {
      throw StoreIndex.failure("write", path, error)
    }
  }

  /// Looks through the whole database, the first time only, and starts anew if it is damaged: for when something is not
  /// there that should be, such as what a flipped key in a tree hides from every search.
  func checkIntegrityOnce() {
    let isFirst = hasBeenChecked.withLock { hasBeenChecked in
      defer { hasBeenChecked = true }
      return !hasBeenChecked
    }
    guard isFirst else { return }
    _ = read { database in
      guard try String.fetchOne(database, sql: "PRAGMA integrity_check(1)") == "ok" else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT)
      }
    }
  }

  /// Puts the damaged database aside, unless another thread or process has done so, and opens the one in its place.
  private func restart(_ damaged: Connection) throws(StoreError) -> Connection {
    try current.withLock { (current) throws(StoreError) in
      if current.pool === damaged.pool { current = try StoreIndex.restarted(path, damaged: damaged.inode) }
      return current
    }
  }
}

extension StoreIndex {
  private static func open(_ path: String) throws -> Connection {
    var configuration = Configuration()
    configuration.busyMode = .timeout(30)
    configuration.maximumReaderCount = 4
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA synchronous = NORMAL")
    }
    let pool = try DatabasePool(path: path, configuration: configuration)
    // Most opens find the tables there, and then need no write lock.
    let found = try pool.read { try Int.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
    if found == 0 { try pool.write(makeTables) }
    // The folder is named by the layout, so this is no newer index but a damaged one.
    guard found == 0 || found == layout else { throw DatabaseError(resultCode: .SQLITE_NOTADB) }
    return Connection(pool: pool, inode: try FileIdentity(of: path).inode)
  }

  private static func makeTables(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE IF NOT EXISTS actions (key BLOB PRIMARY KEY, artifact BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS artifacts (digest BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS notes (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS files (
          path TEXT NOT NULL, purpose INTEGER NOT NULL, record BLOB NOT NULL, PRIMARY KEY (path, purpose)
        ) WITHOUT ROWID;
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(layout);
        """)
  }

  /// Whether the database itself is to blame. The statements are always the same, so one that is refused as wrong
  /// speaks of a damaged schema.
  private static func isDamage(_ error: DatabaseError, _ path: String) -> Bool {
    // A version in the header that SQLite does not know makes a database read-only to it.
    if error.resultCode == .SQLITE_READONLY { return access(path, W_OK) == 0 }
    return [
      .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_FORMAT,
      .SQLITE_SCHEMA, .SQLITE_INTERNAL, .SQLITE_EMPTY, .SQLITE_TOOBIG, .SQLITE_RANGE,
    ].contains(error.resultCode)
  }

  /// Puts the database with that inode aside, if it is there still, and opens the one at the path.
  private static func restarted(_ path: String, damaged: UInt64?) throws(StoreError) -> Connection {
    do {
      let lock = try FileLock.waiting(path + ".lock")
      defer { withExtendedLifetime(lock) {} }
      // Another process that found the damage may have started anew already.
      if let damaged, (try? FileIdentity(of: path).inode) == damaged { try moveAside(path) }
      return try open(path)
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError("the store: cannot restart the damaged index '\(path)': \(error)")
    }
  }

  /// Keeps the damaged files for whoever wants to look, out of the way; those of an earlier time go.
  private static func moveAside(_ path: String) throws(FileError) {
    for part in ["-wal", "-shm", ""] where FileSystem.exists(path + part) {
      try FileSystem.rename(path + part, to: path + part + ".damaged")
    }
  }

  private static func failure(_ operation: String, _ path: String, _ error: any Error) -> StoreError {
    if let error = error as? StoreError { return error }
    let isFull =
      (error as? DatabaseError)?.resultCode == .SQLITE_FULL
      || FileSystem.isFull((path as NSString).deletingLastPathComponent)
    return StoreError("the store: cannot \(operation) '\(path)': \(isFull ? "the disk is full" : "\(error)")")
  }
}
