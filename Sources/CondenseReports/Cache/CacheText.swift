import CondenseEngine
import CondenseStore
import Foundation

/// What the `cache` commands print for people.
package enum CacheText {
  package static func lines(_ statistics: StoreStatistics, folder: String, limit: Int) -> String {
    var table = TextTable([.left, .right, .right])
    table.add("", "count", "bytes")
    table.add("artifacts in the index", "\(statistics.inline.count)", Figures.bytes(statistics.inline.bytes))
    table.add("artifacts as files", "\(statistics.objects.count)", Figures.bytes(statistics.objects.bytes))
    for (days, amount) in statistics.ages {
      let name = days.map { "  used within \($0) day\($0 == 1 ? "" : "s")" } ?? "  used before that"
      table.add(name, "\(amount.count)", Figures.bytes(amount.bytes))
    }
    table.add("  made outputs", "\(statistics.roots.count)", Figures.bytes(statistics.roots.bytes))
    table.add("actions", "\(statistics.actions)")
    table.add("notes", "\(statistics.notes)")
    table.add("file records", "\(statistics.fileRecords)")
    var lines = ["\(folder)", "\(Figures.bytes(statistics.bytes)) of \(Figures.bytes(limit))"]
    lines += table.lines(indent: "  ")
    for workspace in statistics.workspaces {
      let builds = workspace.builds.count
      lines.append(
        "workspace \(workspace.root)  \(builds) build\(builds == 1 ? "" : "s"), seen \(date(workspace.seen))")
    }
    return lines.joined(separator: "\n")
  }

  package static func lines(_ report: VerificationReport) -> String {
    var lines = report.problems.map { problem in
      "\(problem.kind.rawValue): \(problem.place): \(problem.detail)\(problem.isDropped ? "; dropped" : "")"
    }
    let found = report.problems.isEmpty ? "all sound" : "\(report.problems.count) found damaged or out of place"
    lines.append(
      "\(report.artifacts) artifacts of \(Figures.bytes(report.bytes)) and \(report.records) records: \(found)")
    return lines.joined(separator: "\n")
  }

  package static func lines(_ report: EvictionReport, limit: Int?, isDryRun: Bool) -> String {
    let (evicted, takes) = isDryRun ? ("would evict", "would take") : ("evicted", "takes")
    var lines = [
      "\(evicted) \(report.artifacts) artifacts of \(Figures.bytes(report.evictedBytes)) with \(report.actions) actions, "
        + "and \(report.records) old records",
      "the store \(takes) \(Figures.bytes(report.bytesAfter)), before \(Figures.bytes(report.bytesBefore))",
    ]
    if let limit, report.bytesAfter > limit {
      lines.append(
        "over the limit of \(Figures.bytes(limit)): \(report.roots) artifacts made outputs that are still wanted"
          + (report.inUse > 0 ? ", and builds are running" : ""))
    }
    return lines.joined(separator: "\n")
  }

  /// The hour of a use, as a date.
  package static func date(_ hours: Int) -> String {
    Date(timeIntervalSince1970: Double(hours) * 3600).formatted(
      Date.ISO8601FormatStyle(timeZone: .current).year().month().day())
  }
}
