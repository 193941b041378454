import Foundation
import Testing

@testable import CondenseEngine

@Suite("The log of builds") struct BuildLogTests {
  @Test("What is written is read again, whatever the texts in it") func roundTrip() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/log-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let log = BuildLog(folder: folder)
    var actions = ActionCounts()
    (actions.total, actions.ran, actions.cached) = (3, 1, 2)
    var written: [BuildLogEntry] = []
    for (number, outcome) in [BuildLogEntry.Outcome.done, .failed, .invalid, .withdrawn].enumerated() {
      let pipeline = BuildLogEntry.Pipeline(
        name: "a\"b\\[bits=4]", file: "/w/é\n\u{1}/x.yaml", status: .failed, actions: actions, bytes: 7,
        error: number == 0 ? nil : "line one\n\tline two\u{7F}")
      var entry = BuildLogEntry(
        started: 1_795_570_714.416_908_3 + Double(number), seconds: 0.000_001 * Double(number), outcome: outcome,
        actions: actions, pipelines: [pipeline, pipeline], unchanged: number)
      entry.build = try log.append(entry, passedOver: ["p", "q"])
      written.append(entry)
    }
    #expect(log.entries(limit: 10) == written.reversed())
    #expect(written.map(\.build) == [1, 2, 3, 4])
    #expect(log.last.passedOver == ["p", "q"])
  }
}
