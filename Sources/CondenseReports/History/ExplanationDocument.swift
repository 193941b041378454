import CondenseEngine

/// What `condense why --json` prints.
package struct ExplanationDocument: Encodable {
  package var pipeline: String
  package var build: Int
  package var actions: [Action]
  package var outputs: [Output]

  package struct Action: Encodable {
    var stage: String
    var kind: Explanation.Kind
    var tensor: Nullable<String>
    var ran: Bool
    var cause: CauseDocument
    /// The whole chain in words.
    var text: String

    init(_ action: Explanation.Action) {
      stage = action.stage
      kind = action.kind
      tensor = Nullable(action.tensor)
      ran = action.ran
      cause = CauseDocument(action.cause)
      text = "\(action.cause)"
    }
  }

  package struct Output: Encodable {
    var path: String
    var reason: String
  }

  /// The first difference, and behind a consequence what it follows from.
  package final class CauseDocument: Encodable {
    let kind: String
    let name: Nullable<String>
    let from: Nullable<String>
    let to: Nullable<String>
    /// Where the difference was written: `file:line:column`.
    let place: Nullable<String>
    let because: CauseDocument?

    init(_ cause: Cause) {
      kind = cause.kind
      let change = cause.change
      name = Nullable(change.name)
      from = Nullable(change.from)
      to = Nullable(change.to)
      place = Nullable(cause.place.map { "\($0.file):\($0.range.start.line):\($0.range.start.column)" })
      because = cause.because.map { CauseDocument($0) }
    }
  }

  package init(_ explanation: Explanation) {
    pipeline = explanation.pipeline
    build = explanation.build
    actions = explanation.actions.map { Action($0) }
    outputs = explanation.outputs.map { Output(path: $0.path, reason: $0.reason.word) }
  }
}
