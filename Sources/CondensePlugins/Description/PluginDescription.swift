import CondenseStages
import CondenseTensors

/// What `PLUGIN describe` says: docs/stage-plugins.md, "describe".
struct PluginDescription: Sendable {
  var name: String
  var version: Int
  var scope: StageScope
  var summary: String
  var isLossless = false
  var decides = false
  var parameters: [PluginParameter] = []
  var metrics: [MetricDescription] = []
  /// What the stage acts on; nil for what stages act on by default.
  var dtypes: Set<DType>?
  var minRank: Int?
  /// Paths of more files and folders that decide what the plugin does, relative to its folder.
  var files: [String] = []
  /// Variables that do.
  var environment: [String] = []
  var examples: [StageExample] = []

  static let protocolVersion = 1
  /// Bytes of a description.
  static let byteCount = 1 << 20
}

/// A parameter with what only a plugin's schema tells.
struct PluginParameter: Sendable {
  var description: ParameterDescription
  var isRequired: Bool
}

extension PluginDescription {
  /// Reads and checks a description.
  ///
  /// - Throws: ``PluginFailure`` with the field that is wrong. Fields that version 1 has not are wrong too, so that a
  ///   misspelt one is not left unread; names that begin with `x-` are anybody's.
  init(_ text: Bytes) throws(PluginFailure) {
    let json: JSONElement
    do { json = try JSONElement(text) } catch { throw PluginFailure("what describe printed is no JSON: \(error)") }
    guard json.members != nil else { throw PluginFailure("describe printed \(json.kind), not an object") }
    // First: another version may have other fields.
    guard let version = json["protocol"] else { throw PluginFailure("the description has no protocol") }
    guard version == .integer(PluginDescription.protocolVersion) else {
      throw PluginFailure(
        "the plugin speaks version \(version.text) of the protocol; this condense speaks \(PluginDescription.protocolVersion)"
      )
    }
    let fields = try Fields(
      json, of: "the description",
      known: [
        "protocol", "name", "version", "scope", "summary", "lossless", "decides", "parameters", "metrics", "accepts",
        "files", "environment", "examples",
      ])
    name = try fields.string("name")
    guard PluginDescription.isName(name, separator: "-") else {
      throw PluginFailure(
        "\(JSONText.shown(name)) is no stage's name: lower-case letters, digits and hyphens, a letter first"
      )
    }
    self.version = try fields.integer("version", in: 0...Int(Int32.max))
    let scope = try fields.optionalString("scope") ?? StageScope.tensor.rawValue
    guard let known = StageScope(rawValue: scope) else {
      throw PluginFailure("the scope \(JSONText.shown(scope)) is none of tensor, model, evaluation")
    }
    self.scope = known
    summary = try fields.string("summary")
    guard (1...500).contains(summary.count), LogTail.printable(summary) == summary, !summary.contains("\n") else {
      throw PluginFailure("the summary is one sentence, without line breaks")
    }
    isLossless = try fields.bool("lossless") ?? false
    decides = try fields.bool("decides") ?? false
    if decides, known != .tensor {
      throw PluginFailure("decides goes with the scope tensor: the others see all tensors anyway")
    }
    if isLossless, known == .evaluation { throw PluginFailure("an evaluation changes nothing; leave lossless out") }
    if let schema = json["parameters"] { parameters = try ParameterSchema.parameters(schema) }
    metrics = try PluginDescription.metrics(fields.array("metrics"))
    try readAccepts(json["accepts"])
    files = try fields.strings("files")
    environment = try fields.strings("environment")
    if let wrong = environment.first(where: { $0.isEmpty || $0.contains("=") || $0.contains("\0") }) {
      throw PluginFailure("\(JSONText.shown(wrong)) is no variable's name")
    }
    if let wrong = files.first(where: { $0.isEmpty || $0.contains("\0") }) {
      throw PluginFailure("\(JSONText.shown(wrong)) is no path")
    }
    examples = try fields.array("examples").map { (json) throws(PluginFailure) in try example(json) }
  }

  /// Whether a text is a name, and not too long for one.
  static func isName(_ text: String, separator: Unicode.Scalar) -> Bool {
    text.utf8.count <= 64 && StageDescription.isName(text, separator: separator)
  }

  private static func metrics(_ list: [JSONElement]) throws(PluginFailure) -> [MetricDescription] {
    var metrics: [MetricDescription] = []
    for item in list {
      let fields = try Fields(item, of: "a metric", known: ["name", "summary", "total"])
      let name = try fields.string("name")
      guard isName(name, separator: "_") else {
        throw PluginFailure(
          "\(JSONText.shown(name)) is no metric's name: lower-case letters, digits and underscores")
      }
      guard !metrics.contains(where: { $0.name == name }) else {
        throw PluginFailure("the metric '\(name)' is there twice")
      }
      let total = try fields.optionalString("total") ?? MetricDescription.Total.mean.rawValue
      guard let known = MetricDescription.Total(rawValue: total) else {
        throw PluginFailure(
          "the total \(JSONText.shown(total)) of the metric '\(name)' is none of mean, sum, min, max"
        )
      }
      metrics.append(MetricDescription(name, total: known, try fields.optionalString("summary") ?? ""))
    }
    return metrics
  }

  private mutating func readAccepts(_ json: JSONElement?) throws(PluginFailure) {
    guard let json else { return }
    let fields = try Fields(json, of: "accepts", known: ["dtypes", "minRank"])
    if json["minRank"] != nil { minRank = try fields.integer("minRank", in: 0...64) }
    guard json["dtypes"] != nil else { return }
    var known: Set<DType> = []
    for name in try fields.strings("dtypes") {
      guard let dtype = DType(rawValue: name) else {
        throw PluginFailure("\(JSONText.shown(name)) is no dtype of safetensors, such as F32")
      }
      known.insert(dtype)
    }
    dtypes = known
  }

  private func example(_ json: JSONElement) throws(PluginFailure) -> StageExample {
    let fields = try Fields(
      json, of: "an example", known: ["title", "parameters", "shape", "input", "output"])
    let shape = try fields.array("shape").compactMap(\.integer)
    let input = try fields.array("input").compactMap(\.double).map { Float($0) }
    let output = try fields.array("output").compactMap(\.double).map { Float($0) }
    let count = shape.reduce(1) { (count: Int?, size: Int) in
      count.flatMap { $0.multipliedReportingOverflow(by: size) }.flatMap { $0.overflow ? nil : $0.partialValue }
    }
    guard try shape.count == fields.array("shape").count, shape.allSatisfy({ $0 >= 0 }), count == input.count,
      try input.count == fields.array("input").count, output.count == input.count
    else { throw PluginFailure("an example's input and output do not fill its shape with numbers") }
    var values: StageParameters = [:]
    if let given = json["parameters"] {
      guard let members = given.members else { throw PluginFailure("an example's parameters are no object") }
      for (name, value) in members {
        guard let known = parameters.first(where: { $0.description.name == name }) else {
          throw PluginFailure("an example has the unknown parameter \(JSONText.shown(name))")
        }
        values[name] = try ParameterSchema.value(value, known.description.type, "an example's \(name)")
      }
    }
    let text = values.isEmpty ? name : "{\(name): \(ParameterValue.map(values).canonical)}"
    return StageExample(
      try fields.string("title"), stages: "[\(text)]", parameters: values, shape: shape, input: input, output: output)
  }
}
