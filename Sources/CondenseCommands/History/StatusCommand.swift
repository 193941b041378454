import ArgumentParser
import CondenseReports
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
