import CondenseStore

/// What `condense cache stats --json` prints.
struct CacheStatsDocument: Encodable {
  struct Amount: Encodable {
    var count: Int
    var bytes: Int

    init(_ amount: StoreStatistics.Amount) {
      count = amount.count
      bytes = amount.bytes
    }
  }

  struct Age: Encodable {
    /// Days since the last use; null for more than the others say.
    var withinDays: Nullable<Int>
    var count: Int
    var bytes: Int
  }

  struct Workspace: Encodable {
    var root: String
    /// Seconds since 1970.
    var seen: Int
    var builds: Int
  }

  var folder: String
  var limit: Int
  var bytes: Int
  var indexBytes: Int
  var inline: Amount
  var objects: Amount
  var roots: Amount
  var actions: Int
  var notes: Int
  var fileRecords: Int
  var ages: [Age]
  var workspaces: [Workspace]

  init(_ statistics: StoreStatistics, folder: String, limit: Int) {
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
struct CacheVerifyDocument: Encodable {
  struct Problem: Encodable {
    var kind: String
    var place: String
    var detail: String
    var dropped: Bool
  }

  var folder: String
  var artifacts: Int
  var bytes: Int
  var records: Int
  var problems: [Problem]

  init(_ report: VerificationReport, folder: String) {
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
struct CacheCollectDocument: Encodable {
  var folder: String
  var dryRun: Bool
  var limit: Nullable<Int>
  var artifacts: Int
  var actions: Int
  var records: Int
  var evictedBytes: Int
  var bytesBefore: Int
  var bytesAfter: Int
  var roots: Int
  var inUse: Int

  init(_ report: EvictionReport, folder: String, limit: Int?, isDryRun: Bool) {
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
