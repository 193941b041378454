/// Reads a pipeline file: YAML into a ``Pipeline``, with everything that is wrong with it.
public enum PipelineParser {
  public static func parse(_ source: SourceText) -> ParsedPipeline {
    do {
      let document = try YAMLParser.parse(source)
      var reader = PipelineReader(file: source.file)
      reader.diagnostics = document.problems
      let pipeline = reader.pipeline(document.root)
      return ParsedPipeline(
        source: source, pipeline: pipeline, diagnostics: Diagnostic.inOrder(reader.diagnostics, of: source.file))
    } catch {
      return ParsedPipeline(source: source, pipeline: nil, diagnostics: [error])
    }
  }

  /// The name of a pipeline whose file does not give one: the file's without folder and extension.
  static func stem(_ file: String) -> String {
    let name = file.split(separator: "/").last.map(String.init) ?? file
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    return String(name[..<dot])
  }
}

/// Reads nodes as the parts of a pipeline, collecting what is wrong and going on.
struct PipelineReader {
  let file: String
  var diagnostics: [Diagnostic] = []
  /// How much more the file's patterns may stand for, in characters: an alias can repeat a long one in three bytes.
  var patternBudget = 1_000_000

  /// Stages or outputs of a pipeline; the checks on them compare each with each.
  static let longestList = 256

  mutating func pipeline(_ root: Node?) -> Pipeline? {
    guard let root, !root.isNull else {
      report("the file is empty; a pipeline has model, stages and outputs", .start(of: file))
      return nil
    }
    guard let pairs = root.mapping else {
      report("a pipeline is a mapping with model, stages and outputs, not \(root.kind)", root.place)
      return nil
    }
    var pipeline = Pipeline(
      file: file, name: Located(PipelineParser.stem(file), at: .start(of: file)), model: nil,
      stages: [], outputs: [], checks: [])
    var hasModel = false
    var hasStages = false
    var hasOutputs = false
    for pair in pairs {
      switch pair.key.value {
      case "model":
        hasModel = true
        pipeline.model = model(pair.value)
      case "name": if let name = name(pair.value) { pipeline.name = name }
      case "stages":
        hasStages = true
        pipeline.stages = stages(pair.value)
      case "outputs":
        hasOutputs = true
        pipeline.outputs = outputs(pair.value)
      case "checks": pipeline.checks = checks(pair.value)
      case "extends", "matrix": report("'\(pair.key.value)' is not supported yet", pair.key.place)
      default:
        let known = ["model", "name", "stages", "outputs", "checks"]
        diagnostics.append(.unknown("key", pair.key, known: known))
        // What is there under a misspelt key is not reported as missing too.
        let meant = Spelling.nearest(to: pair.key.value, in: known)
        hasModel = hasModel || meant == "model"
        hasStages = hasStages || meant == "stages"
      }
    }
    let start = pairs.first?.key.place ?? root.place
    if hasOutputs && !hasModel { report("no model; add 'model: path/to/model.safetensors'", start) }
    if hasOutputs && !hasStages { report("no stages; add 'stages: [huffman]' or more of them", start) }
    checkIDs(pipeline)
    return pipeline
  }

  mutating func report(_ message: String, _ place: Place, notes: [Diagnostic.Note] = []) {
    diagnostics.append(Diagnostic(.error, message, at: place, notes: notes))
  }

