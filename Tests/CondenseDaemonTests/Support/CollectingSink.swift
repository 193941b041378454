import CondenseEngine
import CondenseReports
import CondenseStore
import Foundation
import Testing

@testable import CondenseDaemon

/// Keeps what a command would show.
final class CollectingSink: ReportSink {
  let style = TextStyle.plain
  private let said = Locked((results: [String](), notes: [String]()))

  var results: [String] { said.withLock { $0.results } }
  var notes: [String] { said.withLock { $0.notes } }

  func result(_ text: String) { said.withLock { $0.results.append(text) } }
  func note(_ text: String) { said.withLock { $0.notes.append(text) } }
  func log(_ line: String) { note(line) }
  func progress(_ progress: BuildProgress) {}
  func endProgress() {}
}

extension RunningDaemon {
  /// As `condense build` would, over the socket.
  func build(
    _ paths: [String] = [], sink: CollectingSink = CollectingSink(), version: String = RunningDaemon.version
  ) throws -> CondenseReports.ExitStatus {
    let client = try #require(DaemonClient(Workspace(root: workspace.root)))
    return try client.build(
      BuildInvocation(paths: paths), version: version, program: daemon.record.program,
      store: service.currentStoreFolder, sink: sink)
  }
}
