import CondenseFiles
import Foundation
import GRDB

extension LocalStore {
  /// What a store may take unless something else is said: 20 GB.
  public static let defaultLimit = 20_000_000_000

  /// Builds look at most this often whether to evict.
  private static let secondsBetweenEvictions: Int64 = 300

  /// Who evicts or verifies holds this lock: two at a time would only be in each other's way.
  var upkeepLockPath: String { root + "/upkeep.lock" }

  /// Bytes that the store takes: the index without its free pages, and the objects.
  public var byteCount: Int {
    let found = index.read { database in
      let pages =
        try Int.fetchOne(
          database, sql: "SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count") ?? 0
      let pageSize = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
      return pages * pageSize + (try Int.fetchOne(database, sql: "SELECT sum(size) FROM objects") ?? 0)
    }
    return found ?? 0
  }

  /// Evicts what was used least lately, until the store is as small and as young as asked for.
  ///
  /// What published outputs are made of stays, and what a running build may have used. Actions go with their artifacts;
  /// notes and file records when they were not used for 30 days. Waits for whoever is at it already.
  public func evict(_ request: EvictionRequest) throws(StoreError) -> EvictionReport {
    do {
      let lock = try FileLock.waiting(upkeepLockPath)
      defer { withExtendedLifetime(lock) {} }
      var eviction = Eviction(self, request)
      try eviction.run()
      return eviction.report
    } catch let error as StoreError {
      throw error
    } catch let error as FileError {
      throw StoreError(error)
    } catch {
      throw StoreError("the store: \(error)")
    }
  }

  public func evict(whenOver limit: Int) {
    let now = FileIdentity.now / 1_000_000_000
    let last = fact("evicted")
    // A look that lies in the future was before the clock was set back.
    if let last, last <= now, now - last < LocalStore.secondsBetweenEvictions { return }
    // An index that has never seen an eviction may not know of all objects.
    guard last == nil || byteCount > limit else { return }
    // A tenth more than must be, so that the next builds do not each have to.
    let target = byteCount > limit ? limit / 10 * 9 : limit
    guard let lock = try? FileLock.attempt(upkeepLockPath) else { return }
    defer { withExtendedLifetime(lock) {} }
    // A build that was built is built, whatever becomes of this.
    var eviction = Eviction(self, EvictionRequest(limit: target))
    try? eviction.run()
  }

  private func fact(_ name: String) -> Int64? {
    let value = index.read { database in
      try DatabaseValue.fetchOne(database, sql: "SELECT value FROM facts WHERE name = ?", arguments: [name])
    }
    return (value ?? nil).flatMap { Int64.fromDatabaseValue($0) }
  }

  func setFact(_ name: String, _ value: Int64) throws(StoreError) {
    try index.write { database in
      try database.execute(sql: "INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", arguments: [name, value])
    }
  }
}
