import CondenseTensors
import Foundation
import TestSupport
import Testing

@testable import CondenseEngine

@Suite("A build's trace")
struct BuildTraceTests {
  private struct Document: Decodable {
    var traceEvents: [Event]

    struct Event: Decodable {
      var name: String
      var ph: String
      var tid: Int
      var cat: String?
      var ts: Double?
      var dur: Double?
    }
  }

  @Test("It names every action with its tensor, and no two things overlap on one worker's lane")
  func spans() throws {
    let workspace = try TemporaryWorkspace()
    var random = SeededGenerator(seed: 3)
    try workspace.writeModel(try ["a", "b", "c"].map { ($0, try Tensor.randomWeights([64, 64], using: &random)) })
    try workspace.writePipeline("p", stages: "[prune: {sparsity: 0.5, scope: model}, huffman]")
    let trace = BuildTrace()
    let report = try workspace.build("p", trace: trace).report
    let document = try JSONDecoder().decode(Document.self, from: trace.json())
    let spans = document.traceEvents.filter { $0.ph == "X" }
    let expected = ["a", "b", "c"].flatMap { ["measure for prune \($0)", "prune \($0)", "huffman \($0)"] }
    #expect(
      spans.filter { $0.cat == "action" }.map(\.name).sorted() == (expected + ["allocate for prune"]).sorted())
    #expect(report.actions.ran == 10)
    #expect(Set(spans.compactMap(\.cat)) == ["read", "hash", "look up", "action", "compare", "store", "publish"])
    for (lane, spans) in Dictionary(grouping: spans, by: \.tid) {
      #expect(document.traceEvents.contains { $0.ph == "M" && $0.tid == lane })
      var end = 0.0
      for span in spans.sorted(by: { ($0.ts ?? 0) < ($1.ts ?? 0) }) {
        let start = try #require(span.ts)
        // Microseconds with fractions: the last digit may be off.
        #expect(start >= end - 0.01, "\(span.name) on lane \(lane)")
        end = start + (try #require(span.dur))
      }
    }
  }
}
