import CondenseEngine
import CondenseReports
import Foundation

/// What the daemon tells of itself and what it serves: `GET /api/status`.
package struct ServiceDocument: Codable, Sendable {
  package struct Daemon: Codable, Sendable {
    package var pid: Int32
    /// Seconds since 1970.
    package var started: Double
    package var version: String
    package var socket: String
    /// For example `http://127.0.0.1:4117`.
    package var address: String?
    /// The file that holds the token for what changes something.
    package var tokenFile: String
    package var store: String
    /// `inotify`, `fsevents`, `scanning`, or the first and the last.
    package var watching: String
    package var watches: Int
    /// Why it does not watch as it would like to.
    package var degraded: String?
    package var queueDepth: Int
  }

  package var workspace: String
  package var daemon: Daemon
  /// What runs now.
  package var building: BuildStateDocument?
  package var pipelines: [PipelineStateDocument]
  /// What is wrong with the workspace itself, as people read it.
  package var problems: [String]
}

/// A pipeline that the daemon serves.
package struct PipelineStateDocument: Codable, Sendable {
  package struct Output: Codable, Sendable {
    package var path: String
    package var bytes: Int
    package var sha256: String
  }

  package var name: String
  package var file: String
  /// `built`, `cached`, `failed` or `invalid`.
  package var status: String
  package var error: String?
  /// What there is to say about its file, with line and column.
  package var diagnostics: [String]
  package var actions: ActionCounts
  package var outputs: [Output]
  /// Source file bytes over the first output's bytes.
  package var ratio: Double?
  /// When the daemon last built it or found it wrong, in seconds since 1970.
  package var changed: Double?
  /// The number of that build.
  package var build: Int?

  init(_ state: PipelineState) {
    let report = state.report
    name = report.name
    file = report.file
    status = report.isInvalid ? "invalid" : report.status.rawValue
    error = report.error
    diagnostics = state.diagnostics
    actions = report.actions
    outputs = report.outputs.map { Output(path: $0.path, bytes: $0.bytes, sha256: $0.sha256) }
    ratio = report.metrics?.ratio
    changed = state.changed
    build = state.build
  }
}

/// A build that the daemon runs or ran.
package struct BuildStateDocument: Codable, Sendable {
  /// Unique in the daemon's life.
  package var id: Int
  /// `sweep` where the daemon began it, `request` where somebody asked for it.
  package var kind: String
  /// Seconds since 1970; null while it waits.
  package var started: Double?
  package var seconds: Double?
  /// `waiting` for its turn, `running`, or how it ended: `done`, `failed`, `invalid`, `withdrawn`.
  package var state: String
  package var finishedActions: Int
  package var ranActions: Int
  package var totalActions: Int
  /// Its number in the workspace's log; null while it runs, or where nothing was to do.
  package var number: Int?

  init(_ build: DaemonBuild) {
    let now = build.now
    id = build.id
    kind = build.isSweep ? "sweep" : "request"
    started = now.started
    seconds = now.seconds
    state = now.outcome?.rawValue ?? (now.seconds == nil ? "running" : "done")
    finishedActions = now.progress.finishedActions
    ranActions = now.actions?.ran ?? now.progress.ranActions
    totalActions = now.actions?.total ?? now.progress.totalActions
    number = now.number
  }

  /// A request whose turn has not come.
  init(waiting id: Int) {
    self.id = id
    kind = "request"
    state = "waiting"
    (finishedActions, ranActions, totalActions) = (0, 0, 0)
  }
}
