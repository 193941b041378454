import CondenseEngine
import CondenseReports
import CondenseStages
import CondenseStore
import Foundation
import TestSupport
import Testing

@testable import CondenseDaemon

@Suite("A daemon whose builds are interrupted") struct InterruptionTests {
  private static func gated() throws -> (DaemonWorkspace, Gate) {
    let gate = Gate()
    return (try DaemonWorkspace(stages: .withGate(gate)), gate)
  }

  private static func stages(_ level: Int) -> String { "[{prune: {sparsity: 0.5}}, {gate: {level: \(level)}}]" }

  /// Waits until the current build is told to end.
  private static func waitForWithdrawal(_ daemon: RunningDaemon) throws {
    try daemon.wait(for: "the build to be withdrawn") { daemon.service.current?.withdrawal.isWithdrawn ?? false }
  }

  @Test("A change to what is being built starts it over, and what had finished is kept; others are built too")
  func startsOver() async throws {
    let (workspace, gate) = try InterruptionTests.gated()
    try await withDaemon(workspace) { daemon in
      try workspace.writePipeline("slow", InterruptionTests.stages(1))
      try daemon.wait(for: "the stage to run") { gate.arrivalCount > 0 }
      try workspace.writePipeline("slow", InterruptionTests.stages(2))
      try workspace.writePipeline("other")
      try InterruptionTests.waitForWithdrawal(daemon)
      gate.open()
      try daemon.waitUntilWell("slow")
      try daemon.waitUntilWell("other")
      let stages = try #require(daemon.state("slow")).report.stages
      #expect(stages.map(\.actions.ran) == [0, 2])
      // What ran when it was withdrawn came to its end, and was kept too.
      let builds = workspace.builds().count
      try workspace.writePipeline("slow", InterruptionTests.stages(1))
      try daemon.settle()
      // With both tensors kept there is nothing to do, which is not logged.
      #expect(workspace.builds().dropFirst(builds).allSatisfy { $0.actions.ran < 2 })
      try daemon.waitForCleanOutputs()
    }
  }

  @Test("A command that goes away during its build has it withdrawn, and leaves nothing behind") func disconnect()
    async throws
  {
    let (workspace, gate) = try InterruptionTests.gated()
    try await withDaemon(workspace) { daemon in
      try workspace.write(
        "model: ../model.safetensors\nstages: \(InterruptionTests.stages(1))\noutputs: [../build/slow.condensed]\n",
        to: "elsewhere/slow.yaml")
      let folder = DaemonFolder(Workspace(root: workspace.root))
      var connection: UnixSocketConnection? = try UnixSocketConnection(
        to: daemon.daemon.record.socket, patience: longestWait)
      let request = ControlRequest(
        invocation: BuildInvocation(paths: [workspace.path("elsewhere/slow.yaml")]),
        store: daemon.service.currentStoreFolder, style: .plain)
      let status = try connection?.request(
        "POST", "/control/build", token: AccessToken(in: folder).text, body: [UInt8](JSONEncoder().encode(request)))
      #expect(status == 200)
      try daemon.wait(for: "the stage to run") { gate.arrivalCount > 0 }
      let id = try #require(daemon.service.current?.request)
      connection = nil
      try InterruptionTests.waitForWithdrawal(daemon)
      // A change to what nobody wants any more does not bring it back.
      daemon.service.sweep()
      gate.open()
      try daemon.settle()
      #expect(!daemon.service.isWaiting(id))
      #expect(daemon.service.builds.count { $0.request == id } == 1)
      #expect(!FileManager.default.fileExists(atPath: workspace.path("build/slow.condensed")))
      #expect(try daemon.build([workspace.path("elsewhere/slow.yaml")]) == .done)
    }
  }

  @Test("A command's build goes before a sweep, and starts over where its files change") func requestDuringSweep()
    async throws
  {
    let (workspace, gate) = try InterruptionTests.gated()
    try await withDaemon(workspace) { daemon in
      try workspace.writePipeline("slow", InterruptionTests.stages(1))
      try daemon.wait(for: "the stage to run") { gate.arrivalCount > 0 }
      try workspace.writePipeline("quick")
      let answer = Locked<CondenseReports.ExitStatus?>(nil)
      let path = workspace.path("pipelines/quick.yaml")
      Thread {
        let status = try? daemon.build([path])
        answer.withLock { $0 = status }
      }.start()
      try InterruptionTests.waitForWithdrawal(daemon)
      gate.open()
      try daemon.wait(for: "the answer") { answer.withLock { $0 } == .done }
      try daemon.waitUntilWell("slow")
    }
  }

  @Test("What another process builds while the daemon is busy shows in the state, and is told") func builtElsewhere()
    async throws
  {
    let (workspace, gate) = try InterruptionTests.gated()
    try workspace.writePipeline("digits")
    try await withDaemon(workspace) { daemon in
      let before = try #require(daemon.state("digits")?.report.outputs.first?.sha256)
      let told = daemon.toldCount("digits")
      try workspace.writePipeline("slow", InterruptionTests.stages(1))
      try daemon.wait(for: "the stage to run") { gate.arrivalCount > 0 }
      try workspace.writePipeline("digits", "[{prune: {sparsity: 0.75}}]")
      let place = Workspace(root: workspace.root)
      let store = try LocalStore(folder: workspace.path("store"))
      let engine = Engine(stages: workspace.stages, formats: .builtIn, store: store)
      let files = [workspace.path("pipelines/digits.yaml")]
      #expect(engine.build(BuildRequest(workspace: place, files: files, jobs: 1)).report.pipelines.count == 1)
      gate.open()
      try daemon.waitUntilWell("slow")
      let after = try #require(daemon.state("digits")?.report.outputs.first?.sha256)
      #expect(after != before)
      #expect(daemon.toldCount("digits") == told + 1)
    }
  }

  @Test("A daemon that is told to end does, though a stage does not; who waits for a build is told") func ends()
    async throws
  {
    let (workspace, gate) = try InterruptionTests.gated()
    try workspace.writePipeline("slow", InterruptionTests.stages(1))
    let daemon = try RunningDaemon(workspace) { $0.grace = .milliseconds(50) }
    let answers = Locked<[String]>([])
    try await onThread {
      daemon.start()
      try daemon.wait(for: "the stage to run") { gate.arrivalCount > 0 }
      Thread {
        do {
          let status = try daemon.build()
          answers.withLock { $0.append("\(status)") }
        } catch { answers.withLock { $0.append("\(error)") } }
      }.start()
      try InterruptionTests.waitForWithdrawal(daemon)
    }.get()
    await daemon.daemon.stop()
    // It is still at it.
    #expect(daemon.service.current != nil)
    #expect(DaemonClient(Workspace(root: workspace.root)) == nil)
    _ = await onThread { try daemon.wait(for: "the answer") { !answers.withLock { $0.isEmpty } } }
    #expect(answers.withLock { $0.first?.contains("ended before the build did") } == true, "\(answers.withLock { $0 })")
    gate.open()
    _ = await onThread { try daemon.wait(for: "the end") { daemon.service.current == nil } }
    #expect(!FileManager.default.fileExists(atPath: workspace.path("build/slow.condensed")))
  }
}
