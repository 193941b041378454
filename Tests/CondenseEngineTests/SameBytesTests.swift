import CondenseEngine
import CondenseStore
import Foundation
import TestSupport
import Testing

/// The same pipelines over the same models give the same bytes, on every machine and whatever way they are made.
@Suite("The same bytes everywhere")
struct SameBytesTests {
  /// SHA-256 of what the samples in `pipelines/` publish. Another digest means that every user's outputs change: raise
  /// the version of the stage that is behind it, then record it here.
  static let digests = [
    "digits-2-bits.condensed": "d3b31dcaac90221396c69317234689e2086dcdfe5a0eff4503e3137d64ceb82c",
    "digits-3-bits.condensed": "04a095173365944545af9e17f4ce2c45c03ed0ce21af610147969e986d8a5177",
    "digits-4-bits.condensed": "6b7d404dff703b003bcfee8de4302cbd718d5621d17a3a0eb891fc550de38e89",
    "digits-int8.condensed": "923a1e4bbf2ffc8be78922ebea891380dbf8a98357e61d8b21c2b0cd5bcc1a8a",
    "digits-lossless.condensed": "17a4d0ab10688d1848abaf9ca6c0df3adbcb86a8a595ba1ee6b9469395c471a8",
    "digits-phone.condensed": "803767502bdfd9145c4b810b044a67e9eea762bac324dc3a71b19caa161cb5ab",
    "digits-tablet.condensed": "e3da06dd61947ae6fd52c616546ccfbe5bc6f19df43663d0301439d5bb0c694c",
    "digits.condensed": "c3c642d5dde247e9b2ad2d706654ca6573b66506fd0bcf1bbe11addcdc04fc07",
  ]

  /// A copy of the samples, so that nothing is written beside them.
  private static func samples() throws -> TemporaryWorkspace {
    let workspace = try TemporaryWorkspace()
    let repository = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized
    try FileManager.default.removeItem(atPath: workspace.path("pipelines"))
    try FileManager.default.copyItem(
      atPath: repository.appending(path: "pipelines").path, toPath: workspace.path("pipelines"))
    return workspace
  }

  private static func published(_ result: BuildResult) -> [String: String] {
    let outputs = result.report.pipelines.flatMap(\.outputs)
    return Dictionary(outputs.map { (($0.path as NSString).lastPathComponent, $0.sha256) }) { first, _ in first }
  }

  @Test("The samples' outputs are the recorded ones, with any number of jobs", arguments: [1, 2, 8])
  func samples(jobs: Int) throws {
    let workspace = try Self.samples()
    workspace.jobs = jobs
    #expect(try Self.published(workspace.build()) == Self.digests)
  }

  @Test("The order in which things are done changes no output", arguments: UInt64(1)...6)
  func shuffled(seed: UInt64) throws {
    let workspace = try Self.samples()
    let generator = Locked(SeededGenerator(seed: seed))
    workspace.jobs = 1 + Int(seed % 3)
    workspace.pick = { count in generator.withLock { Int.random(in: 0..<count, using: &$0) } }
    #expect(try Self.published(workspace.build()) == Self.digests, "seed \(seed)")
  }

  @Test("What a store happens to hold already changes no output")
  func halfWarm() throws {
    let workspace = try Self.samples()
    let first = try workspace.build("digits", "digits-int8")
    #expect(first.report.actions.ran > 0)
    try FileManager.default.removeItem(atPath: workspace.path("build"))
    let second = try workspace.build()
    #expect(second.report.actions.cached > 0 && second.report.actions.ran > 0)
    #expect(Self.published(second) == Self.digests)
  }
}
