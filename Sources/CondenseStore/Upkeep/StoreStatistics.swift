import Foundation
import GRDB

/// What is in a store, as `condense cache stats` tells it.
public struct StoreStatistics: Equatable, Sendable {
  /// Artifacts in the index, and those that are files of their own.
  public var inline = Amount()
  public var objects = Amount()
  public var actions = 0
  public var notes = 0
  public var fileRecords = 0
  /// The index's file, free pages and all.
  public var indexBytes = 0
  /// Bytes that count against the limit.
  public var bytes = 0
  /// Artifacts by the days since their last use: each up to a number of days, the last without one.
  public var ages: [(days: Int?, amount: Amount)]
  public var workspaces: [LocalStore.KnownWorkspace] = []
  /// Artifacts that are kept for the workspaces' outputs.
  public var roots = Amount()

  public struct Amount: Equatable, Sendable {
    public var count = 0
    public var bytes = 0

    package init(count: Int = 0, bytes: Int = 0) {
      self.count = count
      self.bytes = bytes
    }

    mutating func add(_ size: Int) {
      count += 1
      bytes += size
    }
  }

  static let ageLimits: [Int?] = [1, 7, 30, nil]

  public static func == (a: StoreStatistics, b: StoreStatistics) -> Bool {
    (a.inline, a.objects, a.actions, a.notes, a.fileRecords) == (b.inline, b.objects, b.actions, b.notes, b.fileRecords)
      && (a.indexBytes, a.bytes, a.workspaces, a.roots) == (b.indexBytes, b.bytes, b.workspaces, b.roots)
      && a.ages.elementsEqual(b.ages) { $0 == $1 }
  }
}

extension LocalStore {
  /// Counts everything.
  public func statistics() -> StoreStatistics {
    var statistics = StoreStatistics(ages: StoreStatistics.ageLimits.map { ($0, StoreStatistics.Amount()) })
    statistics.workspaces = workspaces()
    statistics.bytes = byteCount
    let roots = Set(statistics.workspaces.flatMap(\.builds).flatMap(\.artifacts))
    let now = currentUse
    func add(_ row: Row, to amount: WritableKeyPath<StoreStatistics, StoreStatistics.Amount>) {
      let size = Int.fromDatabaseValue(row[2]) ?? 0
      statistics[keyPath: amount].add(size)
      let days = (now - LocalStore.hour(row[1])) / 24
      let age = statistics.ages.firstIndex { $0.days.map { days < $0 } ?? true } ?? 0
      statistics.ages[age].amount.add(size)
      if let digest = Data.fromDatabaseValue(row[0]).flatMap({ Digest(bytes: $0) }), roots.contains(digest) {
        statistics.roots.add(size)
      }
    }
    _ = index.read { database in
      let small = try Row.fetchCursor(database, sql: "SELECT digest, used, length(bytes) FROM artifacts")
      while let row = try small.next() { add(row, to: \.inline) }
      let large = try Row.fetchCursor(database, sql: "SELECT digest, used, size FROM objects")
      while let row = try large.next() { add(row, to: \.objects) }
      func count(_ table: String) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table)") ?? 0
      }
      statistics.actions = try count("actions")
      statistics.notes = try count("notes")
      statistics.fileRecords = try count("files")
      let (pages, size) = (
        try Int.fetchOne(database, sql: "PRAGMA page_count"), try Int.fetchOne(database, sql: "PRAGMA page_size")
      )
      statistics.indexBytes = (pages ?? 0) * (size ?? 0)
    }
    return statistics
  }
}
