extension PipelineReader {
  /// Reads what a pipeline is made from: a file, or another pipeline.
  mutating func model(_ node: Node, of pipeline: inout Pipeline) {
    guard let pairs = node.mapping else {
      pipeline.model = string(node, "a path to a model").map { Pipeline.ModelReference(path: $0, format: nil) }
      return
    }
    var values: [String: Located<String>] = [:]
    for pair in pairs {
      switch pair.key.value {
      case "path": values["path"] = string(pair.value, "a path to a model")
      case "format": values["format"] = string(pair.value, "a format's name")
      case "pipeline": values["pipeline"] = string(pair.value, "a pipeline's name")
      case "stage": values["stage"] = string(pair.value, "a stage's id")
      default: diagnostics.append(.unknown("key", pair.key, known: ["path", "format", "pipeline", "stage"]))
      }
    }
    let keys = Dictionary(pairs.map { ($0.key.value, $0.key) }) { first, _ in first }
    if let key = keys["pipeline"] {
      for other in ["path", "format"].compactMap({ keys[$0] }) {
        report(
          "'\(other.value)' is for a model that is a file; this one is another pipeline", other.place,
          notes: [Diagnostic.Note("the pipeline is named here", at: key.place)])
      }
      pipeline.upstream = values["pipeline"].map {
        Pipeline.UpstreamReference(pipeline: $0, stage: values["stage"])
      }
      return
    }
    if let key = keys["stage"] {
      report("a stage of which pipeline? add 'pipeline: its name'", key.place)
    } else if pairs.allSatisfy({ $0.key.value == "format" }) {
      // Any other key has been reported as what it is.
      report("the model has no path", node.place)
    }
    pipeline.model = values["path"].map { Pipeline.ModelReference(path: $0, format: values["format"]) }
  }
}
