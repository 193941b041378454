import CondenseFiles
import Foundation
import GRDB

/// The SQLite database beside the objects: actions, small artifacts, notes, file records.
///
/// In write-ahead mode without a sync at each commit: a killed process loses nothing that was committed, a power cut
/// may lose the latest commits but never the database. An index that turns out to be damaged is started anew beside it, at
/// any time: it only saves work.
final class StoreIndex: Sendable {
  private let files: IndexFiles
  private let current: Locked<Connection>
  private let hasBeenChecked = Locked(false)

  private struct Connection {
    var pool: DatabasePool
    /// Of the database that the pool has open; another process may have started anew since.
    var number: Int
  }

  /// The layout of the tables, kept in the file itself.
  static let layout = 3
  /// "Cond" in the file's header, for `file` and whoever else wonders.
  private static let applicationID = 0x436F_6E64

  /// Opens the index in `folder`, or starts a new one where what is there is no usable database.
  init(folder: String) throws(StoreError) {
    files = IndexFiles(folder: folder)
    let number = files.latest
    do {
      current = Locked(try StoreIndex.open(files, number))
    } catch let error as DatabaseError where StoreIndex.isDamage(error, files.path(number)) {
      current = Locked(try StoreIndex.restarted(files, damaged: number))
    } catch {
      throw StoreIndex.failure("open", files.path(number), error)
    }
  }

  /// Reads in one transaction; what cannot be read is nil.
  func read<T>(_ body: (Database) throws -> T) -> T? { reading { try $0.read(body) } }

  /// Reads without one, whose begin and end are statements too: what each statement finds, it finds at its time.
  func lookUp<T>(_ body: (Database) throws -> T) -> T? { reading { try $0.unsafeRead(body) } }

  private func reading<T>(_ body: (DatabasePool) throws -> T) -> T? {
    let connection = current.withLock { $0 }
    do {
      return try body(connection.pool)
    } catch {
      if let error = error as? DatabaseError, StoreIndex.isDamage(error, connection.pool.path) {
        _ = try? restart(connection)
      }
      return nil
    }
  }

