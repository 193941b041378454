import CondenseEngine
import Foundation

/// Builds of a workspace's log as people read them.
package enum HistoryText {
  package static func table(_ builds: [BuildLogEntry]) -> String {
    var table = TextTable([.right, .left, .left, .right, .right, .right, .left])
    table.add("build", "when", "outcome", "time", "ran", "cached", "pipelines")
    for build in builds {
      table.add(
        "\(build.build)", date(build.started), build.outcome.rawValue, Figures.seconds(build.seconds),
        "\(build.actions.ran)", "\(build.actions.cached)", pipelines(build))
    }
    return table.lines(indent: "").joined(separator: "\n")
  }

  package static func detail(_ build: BuildLogEntry, _ workspace: Workspace) -> String {
    var lines = [
      "\(workspace.root)",
      "build \(build.build), \(date(build.started)): \(build.outcome.rawValue) in \(Figures.seconds(build.seconds)), "
        + "\(build.actions.ran) of \(build.actions.total) actions ran",
    ]
    for pipeline in build.pipelines {
      let size = pipeline.bytes > 0 ? "  \(Figures.bytes(pipeline.bytes))" : ""
      lines.append("  \(pipeline.name)  \(pipeline.status.rawValue)\(size)\(pipeline.error.map { "  \($0)" } ?? "")")
    }
    if build.unchanged > 0 { lines.append("  \(build.unchanged) unchanged") }
    return lines.joined(separator: "\n")
  }

  private static func pipelines(_ build: BuildLogEntry) -> String {
    let names = build.pipelines.prefix(3).map(\.name) + (build.pipelines.count > 3 ? ["…"] : [])
    return (names + (build.unchanged > 0 ? ["\(build.unchanged) unchanged"] : [])).joined(separator: ", ")
  }

  private static func date(_ seconds: Double) -> String {
    Date(timeIntervalSince1970: seconds).formatted(
      Date.ISO8601FormatStyle(timeZone: .current).dateSeparator(.dash).dateTimeSeparator(.space))
  }
}
