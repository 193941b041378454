import CondenseStages
import CondenseTensors

/// The part of JSON Schema (draft 2020-12) that parameters are described in.
///
/// Source: https://json-schema.org/draft/2020-12/json-schema-validation.
enum ParameterSchema {
  /// Says something for people only.
  private static let annotations = ["title", "examples", "$comment", "deprecated"]

  /// Reads the schema of an object whose properties are a stage's parameters, in the order in which they stand.
  ///
  /// - Throws: ``PluginFailure`` for a keyword that would be left unread.
  static func parameters(_ schema: JSONElement) throws(PluginFailure) -> [PluginParameter] {
    let fields = try Fields(
      schema, of: "parameters",
      known: ["type", "properties", "required", "additionalProperties", "description", "$schema"] + annotations)
    guard try fields.optionalString("type") ?? "object" == "object" else {
      throw PluginFailure("the type of parameters is not object")
    }
    guard try fields.bool("additionalProperties") != true else {
      throw PluginFailure("parameters allow additional properties; every parameter has to be described")
    }
    let properties = schema["properties"] ?? .object([])
    guard let members = properties.members, members.count <= 200 else {
      throw PluginFailure("the properties of parameters are no object of at most 200")
    }
    let required = try fields.strings("required")
    if let other = required.first(where: { properties[$0] == nil }) {
      throw PluginFailure("the required parameter \(JSONText.shown(other)) is not described")
    }
    var parameters: [PluginParameter] = []
    for (name, schema) in members {
      guard PluginDescription.isName(name.lowercased(), separator: "_") else {
        throw PluginFailure(
          "\(JSONText.shown(name)) is no parameter's name: letters, digits and underscores")
      }
      let type = try type(schema, "parameter '\(name)'", isTop: true)
      let standard = try schema["default"].map { (value) throws(PluginFailure) in
        if case .path = type { throw PluginFailure("parameter '\(name)' is a path and cannot have a default") }
        return try self.value(value, type, "the default of parameter '\(name)'")
      }
      let isRequired = required.contains(name)
      if isRequired, standard != nil { throw PluginFailure("parameter '\(name)' is required and has a default") }
      parameters.append(
        PluginParameter(
          description: ParameterDescription(
            name, type, default: standard, schema["description"]?.string ?? ""), isRequired: isRequired))
    }
    return parameters
  }

  private static func type(
    _ schema: JSONElement, _ what: String, isTop: Bool = false
  ) throws(PluginFailure) -> ParameterType {
    guard let name = schema["type"]?.string else {
      throw PluginFailure("\(what) has no type that is one text: integer, number, boolean, string or array")
    }
    /// What may stand beside the type.
    let allowed: [String]
    switch name {
    case "integer", "number": allowed = ["minimum", "maximum"]
    case "boolean": allowed = []
    case "string": allowed = ["enum", "format"]
    case "array": allowed = ["items", "minItems", "maxItems"]
    default:
      throw PluginFailure(
        "\(what) has the type \(JSONText.shown(name)); expected integer, number, boolean, string or array"
      )
    }
    let fields = try Fields(
      schema, of: what, known: ["type", "description"] + allowed + (isTop ? ["default"] : []) + annotations)
    _ = try fields.optionalString("description")
    switch name {
    case "integer": return .integer(try integers(fields, schema, what))
    case "number": return .number(try numbers(schema, what))
    case "boolean": return .boolean
    case "array": return try list(schema, fields, what)
    default: return try text(schema, fields, what)
    }
  }

  private static func integers(
    _ fields: Fields, _ schema: JSONElement, _ what: String
  ) throws(PluginFailure) -> ClosedRange<Int> {
    let lower = schema["minimum"] == nil ? Int.min : try fields.integer("minimum", in: .min ... .max)
    let upper = schema["maximum"] == nil ? Int.max : try fields.integer("maximum", in: .min ... .max)
    guard lower <= upper else { throw PluginFailure("the minimum of \(what) is over its maximum") }
    return lower...upper
  }

  private static func numbers(_ schema: JSONElement, _ what: String) throws(PluginFailure) -> ClosedRange<Double> {
    var bounds = [-Double.greatestFiniteMagnitude, Double.greatestFiniteMagnitude]
    for (index, name) in ["minimum", "maximum"].enumerated() {
      guard let value = schema[name] else { continue }
      guard let number = value.double else { throw PluginFailure("the \(name) of \(what) is no number") }
      bounds[index] = number
    }
    guard bounds[0] <= bounds[1] else { throw PluginFailure("the minimum of \(what) is over its maximum") }
    return bounds[0]...bounds[1]
  }

  private static func text(
    _ schema: JSONElement, _ fields: Fields, _ what: String
  ) throws(PluginFailure) -> ParameterType {
    let format = try fields.optionalString("format")
    let words = try fields.strings("enum")
    switch format {
    case nil: break
    case "path" where schema["enum"] == nil: return .path
    default: throw PluginFailure("the format of \(what) is not path")
    }
    guard schema["enum"] != nil else { return .text(schema["title"]?.string ?? "a text") }
    guard !words.isEmpty, Set(words).count == words.count, words.allSatisfy({ !$0.isEmpty }) else {
      throw PluginFailure("the enum of \(what) is no list of different words")
    }
    return .word(words)
  }

  private static func list(
    _ schema: JSONElement, _ fields: Fields, _ what: String
  ) throws(PluginFailure) -> ParameterType {
    guard let items = schema["items"] else { throw PluginFailure("\(what) is an array without items") }
    let count = try fields.integer("minItems", in: 1...64)
    guard try fields.integer("maxItems", in: 1...64) == count else {
      throw PluginFailure("minItems and maxItems of \(what) differ; a list has a fixed length")
    }
    let element = try type(items, "an item of \(what)")
    switch element {
    case .path, .list: throw PluginFailure("\(what) is a list of lists or paths")
    default: return .list(of: element, count: count)
    }
  }

  /// A value as a parameter of a type has it.
  static func value(
    _ json: JSONElement, _ type: ParameterType, _ what: String
  ) throws(PluginFailure) -> ParameterValue {
    guard let value = parameterValue(json), let fitting = type.fitting(value) else {
      throw PluginFailure("\(what) is \(json.kind), which its type does not allow")
    }
    return fitting
  }

  private static func parameterValue(_ json: JSONElement) -> ParameterValue? {
    switch json {
    case .bool(let value): return .bool(value)
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .string(let value): return .string(value)
    case .array(let items):
      let values = items.compactMap { parameterValue($0) }
      return values.count == items.count ? .list(values) : nil
    case .null, .object: return nil
    }
  }
}

extension ParameterType {
  /// A value in the one way in which this type spells it; nil where it is none of the type.
  func fitting(_ value: ParameterValue) -> ParameterValue? {
    switch self {
    case .integer(let range): return value.int.flatMap { range.contains($0) ? .integer($0) : nil }
    case .number(let range): return value.double.flatMap { range.contains($0) ? .number($0) : nil }
    case .boolean: return value.bool.map { .bool($0) }
    case .word(let words): return value.string.flatMap { words.contains($0) ? .string($0) : nil }
    case .text, .path: return value.string.map { .string($0) }
    case .list(let element, let count):
      guard let items = value.list, items.count == count else { return nil }
      let fitting = items.compactMap { element.fitting($0) }
      return fitting.count == count ? .list(fitting) : nil
    // A plugin's schema has neither.
    case .choice, .either: return nil
    }
  }
}
