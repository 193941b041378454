import ArgumentParser
import CondenseEngine
import CondensePipelines

struct WhyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Tells why each action of a pipeline's last build ran or was reused.")

  @Argument(help: "A pipeline's name.")
  var pipeline: String

  @Argument(help: "Only this tensor, or those that the pattern matches.")
  var tensor: String?

  @OptionGroup var location: WorkspaceOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let console = Console()
    let workspace = try location.resolvedWorkspace()
    guard var explanation = Explanation(of: pipeline, in: workspace) else {
      let known = Set(BuildLog(workspace)?.entries(limit: 1000).flatMap(\.pipelines).map(\.name) ?? []).sorted()
      let nearest = Spelling.nearest(to: pipeline, in: known).map { "; did you mean '\($0)'?" } ?? ""
      console.error("no build of '\(pipeline)' is on record in \(workspace.root)\(nearest)")
      throw ExitCode.failure
    }
    if let tensor {
      let pattern: Glob
      do { pattern = try Glob(tensor) } catch { throw ValidationError("'\(tensor)' is no pattern: \(error.message)") }
      explanation.actions = explanation.actions.filter { $0.tensor.map { pattern.matches($0) } ?? false }
      guard !explanation.actions.isEmpty else {
        console.error("no stage of '\(pipeline)' acts on a tensor '\(tensor)'")
        throw ExitCode.failure
      }
    }
    console.result(
      json
        ? try JSONOutput.text(ExplanationDocument(explanation))
        : ExplanationText.text(explanation, workspace: workspace, namesTensors: tensor != nil))
  }
}

/// An explanation as people read it: actions of a stage with the same cause on one line.
enum ExplanationText {
  static func text(_ explanation: Explanation, workspace: Workspace, namesTensors: Bool) -> String {
    var lines = ["\(explanation.pipeline)  build \(explanation.build)"]
    lines += table(explanation, workspace: workspace, ran: "ran", namesTensors: namesTensors)
    for output in explanation.outputs {
      lines.append("  → \(workspace.displayPath(output.path))  \(output.reason.text)")
    }
    return lines.joined(separator: "\n")
  }

  /// - Parameter ran: the word for actions that are not reused.
  static func table(_ explanation: Explanation, workspace: Workspace, ran: String, namesTensors: Bool) -> [String] {
    var stages: [String] = []
    for action in explanation.actions where !stages.contains(action.stage) { stages.append(action.stage) }
    var table = TextTable([.left, .right, .left])
    for stage in stages {
      var groups: [(cause: String, actions: [Explanation.Action])] = []
      var places: [String: Int] = [:]
      for action in explanation.actions where action.stage == stage {
        let place = action.cause.root.place.map {
          " (\(workspace.displayPath($0.file)):\($0.range.start.line):\($0.range.start.column))"
        }
        let cause = "\(action.ran ? ran : "reused"): \(action.cause)\(place ?? "")"
        if let index = places[cause] {
          groups[index].actions.append(action)
        } else {
          places[cause] = groups.count
          groups.append((cause, [action]))
        }
      }
      for (index, group) in groups.enumerated() {
        let names = names(group.actions, areShown: namesTensors || groups.count > 1)
        table.add(index == 0 ? stage : "", "\(group.actions.count)", group.cause + names)
      }
    }
    return table.lines(indent: "  ")
  }

  private static func names(_ actions: [Explanation.Action], areShown: Bool) -> String {
    var names: [String] = []
    for name in actions.compactMap(\.tensor) where names.count <= 4 && !names.contains(name) { names.append(name) }
    guard areShown, !names.isEmpty else { return "" }
    return "  (" + names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", …" : "") + ")"
  }
}

extension PublishingReason {
  var text: String {
    switch self {
    case .unchanged: "unchanged"
    case .missing: "written: it was not there"
    case .unknownFile: "written: the file that was there is none that the store knows"
    case .newContent: "written: what goes into it is not what it was"
    case .edited: "written: the file had been changed by somebody else"
    case .held: "not published"
    }
  }

  var word: String {
    switch self {
    case .unchanged: "unchanged"
    case .missing: "missing"
    case .unknownFile: "unknown_file"
    case .newContent: "new_content"
    case .edited: "edited"
    case .held: "held"
    }
  }
}

/// What `condense why --json` prints.
struct ExplanationDocument: Encodable {
  var pipeline: String
  var build: Int
  var actions: [Action]
  var outputs: [Output]

  struct Action: Encodable {
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

  struct Output: Encodable {
    var path: String
    var reason: String
  }

  /// The first difference, and behind a consequence what it follows from.
  final class CauseDocument: Encodable {
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

  init(_ explanation: Explanation) {
    pipeline = explanation.pipeline
    build = explanation.build
    actions = explanation.actions.map { Action($0) }
    outputs = explanation.outputs.map { Output(path: $0.path, reason: $0.reason.word) }
  }
}
