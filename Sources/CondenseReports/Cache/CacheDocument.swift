import CondenseStore

/// What `condense cache stats --json` prints.
package struct CacheStatsDocument: Encodable {
  package struct Amount: Encodable {
    var count: Int
    var bytes: Int

    init(_ amount: StoreStatistics.Amount) {
      count = amount.count
      bytes = amount.bytes
    }
  }

  package struct Age: Encodable {
    /// Days since the last use; null for more than the others say.
    var withinDays: Nullable<Int>
    var count: Int
    var bytes: Int
  }

  package struct Workspace: Encodable {
    var root: String
    /// Seconds since 1970.
    var seen: Int
    var builds: Int
  }

  package var folder: String
  package var limit: Int
  package var bytes: Int
  package var indexBytes: Int
  package var inline: Amount
  package var objects: Amount
  package var roots: Amount
  package var actions: Int
  package var notes: Int
  package var fileRecords: Int
  package var ages: [Age]
  package var workspaces: [Workspace]

  package init(_ statistics: StoreStatistics, folder: String, limit: Int) {
    self.folder = folder
    self.limit = limit
    bytes = statistics.bytes
    indexBytes = statistics.indexBytes
    inline = Amount(statistics.inline)
    objects = Amount(statistics.objects)
    roots = Amount(statistics.roots)
    actions = statistics.actions
    notes = statistics.notes
    fileRecords = statistics.fileRecords
    ages = statistics.ages.map { Age(withinDays: Nullable($0.days), count: $0.amount.count, bytes: $0.amount.bytes) }
    workspaces = statistics.workspaces.map {
      Workspace(root: $0.root, seen: $0.seen * 3600, builds: $0.builds.count)
    }
  }
}

/// What `condense cache verify --json` prints.
package struct CacheVerifyDocument: Encodable {
  package struct Problem: Encodable {
    var kind: String
    var place: String
    var detail: String
    var dropped: Bool
  }

  package var folder: String
  package var artifacts: Int
  package var bytes: Int
  package var records: Int
  package var problems: [Problem]

  package init(_ report: VerificationReport, folder: String) {
    self.folder = folder
    artifacts = report.artifacts
    bytes = report.bytes
    records = report.records
    problems = report.problems.map {
      Problem(kind: $0.kind.rawValue, place: $0.place, detail: $0.detail, dropped: $0.isDropped)
    }
  }
}

/// What `condense cache gc --json` prints.
package struct CacheCollectDocument: Encodable {
  package var folder: String
  package var dryRun: Bool
  package var limit: Nullable<Int>
  package var artifacts: Int
  package var actions: Int
  package var records: Int
  package var evictedBytes: Int
  package var bytesBefore: Int
  package var bytesAfter: Int
  package var roots: Int
  package var inUse: Int

  package init(_ report: EvictionReport, folder: String, limit: Int?, isDryRun: Bool) {
    self.folder = folder
    dryRun = isDryRun
    self.limit = Nullable(limit)
    artifacts = report.artifacts
    actions = report.actions
    records = report.records
    evictedBytes = report.evictedBytes
    bytesBefore = report.bytesBefore
    bytesAfter = report.bytesAfter
    roots = report.roots
    inUse = report.inUse
  }
}
