import CondenseEngine
import CondenseReports
import CondenseStore
import Foundation
import Logging
import TestSupport
import Testing

@testable import CondenseDaemon

/// A daemon in this process, without signals, for the time of a test.
final class RunningDaemon: Sendable {
  let workspace: DaemonWorkspace
  let daemon: Daemon
  private let happenings: Happenings

  static let version = "1.2.3"

  init(_ workspace: DaemonWorkspace, _ configure: (inout DaemonOptions) -> Void = { _ in }) throws {
    let happenings = Happenings()
    let store = workspace.root + "/store"
    var options = DaemonOptions(
      workspace: Workspace(root: workspace.root), stages: workspace.stages, formats: .builtIn,
      version: RunningDaemon.version, storeFolder: { _ in store }, listen: ("127.0.0.1", 0),
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    // However slow the machine is, a test that holds a file back does it on purpose.
    options.modelPatience = 60
    configure(&options)
    self.workspace = workspace
    self.happenings = happenings
    daemon = try Daemon(options) { happenings.insert($0) }
  }

  var service: WorkspaceService { daemon.service }

  func start() { daemon.start() }

  // MARK: What happened

  func state(_ name: String) -> PipelineState? { service.pipelines.byName[name] }

  /// How often a pipeline was told to have a new output.
  func builtCount(_ name: String) -> Int {
    happenings.events.count {
      guard case .changed(let state) = $0, state.report.name == name else { return false }
      return state.report.outputs.contains(where: \.wasWritten)
    }
  }

  /// How often anything was told of a pipeline.
  func toldCount(_ name: String) -> Int {
    happenings.events.count { if case .changed(let state) = $0 { state.report.name == name } else { false } }
  }

  /// The errors that a pipeline was told to have, in order.
  func errors(_ name: String) -> [String] {
    happenings.events.compactMap {
      if case .changed(let state) = $0, state.report.name == name { state.report.error } else { nil }
    }
  }

  func removals() -> [String] {
    happenings.events.compactMap { if case .removed(let name) = $0 { name } else { nil } }
  }

  /// Waits until something holds; looks whenever something happens. Fails the test rather than hang it.
  func wait(
    for what: String, _ location: SourceLocation = #_sourceLocation, until holds: () throws -> Bool
  ) throws {
    try happenings.wait(for: what, location, until: holds)
  }

  func waitUntilWell(_ name: String, _ location: SourceLocation = #_sourceLocation) throws {
    try wait(for: "'\(name)' to be built", location) {
      state(name).map { $0.report.error == nil && !$0.report.outputs.isEmpty } ?? false
    }
    try settle(location)
  }

  func waitForError(_ name: String, _ location: SourceLocation = #_sourceLocation) throws {
    try wait(for: "'\(name)' to have an error", location) { state(name)?.report.error != nil }
    try settle(location)
  }

  /// Waits until everything that was changed before the call has been seen, and nothing is left to do.
  func settle(_ location: SourceLocation = #_sourceLocation) throws {
    daemon.watcher.flush()
    try wait(for: "everything to settle", location) {
      daemon.settler.waitingCount == 0 && service.queueDepth == 0 && service.current == nil
    }
  }

  /// Waits until the outputs are what a clean build makes of the files.
  func waitForCleanOutputs(_ location: SourceLocation = #_sourceLocation) throws {
    let clean = try workspace.cleanOutputs()
    try wait(for: "the outputs to be a clean build's", location) {
      clean.allSatisfy { (try? workspace.data("build/\($0.key)")) == $0.value }
    }
    try settle(location)
  }
}

/// Runs a test's body with a daemon that has looked at everything once, on a thread of its own: the body waits, and the
/// daemon's answers need the tasks' threads.
func withDaemon(
  _ workspace: DaemonWorkspace, _ configure: @escaping @Sendable (inout DaemonOptions) -> Void = { _ in },
  _ body: @escaping @Sendable (RunningDaemon) throws -> Void
) async throws {
  await DaemonSlots.shared.take()
  let result: Result<Void, any Error>
  do {
    let running = try await onThread { try RunningDaemon(workspace, configure) }.get()
    result = await onThread {
      running.start()
      try running.settle()
      try body(running)
    }
    await running.daemon.stop()
  } catch {
    result = .failure(error)
  }
  await DaemonSlots.shared.giveBack()
  try result.get()
}

/// How many daemons run at a time: a machine of two cores has enough to do with three.
private actor DaemonSlots {
  static let shared = DaemonSlots()
  private var free = 3
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func take() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  func giveBack() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}

func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async -> Result<Value, any Error> {
  await withCheckedContinuation { continuation in
    Thread { continuation.resume(returning: Result { try body() }) }.start()
  }
}

/// What a service told, and a way to wait for more.
private final class Happenings: @unchecked Sendable {
  private let condition = NSCondition()
  private var told: [ServiceEvent] = []

  struct Timeout: Error, CustomStringConvertible { var description: String }

  var events: [ServiceEvent] {
    condition.lock()
    defer { condition.unlock() }
    return told
  }

  func insert(_ event: ServiceEvent) {
    condition.lock()
    told.append(event)
    condition.broadcast()
    condition.unlock()
  }

  func wait(for what: String, _ location: SourceLocation, until holds: () throws -> Bool) throws {
    let deadline = Date() + Double(longestWait)
    while try !holds() {
      guard Date() < deadline else {
        Issue.record("waited in vain for \(what)", sourceLocation: location)
        throw Timeout(description: what)
      }
      condition.lock()
      // Not all that is waited for is told.
      _ = condition.wait(until: Date() + 0.01)
      condition.unlock()
    }
  }
}
