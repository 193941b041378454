import ArgumentParser
import CondenseDaemon
import CondenseEngine
import CondenseReports
import Foundation

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Tells what the daemon serves and does, and what was last built in the workspace.")

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
    let workspace = try location.resolvedWorkspace(allowsErrors: true)
    let builds = BuildLog(workspace)?.entries(limit: history ? limit : 1) ?? []
    var service: ServiceDocument?
    do {
      service = try DaemonClient(workspace)?.status()
    } catch {
      console.note("note: \(error)")
    }
    if json {
      console.result(
        try JSONOutput.text(StatusDocument(workspace: workspace.root, service: service, builds: builds)))
      return
    }
    if history {
      console.result(HistoryText.table(builds))
      return
    }
    if let service { console.result(ServiceText.text(service, workspace: workspace)) }
    guard let last = builds.first else {
      if service == nil { console.result("nothing has been built in \(workspace.root) yet") }
      return
    }
    console.result((service == nil ? "" : "\n") + HistoryText.detail(last, workspace))
  }
}

/// What `condense status --json` prints.
struct StatusDocument: Encodable {
  var workspace: String
  /// Null where none answers.
  var daemon: Nullable<ServiceDocument.Daemon>
  var building: Nullable<BuildStateDocument>
  /// What the daemon serves; empty where there is none.
  var pipelines: [PipelineStateDocument]
  var problems: [String]
  var builds: [BuildLogEntry]

  init(workspace: String, service: ServiceDocument?, builds: [BuildLogEntry]) {
    self.workspace = workspace
    daemon = Nullable(service?.daemon)
    building = Nullable(service?.building)
    pipelines = service?.pipelines ?? []
    problems = service?.problems ?? []
    self.builds = builds
  }
}

/// What the daemon serves and does, as people read it.
private enum ServiceText {
  static func text(_ service: ServiceDocument, workspace: Workspace) -> String {
    let daemon = service.daemon
    let since = Date(timeIntervalSince1970: daemon.started).formatted(
      Date.ISO8601FormatStyle(timeZone: .current).dateSeparator(.dash).dateTimeSeparator(.space))
    var lines = [
      "daemon  process \(daemon.pid), condense \(daemon.version), since \(since)",
      "  \(daemon.address ?? "no port"), \(daemon.socket)",
      "  watching: \(daemon.watching), \(daemon.watches) watches",
    ]
    if let reason = daemon.degraded { lines.append("  \(reason)") }
    if let building = service.building {
      lines.append(
        "  building: \(building.finishedActions) of \(building.totalActions) actions, \(building.ranActions) ran")
    }
    lines += service.problems
    let failed = service.pipelines.filter { $0.error != nil }
    lines.append("  \(service.pipelines.count) pipelines, \(failed.count) with errors")
    if service.pipelines.count <= shown {
      var table = TextTable([.left, .left, .right, .right])
      for pipeline in service.pipelines where pipeline.error == nil {
        table.add(
          pipeline.name, pipeline.status, pipeline.outputs.first.map { Figures.bytes($0.bytes) } ?? "",
          pipeline.ratio.map { Figures.ratio($0) } ?? "")
      }
      lines += table.lines(indent: "  ")
    }
    for pipeline in failed {
      lines.append("  \(pipeline.name)  \(pipeline.status)")
      let texts = pipeline.diagnostics.isEmpty ? [pipeline.error ?? ""] : pipeline.diagnostics
      lines += texts.flatMap { $0.split(separator: "\n").map { "    \($0)" } }
    }
    return lines.joined(separator: "\n")
  }

  /// Pipelines that are well are listed up to so many.
  private static let shown = 50
}
