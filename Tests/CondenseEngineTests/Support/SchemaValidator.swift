import CondenseEngine
import CondensePipelines
import Foundation

/// As much of JSON Schema (draft 2020-12) as the pipelines' schema uses; a keyword beyond that is an error of the test.
struct SchemaValidator {
  let root: JSONValue

  /// Words that describe and do not restrict.
  private static let annotations: Set<String> = ["$schema", "$defs", "title", "description", "default"]

  struct UnknownKeyword: Error { var keyword: String }

  /// A YAML value as JSON has it.
  static func instance(_ node: Node) -> JSONValue? {
    switch node.content {
    case .sequence(let nodes): return .array(nodes.map { instance($0) ?? .object([("null", true)]) })
    case .mapping(let pairs):
      return .object(pairs.map { ($0.key.value, instance($0.value) ?? .object([("null", true)])) })
    case .scalar(let scalar):
      if node.isNull { return nil }
      if let bool = node.bool { return .bool(bool) }
      if let integer = node.integer { return .integer(integer) }
      if let number = node.number { return .number(number) }
      return .string(scalar.text)
    }
  }

  func accepts(_ node: Node) throws -> Bool { try matches(node, root) }

  private func matches(_ node: Node, _ schema: JSONValue) throws -> Bool {
    guard case .object(let keywords) = schema else {
      if case .bool(let answer) = schema { return answer }
      return false
    }
    for (keyword, value) in keywords where try !holds(keyword, value, keywords, node) { return false }
    return true
  }

  private func holds(
    _ keyword: String, _ value: JSONValue, _ all: [(key: String, value: JSONValue)], _ node: Node
  ) throws -> Bool {
    switch keyword {
    case _ where Self.annotations.contains(keyword): return true
    case "$ref": return try matches(node, definition(value.string ?? ""))
    case "type": return (value.array ?? [value]).compactMap(\.string).contains { isType($0, node) }
    case "enum": return (value.array ?? []).contains { isEqual($0, node) }
    case "const": return isEqual(value, node)
    case "anyOf": return try (value.array ?? []).contains { try matches(node, $0) }
    case "allOf": return try (value.array ?? []).allSatisfy { try matches(node, $0) }
    case "not": return try !matches(node, value)
    case "if":
      let branch = try matches(node, value) ? "then" : "else"
      return try all.first { $0.key == branch }.map { try matches(node, $0.value) } ?? true
    case "then", "else": return true
    case "properties", "additionalProperties", "required", "minProperties", "maxProperties", "propertyNames",
      "dependentRequired":
      guard let pairs = node.mapping else { return true }
      return try holds(keyword, value, all, pairs)
    case "items", "minItems", "maxItems", "uniqueItems":
      guard let items = node.sequence else { return true }
      switch keyword {
      case "items": return try items.allSatisfy { try matches($0, value) }
      case "minItems": return items.count >= value.int ?? 0
      case "maxItems": return items.count <= value.int ?? 0
      default: return Set(items.map { $0.scalar?.text ?? "" }).count == items.count
      }
    case "minimum": return node.number.map { $0 >= value.double ?? 0 } ?? true
    case "maximum": return node.number.map { $0 <= value.double ?? 0 } ?? true
    case "pattern":
      guard case .string(let text)? = Self.instance(node) else { return true }
      return try text.firstMatch(of: Regex(value.string ?? "")) != nil
    case "maxLength":
      guard case .string(let text)? = Self.instance(node) else { return true }
      return text.unicodeScalars.count <= value.int ?? 0
    default: throw UnknownKeyword(keyword: keyword)
    }
  }

  private func holds(
    _ keyword: String, _ value: JSONValue, _ all: [(key: String, value: JSONValue)], _ pairs: [Node.Pair]
  ) throws -> Bool {
    let names = pairs.map(\.key.value)
    switch keyword {
    case "properties":
      return try pairs.allSatisfy { pair in
        try value.object?.first { $0.key == pair.key.value }.map { try matches(pair.value, $0.value) } ?? true
      }
    case "additionalProperties":
      let known = Set(all.first { $0.key == "properties" }?.value.object?.map(\.key) ?? [])
      return try pairs.allSatisfy { try known.contains($0.key.value) || matches($0.value, value) }
    case "required": return (value.array ?? []).allSatisfy { names.contains($0.string ?? "") }
    case "minProperties": return pairs.count >= value.int ?? 0
    case "maxProperties": return pairs.count <= value.int ?? 0
    case "dependentRequired":
      return (value.object ?? []).allSatisfy { pair in
        !names.contains(pair.key) || (pair.value.array ?? []).allSatisfy { names.contains($0.string ?? "") }
      }
    default:
      return try pairs.allSatisfy { pair in
        try matches(Node(.scalar(Node.Scalar(text: pair.key.value, isPlain: false)), at: pair.key.place), value)
      }
    }
  }

  private func isType(_ type: String, _ node: Node) -> Bool {
    switch (type, Self.instance(node)) {
    case ("null", nil), ("object", .object?), ("array", .array?), ("string", .string?), ("boolean", .bool?): true
    case ("integer", .integer?), ("number", .integer?), ("number", .number?): true
    default: false
    }
  }

  private func isEqual(_ value: JSONValue, _ node: Node) -> Bool {
    switch (value, Self.instance(node)) {
    case (.string(let a), .string(let b)?): a == b
    case (.integer(let a), .integer(let b)?): a == b
    case (.bool(let a), .bool(let b)?): a == b
    default: false
    }
  }

  private func definition(_ reference: String) -> JSONValue {
    let name = reference.split(separator: "/").last.map(String.init) ?? ""
    return root.object?.first { $0.key == "$defs" }?.value.object?.first { $0.key == name }?.value ?? .bool(false)
  }
}

extension JSONValue {
  var object: [(key: String, value: JSONValue)]? { if case .object(let pairs) = self { pairs } else { nil } }
  var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
  var string: String? { if case .string(let text) = self { text } else { nil } }
  var int: Int? { if case .integer(let value) = self { value } else { nil } }
  var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
}
