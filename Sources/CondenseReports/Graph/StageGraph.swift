import CondenseEngine
import Foundation

/// A planned pipeline as a graph of model, stages and outputs.
package struct StageGraph {
  private let pipeline: PlannedPipeline
  private let workspace: Workspace

  package init(_ pipeline: PlannedPipeline, workspace: Workspace) {
    self.pipeline = pipeline
    self.workspace = workspace
  }

  private struct Item {
    var label: String
    var detail: String
    var mark: String
    var children: [Item]
  }

  private func children(of id: String) -> [Item] {
    let stages = pipeline.stages.filter { $0.from == id }.map { stage in
      Item(
        label: stage.id == stage.stage ? stage.id : "\(stage.id) (\(stage.stage))", detail: detail(stage),
        mark: mark(stage.actions), children: children(of: stage.id))
    }
    let outputs = pipeline.outputs.filter { $0.from == id }.map { output in
      Item(
        label: "→ \(workspace.displayPath(output.path))", detail: output.bytes.map { Figures.bytes($0) } ?? "not there",
        mark: "", children: [])
    }
    return stages + outputs
  }

  private func detail(_ stage: PlannedStage) -> String {
    "\(stage.tensors) tensor\(stage.tensors == 1 ? "" : "s")" + (stage.bytes.map { ", \(Figures.bytes($0))" } ?? "")
  }

  private func mark(_ actions: PlannedPipeline.Actions) -> String {
    if actions.cached == actions.total { return "cached" }
    let parts = [(actions.run, "to run"), (actions.depend, "depend on those"), (actions.cached, "cached")]
    return parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
  }

  /// A tree: what is made from what.
  package var text: String {
    var lines = [
      "\(pipeline.name)  \(workspace.displayPath(pipeline.file))",
      "\(workspace.displayPath(pipeline.model))  \(Figures.bytes(pipeline.modelBytes))",
    ]
    func add(_ items: [Item], _ indent: String) {
      for (index, item) in items.enumerated() {
        let isLast = index == items.count - 1
        let mark = item.mark.isEmpty ? "" : "  [\(item.mark)]"
        lines.append("\(indent)\(isLast ? "└─" : "├─") \(item.label)  \(item.detail)\(mark)")
        add(item.children, indent + (isLast ? "   " : "│  "))
      }
    }
    add(children(of: "model"), "")
    return lines.joined(separator: "\n")
  }

  private struct Node {
    var id: String
    var label: [String]
    var isOutput: Bool
  }

  private var nodes: [Node] {
    [Node(id: "model", label: [name(pipeline.model), Figures.bytes(pipeline.modelBytes)], isOutput: true)]
      + pipeline.stages.map { Node(id: $0.id, label: [$0.id, detail($0), mark($0.actions)], isOutput: false) }
      + pipeline.outputs.enumerated().map { index, output in
        Node(
          id: "output \(index)", label: [name(output.path)] + (output.bytes.map { [Figures.bytes($0)] } ?? []),
          isOutput: true)
      }
  }

  private var edges: [(from: String, to: String)] {
    pipeline.stages.map { ($0.from, $0.id) } + pipeline.outputs.enumerated().map { ($1.from, "output \($0)") }
  }

  private func name(_ path: String) -> String { (path as NSString).lastPathComponent }

  /// The DOT language of Graphviz.
  package var dot: String {
    func quoted(_ text: String) -> String {
      "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
    var lines = ["digraph \(quoted(pipeline.name)) {", "  rankdir=LR;", "  node [shape=box];"]
    for node in nodes {
      let label = node.label.map { $0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") }
      lines.append(
        "  \(quoted(node.id)) [label=\"\(label.joined(separator: "\\n"))\"\(node.isOutput ? ", shape=note" : "")];")
    }
    for edge in edges { lines.append("  \(quoted(edge.from)) -> \(quoted(edge.to));") }
    return (lines + ["}"]).joined(separator: "\n")
  }

  /// A Mermaid flowchart.
  package var mermaid: String {
    // Names may be words of the language, so nodes are numbered.
    let numbers = Dictionary(nodes.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    var lines = ["flowchart LR"]
    for (index, node) in nodes.enumerated() {
      let label = node.label.joined(separator: "<br/>").replacing("\"", with: "#quot;")
      lines.append("  n\(index)\(node.isOutput ? "[/" : "[")\"\(label)\"\(node.isOutput ? "/]" : "]")")
    }
    for edge in edges {
      guard let from = numbers[edge.from], let to = numbers[edge.to] else { continue }
      lines.append("  n\(from) --> n\(to)")
    }
    return lines.joined(separator: "\n")
  }

  package var document: GraphDocument.Pipeline {
    GraphDocument.Pipeline(
      name: pipeline.name, file: pipeline.file,
      model: GraphDocument.Model(path: pipeline.model, bytes: pipeline.modelBytes), actions: pipeline.actions,
      stages: pipeline.stages.map {
        GraphDocument.Stage(
          id: $0.id, stage: $0.stage, from: $0.from, tensors: $0.tensors, bytes: Nullable($0.bytes),
          actions: $0.actions)
      },
      outputs: pipeline.outputs.map {
        GraphDocument.Output(path: $0.path, from: $0.from, bytes: Nullable($0.bytes))
      })
  }
}
