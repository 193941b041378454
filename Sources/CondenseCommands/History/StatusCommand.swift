import ArgumentParser
import CondenseEngine
import Foundation

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Tells what was last built in the workspace.")

  @OptionGroup var location: WorkspaceOptions

  @Flag(help: "List the last builds, newest first.")
  var history = false

  @Option(help: ArgumentHelp("How many builds to list.", valueName: "count"))
  var limit = 20

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit is a number from 1, not \(limit)") }
  }

  func run() throws {
    let console = Console()
    let workspace = try location.resolvedWorkspace()
    let builds = BuildLog(workspace)?.entries(limit: history ? limit : 1) ?? []
    if json {
      console.result(try JSONOutput.text(StatusDocument(workspace: workspace.root, builds: builds)))
      return
    }
    guard !builds.isEmpty else {
      console.result("nothing has been built in \(workspace.root) yet")
      return
    }
    console.result(history ? HistoryText.table(builds) : HistoryText.detail(builds[0], workspace))
  }
}

/// What `condense status --json` prints.
struct StatusDocument: Encodable {
  var workspace: String
  var builds: [BuildLogEntry]
}

private enum HistoryText {
  static func table(_ builds: [BuildLogEntry]) -> String {
    var table = TextTable([.right, .left, .left, .right, .right, .right, .left])
    table.add("build", "when", "outcome", "time", "ran", "cached", "pipelines")
    for build in builds {
      table.add(
        "\(build.build)", date(build.started), build.outcome.rawValue, Figures.seconds(build.seconds),
        "\(build.actions.ran)", "\(build.actions.cached)", pipelines(build))
    }
    return table.lines(indent: "").joined(separator: "\n")
  }

  static func detail(_ build: BuildLogEntry, _ workspace: Workspace) -> String {
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
