/// Reads nodes as the parts of a pipeline, collecting what is wrong and going on.
struct PipelineReader {
  let file: String
  var diagnostics: [Diagnostic] = []
  /// Whether a name, an id or a path is not known yet.
  private(set) var hasOpenValues = false
  /// How much more the file's patterns may stand for, in characters: an alias can repeat a long one in three bytes.
  var patternBudget = PipelineReader.patternBudget
  static let patternBudget = 1_000_000

  /// Stages or outputs of a pipeline; the checks on them compare each with each.
  static let longestList = 256

  /// Keys of a pipeline.
  static let keys = ["model", "name", "extends", "matrix", "stages", "outputs", "checks"]

  /// Reads a pipeline whose variables are replaced. `name` is the build's. Where it is partial, what is not there can
  /// come from elsewhere.
  mutating func pipeline(_ root: Node?, name: Located<String>, isPartial: Bool) -> Pipeline? {
    guard let root, !root.isNull else {
      report("the file is empty; a pipeline has model, stages and outputs", .start(of: file))
      return nil
    }
    guard let pairs = root.mapping else {
      report("a pipeline is a mapping with model, stages and outputs, not \(root.kind)", root.place)
      return nil
    }
    var pipeline = Pipeline(file: file, name: name, isPartial: isPartial)
    var hasModel = false
    var hasStages = false
    var hasOutputs = false
    for pair in pairs {
      switch pair.key.value {
      case "model":
        hasModel = true
        model(pair.value, of: &pipeline)
      case "name", "extends", "matrix": break
      case "stages":
        hasStages = true
        pipeline.stages = stages(pair.value)
      case "outputs":
        hasOutputs = true
        pipeline.outputs = outputs(pair.value)
      case "checks": pipeline.checks = checks(pair.value)
      default:
        diagnostics.append(.unknown("key", pair.key, known: PipelineReader.keys))
        // What is there under a misspelt key is not reported as missing too.
        let meant = Spelling.nearest(to: pair.key.value, in: PipelineReader.keys)
        hasModel = hasModel || meant == "model"
        hasStages = hasStages || meant == "stages"
      }
    }
    if hasOutputs && !isPartial {
      let start = pairs.first { $0.key.place.file == file }?.key.place ?? root.place
      if !hasModel { report("no model; add 'model: path/to/model.safetensors'", start) }
      if !hasStages { report("no stages; add 'stages: [huffman]' or more of them", start) }
    }
    if !isPartial && !hasOpenValues { checkIDs(pipeline) }
    return pipeline
  }

  mutating func report(_ message: String, _ place: Place, notes: [Diagnostic.Note] = []) {
    diagnostics.append(Diagnostic(.error, message, at: place, notes: notes))
  }

  /// A string; anything else is reported with what was expected.
  ///
  /// Nil without a report for what is not known yet.
  mutating func string(_ node: Node, _ expected: String) -> Located<String>? {
    if node.scalar?.isOpen == true {
      hasOpenValues = true
      return nil
    }
    guard let text = node.string else {
      report("expected \(expected), found \(node.kind)", node.place)
      return nil
    }
    guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
      report("expected \(expected), found an empty text", node.place)
      return nil
    }
    guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) else {
      report("expected \(expected), found a text with control characters", node.place)
      return nil
    }
    return Located(text, at: node.place)
  }

  /// Whether a list has no more items than a pipeline may have; reported where it has.
  mutating func isShort(_ items: [Node], _ what: String, _ place: Place) -> Bool {
    guard items.count > PipelineReader.longestList else { return true }
    report("\(items.count) \(what); a pipeline has at most \(PipelineReader.longestList)", place)
    return false
  }

  /// Bytes of a name.
  private static let longestName = 255

  mutating func name(_ node: Node) -> Located<String>? {
    guard let name = string(node, "a name") else { return nil }
    guard name.value.utf8.count <= PipelineReader.longestName else {
      report("a name has at most \(PipelineReader.longestName) bytes", node.place)
      return nil
    }
    guard !name.value.contains("/"), !name.value.hasPrefix(".") else {
      report("a name has no slash and does not begin with a dot", node.place)
      return nil
    }
    return name
  }

  private mutating func outputs(_ node: Node) -> [OutputUse] {
    guard let items = node.sequence else {
      report("expected a list of outputs, such as [build/model.condensed], found \(node.kind)", node.place)
      return []
    }
    if items.isEmpty { report("the list of outputs is empty; a base has none at all", node.place) }
    guard isShort(items, "outputs", node.place) else { return [] }
    var outputs: [OutputUse] = []
    for item in items {
      guard let output = output(item) else { continue }
      if let other = outputs.first(where: { $0.path.value == output.path.value }) {
        report(
          "the output \(Diagnostic.quoted(output.path.value)) is there twice", output.path.place,
          notes: [Diagnostic.Note("it is here already", at: other.path.place)])
      }
      outputs.append(output)
    }
    return outputs
  }

  private mutating func outputPath(_ node: Node) -> Located<String>? {
    guard let path = string(node, "a path to write to") else { return nil }
    if path.value.contains(where: { "*?".contains($0) }) {
      report("an output is one file; ${model} and ${name} tell those of several builds apart", node.place)
      return nil
    }
    return path
  }

  private mutating func output(_ node: Node) -> OutputUse? {
    guard let pairs = node.mapping else {
      return outputPath(node).map { OutputUse(path: $0) }
    }
    var output: OutputUse?
    var from: Located<String>?
    var format: Located<String>?
    for pair in pairs {
      switch pair.key.value {
      case "path": output = outputPath(pair.value).map { OutputUse(path: $0) }
      case "from": from = string(pair.value, "a stage's id")
      case "format": format = string(pair.value, "a format's name")
      default: diagnostics.append(.unknown("key", pair.key, known: ["path", "from", "format"]))
      }
    }
    if !pairs.contains(where: { $0.key.value == "path" }) { report("the output has no path", node.place) }
    output?.from = from
    output?.format = format
    return output
  }
}

extension OutputUse {
  init(path: Located<String>) { self.init(path: path, from: nil, format: nil) }
}
