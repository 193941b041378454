import CondenseEngine
import Foundation
import Testing

@testable import CondenseDaemon

@Suite("A daemon and a checkout") struct CheckoutTests {
  private static let count = 300

  @discardableResult
  private static func git(_ arguments: String..., in folder: String) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["git", "-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.com"] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  @Test("Another branch with 300 other pipelines is one build, and going back runs nothing") func branches()
    async throws
  {
    let workspace = try DaemonWorkspace()
    let folder = workspace.root
    try #require(CheckoutTests.git("init", "--quiet", "-b", "first", in: folder) == 0)
    try workspace.write("build/\nstore/\n", to: ".gitignore")
    func writeAll(_ bits: Int) throws {
      for number in 0..<CheckoutTests.count {
        let stages = "[{prune: {sparsity: 0.\(100 + number)}}, {cluster: {bits: \(bits)}}]"
        try workspace.writePipeline("p\(number)", stages)
      }
    }
    try writeAll(1)
    try CheckoutTests.git("add", ".", in: folder)
    try #require(CheckoutTests.git("commit", "--quiet", "-m", "first", in: folder) == 0)
    try #require(CheckoutTests.git("checkout", "--quiet", "-b", "second", in: folder) == 0)
    try writeAll(2)
    try #require(CheckoutTests.git("commit", "--quiet", "-am", "second", in: folder) == 0)
    // Another process of the machine may keep git from going on for a while.
    try await withDaemon(workspace, { $0.settling.quiet = .seconds(1) }) { daemon in
      let second = try workspace.output("p7")
      let builds = workspace.builds().count
      try #require(CheckoutTests.git("checkout", "--quiet", "first", in: folder) == 0)
      try daemon.wait(for: "the build") { workspace.builds().count > builds }
      try daemon.settle()
      let first = try #require(workspace.builds().last)
      #expect(workspace.builds().count == builds + 1)
      #expect(first.outcome == .done)
      #expect(first.pipelines.count == CheckoutTests.count)
      #expect(daemon.service.pipelines.byName.values.allSatisfy { $0.report.error == nil })
      let clean = try workspace.cleanOutputs()
      #expect(clean.count == CheckoutTests.count)
      #expect(clean.allSatisfy { (try? workspace.data("build/\($0.key)")) == $0.value })

      try #require(CheckoutTests.git("checkout", "--quiet", "second", in: folder) == 0)
      try daemon.wait(for: "the build") { workspace.builds().count > builds + 1 }
      try daemon.settle()
      #expect(workspace.builds().count == builds + 2)
      #expect(workspace.builds().last?.actions.ran == 0)
      #expect(try workspace.output("p7") == second)
    }
  }
}