  /// A string; anything else is reported with what was expected.
  mutating func string(_ node: Node, _ expected: String) -> Located<String>? {
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

  private mutating func name(_ node: Node) -> Located<String>? {
    guard let name = string(node, "a name") else { return nil }
    guard !name.value.contains("/"), !name.value.hasPrefix(".") else {
      report("a name has no slash and does not begin with a dot", node.place)
      return nil
    }
    return name
  }

  private mutating func model(_ node: Node) -> Pipeline.ModelReference? {
    guard let pairs = node.mapping else {
      return path(node, "a path to a model").map { Pipeline.ModelReference(path: $0, format: nil) }
    }
    var reference: Located<String>?
    var format: Located<String>?
    for pair in pairs {
      switch pair.key.value {
      case "path": reference = path(pair.value, "a path to a model")
      case "format": format = string(pair.value, "a format's name")
      case "pipeline", "stage": report("another pipeline as the model is not supported yet", pair.key.place)
      default: diagnostics.append(.unknown("key", pair.key, known: ["path", "format"]))
      }
    }
    // Any other key has been reported as what it is.
    if pairs.allSatisfy({ $0.key.value == "format" }) {
      report("the model has no path", node.place)
    }
    return reference.map { Pipeline.ModelReference(path: $0, format: format) }
  }

  /// A path; patterns and variables in it are for later versions.
  mutating func path(_ node: Node, _ expected: String) -> Located<String>? {
    guard let path = string(node, expected) else { return nil }
    if path.value.contains("${") {
      report("variables such as ${model} are not supported yet", node.place)
      return nil
    }
    if path.value.contains(where: { "*?[".contains($0) }) {
      report("patterns in paths are not supported yet", node.place)
      return nil
    }
    return path
  }

  private mutating func outputs(_ node: Node) -> [OutputUse] {
    guard let items = node.sequence else {
      report("expected a list of outputs, such as [build/model.condensed], found \(node.kind)", node.place)
      return []
    }
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

  private mutating func output(_ node: Node) -> OutputUse? {
    guard let pairs = node.mapping else {
      return path(node, "a path to write to").map { OutputUse(path: $0) }
    }
    var output: OutputUse?
    var from: Located<String>?
    var format: Located<String>?
    for pair in pairs {
      switch pair.key.value {
      case "path": output = path(pair.value, "a path to write to").map { OutputUse(path: $0) }
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

  private mutating func checks(_ node: Node) -> [CheckUse] {
    guard let pairs = node.mapping else {
      report("expected checks such as {ratio: {min: 12}}, found \(node.kind)", node.place)
      return []
    }
    var checks: [CheckUse] = []
    for pair in pairs {
      guard let metric = Metric.all.first(where: { $0.name == pair.key.value }) else {
        diagnostics.append(.unknown("metric", pair.key, known: Metric.all.map(\.name)))
        continue
      }
      guard let bounds = pair.value.mapping else {
        report("expected bounds such as {min: 12}, found \(pair.value.kind)", pair.value.place)
        continue
      }
      var check = CheckUse(metric: pair.key, min: nil, max: nil)
      for bound in bounds {
        switch bound.key.value {
        case "min": check.min = quantity(bound.value, metric)
        case "max": check.max = quantity(bound.value, metric)
        default: diagnostics.append(.unknown("key", bound.key, known: ["min", "max"]))
        }
      }
      if bounds.isEmpty { report("the check has neither min nor max", pair.value.place) }
      if let min = check.min, let max = check.max, min.value > max.value {
        report("min is above max: nothing passes", min.place)
      }
      checks.append(check)
    }
    return checks
  }

  private mutating func quantity(_ node: Node, _ metric: Metric) -> Located<Double>? {
    guard let value = node.number ?? node.string.flatMap({ Quantity.value($0, in: metric.unit) }) else {
      let meant = node.string.flatMap { Quantity.nearest(to: $0, in: metric.unit) }
      report(
        "expected \(Quantity.expectation(metric.unit)), found \(node.kind)\(meant.map { "; did you mean '\($0)'?" } ?? "")",
        node.place)
      return nil
    }
    guard metric.range.contains(value) else {
      let isPercentage = metric.unit == .share && node.number != nil && value > 1 && value <= 100
      report(
        "\(metric.name) is never \(value < metric.range.lowerBound ? "below" : "above") \(metric.bound(for: value))"
          + (isPercentage ? "; did you mean '\(node.string ?? "")%'?" : ""), node.place)
      return nil
    }
    return Located(value, at: node.place)
  }
}

extension OutputUse {
  init(path: Located<String>) { self.init(path: path, from: nil, format: nil) }
}
