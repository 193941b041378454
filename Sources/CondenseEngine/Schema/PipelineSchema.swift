import CondenseModels
import CondensePipelines
import CondenseStages

/// The JSON Schema (draft 2020-12) of pipeline files, made from what the stages say of themselves: editors complete and
/// check pipelines with it.
///
/// It accepts all that is a pipeline. What it cannot say is checked by `condense check` only: parameters that do not go
/// together, the order of stages, ids and paths that must exist, a share such as `150%`.
public struct PipelineSchema: Sendable {
  private let stages: [StageDescription]
  private let formats: [String]
  /// Keys that the workspace's defaults have, so that no pipeline needs them.
  private let defaults: Set<String>

  public init(stages: StageRegistry, formats: ModelFormats, configuration: Configuration = Configuration()) {
    self.stages = stages.stages.map(\.description)
    self.formats = formats.formats.map(\.name)
    defaults = Set(configuration.defaults?.mapping?.map(\.key.value) ?? [])
  }

  public var document: JSONValue {
    [
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "Condense pipeline",
      "description": "A model, the stages that make it smaller, and where the result goes.",
      "type": "object",
      "properties": properties,
      "additionalProperties": false,
      "allOf": [["if": ["required": ["extends"]], "else": whole]],
      "$defs": definitions,
    ]
  }

  /// What a file needs that inherits nothing.
  private var whole: JSONValue {
    let required = ["model", "stages"].filter { !defaults.contains($0) }.map { JSONValue.string($0) }
    let outputs: JSONValue = ["if": ["required": ["outputs"]], "then": ["required": .array(required)]]
    guard !defaults.contains("model") else { return outputs }
    return [
      "properties": [
        "model": [
          "if": ["type": "object"],
          "then": [
            "anyOf": [["required": ["path"]], ["required": ["pipeline"]]], "dependentRequired": ["stage": ["pipeline"]],
          ],
        ]
      ],
      "allOf": [outputs],
    ]
  }

  private var properties: JSONValue {
    [
      "model": [
        "title": "model",
        "description":
          "The model: a path; a pattern (one build a match, ${model} is its name); {path, format}; or what another pipeline is at a stage.",
        "anyOf": [reference("text"), model],
      ],
      "name": [
        "title": "name", "description": "The pipeline's name; the file's without extension where it is not given.",
        "type": ["string", "number", "boolean"], "pattern": "^[^./][^/]*$", "maxLength": 255,
      ],
      "extends": [
        "title": "extends",
        "description":
          "A pipeline file to inherit from: mappings merge, everything else replaces. Relative to this file.",
        "type": ["string", "number", "boolean"], "pattern": "\\S", "not": reference("variable"),
      ],
      "matrix": matrix,
      "stages": [
        "title": "stages", "description": "What is done to the model's tensors, one stage after the other.",
        "type": "array", "items": reference("stage"), "minItems": 1, "maxItems": 256,
      ],
      "outputs": [
        "title": "outputs",
        "description": "The files to publish. A file without outputs is a base, for others to extend.",
        "type": "array", "items": ["anyOf": [reference("path"), output]], "minItems": 1, "maxItems": 256,
      ],
      "checks": [
        "title": "checks", "description": "Bounds that must hold for anything to be published.", "type": "object",
        "properties": .object(metrics.map { ($0.name, bounds($0)) }), "additionalProperties": false,
      ],
    ]
  }

  private var model: JSONValue {
    [
      "type": "object",
      "properties": [
        "path": described("The model's path, or a pattern.", reference("text")),
        "format": format("The model's format, where the path's extension does not tell it."),
        "pipeline": described("The name of another pipeline's build.", reference("text")),
        "stage": described(
          "The id of the other pipeline's stage to start from; its last where it is not given.", reference("text")),
      ],
      "additionalProperties": false,
      "minProperties": 1,
      "not": ["anyOf": [["required": ["pipeline", "path"]], ["required": ["pipeline", "format"]]]],
    ]
  }

