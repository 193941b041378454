import CondenseEngine

/// An explanation as people read it: actions of a stage with the same cause on one line.
package enum ExplanationText {
  package static func text(_ explanation: Explanation, workspace: Workspace, namesTensors: Bool) -> String {
    var lines = ["\(explanation.pipeline)  build \(explanation.build)"]
    lines += table(explanation, workspace: workspace, ran: "ran", namesTensors: namesTensors)
    for output in explanation.outputs {
      lines.append("  → \(workspace.displayPath(output.path))  \(output.reason.text)")
    }
    return lines.joined(separator: "\n")
  }

  /// - Parameter ran: the word for actions that are not reused.
  package static func table(_ explanation: Explanation, workspace: Workspace, ran: String, namesTensors: Bool)
    -> [String]
  {
    var stages: [String] = []
    for action in explanation.actions where !stages.contains(action.stage) { stages.append(action.stage) }
    var table = TextTable([.left, .right, .left])
    for stage in stages {
      var groups: [(cause: String, actions: [Explanation.Action])] = []
      var places: [String: Int] = [:]
      for action in explanation.actions where action.stage == stage {
        let cause = "\(action.ran ? ran : "reused"): \(cause(of: action, workspace: workspace))"
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

  /// Why an action ran or not, and where that is written.
  static func cause(of action: Explanation.Action, workspace: Workspace) -> String {
    let place = action.cause.root.place.map {
      " (\(workspace.displayPath($0.file)):\($0.range.start.line):\($0.range.start.column))"
    }
    return "\(action.cause)\(place ?? "")"
  }

  private static func names(_ actions: [Explanation.Action], areShown: Bool) -> String {
    var names: [String] = []
    for name in actions.compactMap(\.tensor) where names.count <= 4 && !names.contains(name) { names.append(name) }
    guard areShown, !names.isEmpty else { return "" }
    return "  (" + names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", …" : "") + ")"
  }
}

extension PublishingReason {
  package var text: String {
    switch self {
    case .unchanged: "unchanged"
    case .missing: "written: it was not there"
    case .unknownFile: "written: the file that was there is none that the store knows"
    case .newContent: "written: what goes into it is not what it was"
    case .edited: "written: the file had been changed by somebody else"
    case .held: "not published"
    }
  }

  package var word: String {
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
