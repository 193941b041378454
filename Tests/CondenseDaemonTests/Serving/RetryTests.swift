import CondenseFiles
import Foundation
import Testing

@testable import CondenseDaemon

@Suite("A daemon and failures that pass") struct RetryTests {
  @Test("What failed for no fault of a file is tried again, though no event tells that it is time") func again()
    async throws
  {
    let workspace = try DaemonWorkspace()
    // A file in the place of the store's folder, which nobody watches.
    try workspace.write("in the way", to: "store")
    try workspace.writePipeline("digits")
    try await withDaemon(workspace, { $0.firstRetry = 0.05 }) { daemon in
      try daemon.wait(for: "an error") { daemon.state("digits")?.report.error != nil }
      #expect(daemon.state("digits")?.report.isInvalid == false)
      try workspace.remove("store")
      try daemon.wait(for: "it to be built") {
        daemon.state("digits").map { $0.report.error == nil && !$0.report.outputs.isEmpty } ?? false
      }
      try daemon.waitForCleanOutputs()
      // Told once, however often it was tried.
      #expect(daemon.errors("digits").count == 1)
    }
  }
}