  private var matrix: JSONValue {
    [
      "title": "matrix",
      "description": "Axes such as {bits: [3, 4, 5]}: one build for each combination, with ${bits} in its values.",
      "type": "object",
      "propertyNames": ["pattern": "^[A-Za-z_][A-Za-z0-9_-]{0,63}$", "not": ["enum": ["model", "name"]]],
      "minProperties": 1,
      "maxProperties": 16,
      "additionalProperties": [
        "type": "array", "minItems": 1, "maxItems": 1000, "uniqueItems": true,
        "items": [
          "type": ["string", "number", "boolean"], "pattern": "^[^/]+$", "maxLength": 128, "not": reference("variable"),
        ],
      ],
    ]
  }

  private var output: JSONValue {
    [
      "type": "object",
      "properties": [
        "path": described("Where the file is written. Relative to this file.", reference("path")),
        "from": described(
          "The id of the stage whose result is written; the last where it is not given.", reference("text")),
        "format": format("The file's format, where its extension does not tell it."),
      ],
      "additionalProperties": false,
      "required": ["path"],
    ]
  }

  private func format(_ description: String) -> JSONValue {
    described(description, ["anyOf": [["enum": .array(formats.map { .string($0) })], reference("variable")]])
  }

  /// Those that every stage has, and those that stages report themselves, each once.
  private var metrics: [Metric] {
    var metrics = Metric.all
    for metric in stages.flatMap(\.metrics) where !metrics.contains(where: { $0.name == metric.name }) {
      metrics.append(.ofStage(metric.name))
    }
    return metrics
  }

  private func bounds(_ metric: Metric) -> JSONValue {
    let bound: JSONValue = [
      "anyOf": [
        number(metric.range), ["type": "string", "pattern": .string(metric.unit.pattern)], reference("variable"),
      ]
    ]
    return [
      "title": .string(metric.name),
      "description": .string("Bounds on \(metric.name): \(Quantity.expectation(metric.unit))."),
      "type": "object",
      "properties": [
        "min": described("The least that passes.", bound), "max": described("The most that passes.", bound),
      ],
      "additionalProperties": false,
      "minProperties": 1,
    ]
  }

  // MARK: Stages

  private var definitions: JSONValue {
    let shared: [(key: String, value: JSONValue)] = [
      ("text", ["type": ["string", "number", "boolean"], "pattern": "\\S"]),
      ("path", ["type": ["string", "number", "boolean"], "pattern": "^[^*?]*[^*?\\s][^*?]*$"]),
      ("variable", ["description": "A variable of the matrix.", "type": "string", "pattern": "\\$\\{"]),
      ("id", ["type": ["string", "number", "boolean"], "pattern": "^[^/]*[^/\\s][^/]*$", "not": ["const": "model"]]),
      ("patterns", ["anyOf": [reference("text"), ["type": "array", "items": reference("text"), "minItems": 1]]]),
      ("stage", stage),
    ]
    return .object(shared + stages.map { ("stage-" + $0.name, definition($0)) })
  }

  /// An item of a pipeline's stages: a name, or a name with parameters.
  private var stage: JSONValue {
    let names = stages.map { stage -> JSONValue in
      ["const": .string(stage.name), "description": .string(stage.summary)]
    }
    let settings: [(key: String, value: JSONValue)] = stages.map { stage in
      (stage.name, described(stage.summary, reference("stage-" + stage.name)))
    }
    return [
      "anyOf": .array(
        names + [
          reference("variable"),
          [
            "type": "object", "properties": .object(settings), "additionalProperties": false, "minProperties": 1,
            "maxProperties": 1,
          ],
        ])
    ]
  }

