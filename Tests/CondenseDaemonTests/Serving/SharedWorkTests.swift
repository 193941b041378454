import CondenseEngine
import Foundation
import Testing

@testable import CondenseDaemon

@Suite("Daemons and others") struct SharedWorkTests {
  @Test("Of two daemons with one store the second finds what the first has made") func sharedStore() async throws {
    let (first, second) = (try DaemonWorkspace(), try DaemonWorkspace())
    for workspace in [first, second] {
      try workspace.writePipeline("digits", "[{prune: {sparsity: 0.5}}, {cluster: {bits: 2}}]")
    }
    let store = first.path("store")
    try await withDaemon(first) { daemon in
      #expect(daemon.state("digits")?.report.actions.ran == 4)
    }
    try await withDaemon(second, { $0.storeFolder = { _ in store } }) { daemon in
      #expect(daemon.state("digits")?.report.actions.ran == 0)
      #expect(daemon.state("digits")?.report.actions.cached == 4)
      #expect(try first.output("digits") == second.output("digits"))
      // And what the second makes the third finds, while it runs.
      try second.writePipeline("more", "[{prune: {sparsity: 0.25}}]")
      try daemon.waitUntilWell("more")
    }
    try first.writePipeline("more", "[{prune: {sparsity: 0.25}}]")
    try await withDaemon(first) { daemon in
      #expect(daemon.state("more")?.report.actions.ran == 0)
    }
  }

  @Test("A daemon that was stopped leaves the place to the next, which looks at what changed meanwhile")
  func nextOne() async throws {
    let workspace = try DaemonWorkspace()
    for name in ["a", "b"] { try workspace.writePipeline(name) }
    try await withDaemon(workspace) { daemon in
      #expect(throws: DaemonIsRunning.self) { try RunningDaemon(workspace) }
    }
    try workspace.writePipeline("b", "[{prune: {sparsity: 0.25}}]")
    let builds = workspace.builds().count
    try await withDaemon(workspace) { daemon in
      #expect(daemon.state("a")?.report.status == .cached)
      #expect(daemon.builtCount("a") == 0)
      #expect(daemon.builtCount("b") == 1)
      #expect(workspace.builds().count == builds + 1)
    }
  }

  @Test("To look at everything again, with nothing changed, is no build") func nothingChanged() async throws {
    let workspace = try DaemonWorkspace()
    try workspace.writePipeline("a")
    try await withDaemon(workspace) { daemon in
      daemon.service.sweep()
      try daemon.settle()
      #expect(workspace.builds().count == 1)
      #expect(daemon.service.builds.count == 1)
    }
  }
}
