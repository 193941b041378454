import CondenseEngine
import CondensePipelines
import Foundation
import TestSupport
import Testing

/// For each kind of change: what runs is exactly what must, and `why` names what somebody did.
@Suite("Kinds of change")
struct ChangeTests {
  private static let changes = Change.parameters + Change.stages + Change.models + Change.files + Change.compositions

  @Test(
    "Exactly what a change invalidates runs, and the true cause is named, with the fast path and without",
    arguments: changes, [true, false])
  func change(_ change: Change, usesRecords: Bool) throws {
    let workspace = try TemporaryWorkspace()
    let file = String(change.pipeline.prefix { $0 != "[" })
    for step in change.before {
      try step(workspace)
      _ = try workspace.build(file == "q" ? "p" : file, keepGoing: true, usesRecords: usesRecords)
    }
    try change.edit(workspace)
    let result = try workspace.build(file, usesRecords: usesRecords)
    #expect(result.diagnostics.map(\.diagnostic.message) == [])
    #expect(result.report.pipelines.compactMap(\.error) == [])

    let explanation = try #require(Explanation(of: change.pipeline, in: Workspace(root: workspace.root)))
    let ran = explanation.actions.filter(\.ran)
    #expect(result.report.actions.ran == ran.count + change.ranElsewhere)
    let names = Dictionary(grouping: ran) { $0.stage + ($0.kind == .apply ? "" : " \($0.kind)") }
    #expect(names.mapValues { Set($0.map { $0.tensor ?? "" }) } == change.ran)
    let why = Dictionary(grouping: ran, by: \.stage).mapValues { actions in
      Set(actions.map { "\($0.cause.root.kind): \($0.cause.root)" }).map { text in
        text.replacing(workspace.root + "/", with: "")
      }.sorted()
    }
    #expect(why == why.reduce(into: [:]) { $0[$1.key] = (change.why[$1.key] ?? change.why["*"]).map { [$0] } ?? [] })
    let places = Set(ran.compactMap { Self.text($0.cause.root.place, in: workspace) })
    #expect(places == (change.place.map { [$0] } ?? []))
    #expect(Set(explanation.actions.filter { !$0.ran }.map(\.cause.kind)).isSubset(of: change.reused))
    #expect(explanation.outputs.map(\.reason) == change.outputs)

    // Nothing is left to do, and that is what is said.
    #expect(try workspace.build(file, usesRecords: usesRecords).report.actions.ran == 0)
    let again = try #require(Explanation(of: change.pipeline, in: Workspace(root: workspace.root)))
    #expect(again.actions.allSatisfy { $0.cause == .same } && again.outputs.allSatisfy { $0.reason == .unchanged })
  }

  private static func text(_ place: Place?, in workspace: TemporaryWorkspace) -> String? {
    place.map {
      "\($0.file.replacing(workspace.root + "/", with: "")):\($0.range.start.line):\($0.range.start.column)"
    }
  }

  @Test("There are at least 30 kinds, each with a name of its own")
  func count() {
    #expect(Set(Self.changes.map(\.name)).count == Self.changes.count && Self.changes.count >= 30)
  }
}