  private func definition(_ stage: StageDescription) -> JSONValue {
    let parameters = stage.parameters.map { (key: $0.name, value: schema($0)) }
    let own: [(key: String, value: JSONValue)] = [
      ("id", described("The stage's name in this pipeline; the stage's own where it is not given.", reference("id"))),
      (
        "from",
        described(
          "The id of the stage that it is made from; the one before where it is not given, 'model' for the source.",
          reference("text"))
      ),
      ("only", described("Patterns of the tensors to act on, such as 'fc*.weight'.", reference("patterns"))),
      ("skip", described("Patterns of the tensors to leave alone.", reference("patterns"))),
      (
        "overrides",
        [
          "title": "overrides", "description": "Other parameters for some tensors; the last that matches counts.",
          "type": "array",
          "items": [
            "type": "object",
            "properties": .object(
              [(key: "match", value: described("Patterns of the tensors it is for.", reference("patterns")))]
                + parameters),
            "additionalProperties": false, "required": ["match"],
          ],
        ]
      ),
    ]
    return [
      "title": .string(stage.name), "description": .string(stage.summary), "type": ["object", "null"],
      "properties": .object(parameters + own), "additionalProperties": false,
    ]
  }

  private func schema(_ parameter: ParameterDescription) -> JSONValue {
    let schema: JSONValue = [
      "title": .string(parameter.name), "description": .string("\(parameter.summary) \(parameter.type.text)"),
      "anyOf": [schema(parameter.type), reference("variable")],
    ]
    return parameter.defaultValue.map { schema.adding(["default": json($0)]) } ?? schema
  }

  private func schema(_ type: ParameterType) -> JSONValue {
    switch type {
    case .integer(let range):
      let from: JSONValue = ["type": "integer", "minimum": .integer(range.lowerBound)]
      return range.upperBound == .max ? from : from.adding(["maximum": .integer(range.upperBound)])
    case .number(let range):
      return ["anyOf": [number(range), ["type": "string", "pattern": .string(Quantity.Unit.share.pattern)]]]
    case .boolean: return ["type": "boolean"]
    case .word(let words): return ["enum": .array(words.map { .string($0) })]
    case .text(let expected): return ["type": ["string", "number", "boolean"], "description": .string(expected)]
    case .path: return ["type": "string", "minLength": 1, "description": "A file, relative to this one."]
    case .list(let element, let count):
      return [
        "type": "array", "items": ["anyOf": [schema(element), reference("variable")]], "minItems": .integer(count),
        "maxItems": .integer(count),
      ]
    case .choice(let choices):
      let properties = choices.map { choice -> (key: String, value: JSONValue) in
        (choice.key, ["anyOf": [schema(choice.type), reference("variable")]])
      }
      return [
        "type": "object", "properties": .object(properties), "additionalProperties": false, "minProperties": 1,
        "maxProperties": 1,
      ]
    case .either(let types): return ["anyOf": .array(types.map { schema($0) })]
    }
  }

  private func number(_ range: ClosedRange<Double>) -> JSONValue {
    var pairs: [(key: String, value: JSONValue)] = [("type", "number")]
    if range.lowerBound > -.greatestFiniteMagnitude { pairs.append(("minimum", .number(range.lowerBound))) }
    if range.upperBound < .greatestFiniteMagnitude { pairs.append(("maximum", .number(range.upperBound))) }
    return .object(pairs)
  }

  private func json(_ value: ParameterValue) -> JSONValue {
    switch value {
    case .bool(let value): .bool(value)
    case .integer(let value): .integer(value)
    case .number(let value): .number(value)
    case .string(let value): .string(value)
    case .list(let values): .array(values.map { json($0) })
    case .map(let values): .object(values.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) })
    }
  }

  private func reference(_ name: String) -> JSONValue { ["$ref": .string("#/$defs/\(name)")] }

  /// A schema with a description of its own; beside `$ref` draft 2020-12 allows it.
  private func described(_ description: String, _ schema: JSONValue) -> JSONValue {
    schema.adding(["description": .string(description)])
  }
}

extension Quantity.Unit {
  /// A regular expression for a quantity that is written as a text.
  var pattern: String {
    let number = #"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"#
    return switch self {
    case .bytes: number + #"( *(B|[kK]B|[MGT]B|[KMGT]iB))?$"#
    case .share: number + #"( *%)?$"#
    case .decibels: number + #"( *dB)?$"#
    case .number: number + #"( *[x×])?$"#
    }
  }
}
