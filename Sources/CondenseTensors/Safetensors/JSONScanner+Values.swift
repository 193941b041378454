/// A JSON value of any kind, as plugins and other programs write them.
public enum JSONElement: Equatable, Sendable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits.
  case integer(Int)
  /// Any other finite number.
  case number(Double)
  case string(String)
  case array([JSONElement])
  /// In the order in which they were written; no name is there twice.
  case object([(name: String, value: JSONElement)])

  public static func == (a: JSONElement, b: JSONElement) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a.count == b.count && zip(a, b).allSatisfy { $0 == $1 }
    default: false
    }
  }
}

extension JSONElement {
  /// Reads a whole text, strictly (RFC 8259); containers may stand in each other at most `depth` deep.
  ///
  /// - Throws: ``SafetensorsError`` with the place of what is wrong.
  public init(_ text: Bytes, depth: Int = 32) throws(SafetensorsError) {
    self = try text.withUnsafeBytes { (buffer: UnsafeRawBufferPointer) throws(SafetensorsError) in
      var scanner = JSONScanner(buffer, base: 0)
      let value = try scanner.value(depth: depth)
      guard scanner.isAtEnd() else { throw scanner.error("something follows the value") }
      return value
    }
  }

  public subscript(name: String) -> JSONElement? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var integer: Int? { if case .integer(let value) = self { value } else { nil } }
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var array: [JSONElement]? { if case .array(let values) = self { values } else { nil } }
  public var members: [(name: String, value: JSONElement)]? { if case .object(let all) = self { all } else { nil } }

  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The text without spaces, names in the order that they have here.
  public var text: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): value.description
    case .string(let value): JSONText.quoted(value)
    case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
    case .object(let members):
      "{" + members.map { JSONText.quoted($0.name) + ":" + $0.value.text }.joined(separator: ",") + "}"
    }
  }

  /// What it is, for messages.
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): "the number \(value)"
    case .number(let value): "the number \(value)"
    case .string(let value): JSONText.shown(value)
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSONScanner {
  /// Reads any value; containers may stand in each other at most `depth` deep.
  public mutating func value(depth: Int = 32) throws(SafetensorsError) -> JSONElement {
    guard depth > 0 else { throw error("values are nested too deeply") }
    switch next() {
    case "{":
      var members: [(name: String, value: JSONElement)] = []
      var names: Set<String> = []
      try object("in an object") { (scanner, name, offset) throws(SafetensorsError) in
        guard names.insert(name).inserted else {
          throw scanner.error("the name \(JSONText.shown(name)) is there twice", at: offset)
        }
        members.append((name, try scanner.value(depth: depth - 1)))
      }
      return .object(members)
    case "[":
      try expect("[", "before an array")
      var values: [JSONElement] = []
      if take("]") { return .array(values) }
      repeat { values.append(try value(depth: depth - 1)) } while take(",")
      try expect("]", "or ',' in an array")
      return .array(values)
    case "\"": return .string(try string("a string"))
    default:
      // What is neither number nor word is an error here.
      let start = offset
      let text = try skippedValue()
      switch text {
      case "true": return .bool(true)
      case "false": return .bool(false)
      case "null": return .null
      default: break
      }
      if let whole = Int(text) { return .integer(whole) }
      guard let number = Double(text), number.isFinite else {
        throw error("the number \(JSONText.clipped(text)) is too large", at: start)
      }
      return .number(number)
    }
  }
}