  /// Writes in one transaction.
  func write(_ body: (Database) throws -> Void) throws(StoreError) {
    let connection = current.withLock { $0 }
    do {
      try connection.pool.write(body)
    } catch let error as DatabaseError where StoreIndex.isDamage(error, connection.pool.path) {
      let fresh = try restart(connection)
      do { try fresh.pool.write(body) } catch { throw StoreIndex.failure("write", fresh.pool.path, error) }
    } catch {
      throw StoreIndex.failure("write", connection.pool.path, error)
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

  /// Keeps the database from ever being closed by this process.
  func leaveOpen() { _ = Unmanaged.passRetained(current.withLock { $0.pool }) }

  /// The database's path now.
  var path: String { current.withLock { $0.pool.path } }

  /// What is wrong with the database as a whole; empty where nothing is.
  func integrityProblems() -> [String] {
    let connection = current.withLock { $0 }
    do {
      let found = try connection.pool.read { try String.fetchAll($0, sql: "PRAGMA integrity_check(100)") }
      return found == ["ok"] ? [] : found
    } catch {
      return ["\(error)"]
    }
  }

  /// Starts anew because of damage that was found.
  func startAnew() throws(StoreError) { _ = try restart(current.withLock { $0 }) }

  /// Makes the file as small as what is in it: a piece at a time, so that nobody waits long.
  func giveBackFreePages() {
    var free = Int.max
    while true {
      let left = read { try Int.fetchOne($0, sql: "PRAGMA freelist_count") ?? 0 } ?? 0
      guard left > 0, left < free else { break }
      free = left
      do { try write { try $0.execute(sql: "PRAGMA incremental_vacuum(2000)") } } catch { break }
    }
    let connection = current.withLock { $0 }
    // Where others are reading, the log stays as long as it is.
    _ = try? connection.pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
  }

  /// Starts anew, unless another thread or process has done so, and opens the database that counts now.
  private func restart(_ damaged: Connection) throws(StoreError) -> Connection {
    try current.withLock { (current) throws(StoreError) in
      if current.pool === damaged.pool { current = try StoreIndex.restarted(files, damaged: damaged.number) }
      return current
    }
  }
}

extension StoreIndex {
  private static func open(_ files: IndexFiles, _ number: Int) throws -> Connection {
    guard !isDatabase(files.path(number)) else { return try connect(files, number, isNew: false) }
    // Of processes that turn a new file into a database at once, SQLite refuses all but one, without waiting.
    let lock = try FileLock.waiting(files.lockPath)
    defer { withExtendedLifetime(lock) {} }
    return try connect(files, number, isNew: true)
  }

  /// Whether there is a database in write-ahead mode: 2 in byte 18 (SQLite's file format, section 1.3).
  private static func isDatabase(_ path: String) -> Bool {
    guard let header = try? OpenFile.reading(path).read(0..<20).array else { return false }
    return header.count == 20 && header[18] == 2
  }

  /// - Parameter isNew: whether the file may be no database yet; then the lock is held.
  private static func connect(_ files: IndexFiles, _ number: Int, isNew: Bool) throws -> Connection {
    var configuration = Configuration()
    configuration.busyMode = .timeout(30)
    configuration.maximumReaderCount = 4
    configuration.prepareDatabase { database in
      // So that the room of what is removed can be given back. Counts only for a file that is no database yet, but would be
      // written, and waited for to be on the disk, each time.
      if isNew && !database.configuration.readonly { try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL") }
      try database.execute(sql: "PRAGMA synchronous = NORMAL")
    }
    // SQLite would make it for its user alone; an empty file is a database yet to be made, and gives its mode to the log.
    if !FileSystem.exists(files.path(number)) { _ = try OpenFile.updating(files.path(number)) }
    let pool = try DatabasePool(path: files.path(number), configuration: configuration)
    // Most opens find the tables there, and then need no write lock.
    let found = try pool.read { try Int.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
    if found == 0 { try pool.write(makeTables) }
    // The folder is named by the layout, so this is no newer index but a damaged one.
    guard found == 0 || found == layout else { throw DatabaseError(resultCode: .SQLITE_NOTADB) }
    return Connection(pool: pool, number: number)
  }

  private static func makeTables(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE IF NOT EXISTS actions (
          key BLOB PRIMARY KEY, artifact BLOB NOT NULL, used INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS artifacts (digest BLOB NOT NULL UNIQUE, used INTEGER NOT NULL, bytes BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS objects (
          digest BLOB PRIMARY KEY, used INTEGER NOT NULL, size INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS notes (key BLOB PRIMARY KEY, value BLOB NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS files (
          path TEXT NOT NULL, purpose INTEGER NOT NULL, record BLOB NOT NULL, used INTEGER NOT NULL,
          PRIMARY KEY (path, purpose)
        ) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS workspaces (root TEXT PRIMARY KEY, seen INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS roots (
          workspace TEXT NOT NULL, file TEXT NOT NULL, build TEXT NOT NULL, artifacts BLOB NOT NULL,
          PRIMARY KEY (workspace, file, build)
        ) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
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

  /// Starts a new database in the place of the one with that number, or opens the one that another process started.
  private static func restarted(_ files: IndexFiles, damaged: Int) throws(StoreError) -> Connection {
    do {
      let lock = try FileLock.waiting(files.lockPath)
      defer { withExtendedLifetime(lock) {} }
      let latest = files.latest
      guard latest <= damaged else { return try connect(files, latest, isNew: true) }
      files.removeAll(before: damaged)
      return try connect(files, damaged + 1, isNew: true)
    } catch {
      throw failure("restart", files.path(damaged + 1), error)
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
