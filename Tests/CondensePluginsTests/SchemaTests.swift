import CondenseStages
import CondenseTensors
import Foundation
import TestSupport
import Testing

@testable import CondensePlugins

@Suite("The protocol's schemas in docs/schemas")
struct SchemaTests {
  private static func schema(_ name: String) throws -> JSONElement {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../docs/schemas")
    return try JSONElement(Bytes(Data(contentsOf: folder.appending(path: name + ".json"))))
  }

  private static let valid = [
    #"{"protocol":1,"name":"a","version":1,"summary":"S"}"#,
    #"{"protocol":1,"name":"a-1","version":2,"summary":"S","scope":"model","x-mine":{},"environment":["A"],"files":["../a"]}"#,
    #"{"protocol":1,"name":"a","version":1,"summary":"S","parameters":{"type":"object","required":["a"],"properties":{"a":{"type":"integer","minimum":1},"b":{"type":"string","enum":["x"],"default":"x"},"c":{"type":"string","format":"path"},"d":{"type":"array","items":{"type":"number"},"minItems":2,"maxItems":2}}}}"#,
    #"{"protocol":1,"name":"a","version":1,"summary":"S","metrics":[{"name":"m_1","total":"max"}],"accepts":{"dtypes":["F32"],"minRank":1}}"#,
    #"{"protocol":1,"name":"a","version":1,"summary":"S","examples":[{"title":"T","shape":[1,1],"input":[1],"output":[2]}]}"#,
  ]

  private static let invalid = [
    "[]", "{}", #"{"protocol":2,"name":"a","version":1,"summary":"S"}"#,
    #"{"protocol":1,"name":"A","version":1,"summary":"S"}"#, #"{"protocol":1,"name":"a","version":-1,"summary":"S"}"#,
    #"{"protocol":1,"name":"a","version":1.5,"summary":"S"}"#, #"{"protocol":1,"name":"a","version":1}"#,
    #"{"protocol":1,"name":"a","version":1,"summary":"S","scope":"layer"}"#,
    #"{"protocol":1,"name":"a","version":1,"summary":"S","lossless":1}"#,
    #"{"protocol":1,"name":"a","version":1,"summary":"S","file":[]}"#,
    #"{"protocol":1,"name":"a","version":1,"summary":"S","parameters":{"properties":{"a":{"type":"null"}}}}"#,
    #"{"protocol":1,"name":"a","version":1,"summary":"S","parameters":{"properties":{"a":{"type":"string","pattern":"x"}}}}"#,
    #"{"protocol":1,"name":"a","version":1,"summary":"S","metrics":[{"name":"a-b"}]}"#,
    #"{"protocol":1,"name":"a","version":1,"summary":"S","accepts":{"rank":2}}"#,
  ]

  @Test("What is read as a description fits its schema, and what is not does not")
  func descriptions() throws {
    let schema = try Self.schema("plugin-description")
    for text in Self.valid {
      _ = try PluginDescription(Bytes(text.utf8))
      #expect(try schema.allows(JSONElement(Bytes(text.utf8)), in: schema), "\(text)")
    }
    for text in Self.invalid {
      #expect(throws: PluginFailure.self, "\(text)") { try PluginDescription(Bytes(text.utf8)) }
      #expect(try !schema.allows(JSONElement(Bytes(text.utf8)), in: schema), "\(text)")
    }
  }

  @Test("Every request fits its schema", arguments: PluginRequest.Action.allCases)
  func requests(action: PluginRequest.Action) throws {
    let schema = try Self.schema("plugin-request")
    var request = PluginRequest(
      id: 1, action: action, parameters: ["a \"b\"": .list([.number(0.5), .bool(true)])], input: "/a \"b\"\n/é",
      output: "/o")
    if action == .apply { request.allocation = Allocation([-1, 2]) }
    if action == .allocate {
      request.measurements = [Measurement(Bytes(#"{"a":[1]}"#.utf8)), Measurement(Bytes("3".utf8))]
    }
    let line = String(decoding: request.line.array, as: UTF8.self)
    #expect(line.hasSuffix("}\n") && !line.dropLast().contains("\n"))
    let json = try JSONElement(Bytes(line.utf8))
    #expect(schema.allows(json, in: schema), "\(line)")
    #expect(json["input"]?.string == request.input)
  }

  @Test(
    "What is read as a reply fits its schema, and what is not does not",
    arguments: [
      (#"{"type":"progress","share":0.5}"#, true), (#"{"type":"log","text":"a"}"#, true),
      (#"{"type":"error","id":1,"message":"a"}"#, true), (#"{"type":"result","id":1}"#, true),
      (#"{"type":"result","id":1,"tensors":"a","metrics":{"a":1,"b":2.5},"x-time":3}"#, true),
      (#"{"type":"result","id":1,"measurement":null,"allocations":[[1,2],3]}"#, true), ("{}", false),
      (#"{"type":"progress"}"#, false), (#"{"type":"log","text":1}"#, false), (#"{"type":"done"}"#, false),
      (#"{"type":"result"}"#, false), (#"{"type":"result","id":"1"}"#, false),
      (#"{"type":"result","id":1,"metrics":[]}"#, false), (#"{"type":"result","id":1,"metrics":{"a":"1"}}"#, false),
      (#"{"type":"result","id":1,"allocations":[1.5]}"#, false), (#"{"type":"result","id":1,"tensor":"a"}"#, false),
    ])
  func replies(text: String, isValid: Bool) throws {
    let schema = try Self.schema("plugin-reply")
    #expect(try schema.allows(JSONElement(Bytes(text.utf8)), in: schema) == isValid)
    #expect(((try? PluginReply(line: Bytes(text.utf8))) != nil) == isValid)
  }
}

@Suite("Damaged messages")
struct DamagedMessageTests {
  private static let description =
    #"{"protocol":1,"name":"a","version":1,"summary":"S","scope":"tensor","parameters":{"required":["a"],"properties":{"a":{"type":"integer","minimum":1,"maximum":9},"b":{"type":"array","items":{"type":"number"},"minItems":2,"maxItems":2,"default":[1,2]}}},"metrics":[{"name":"m","total":"max"}],"accepts":{"dtypes":["F32"],"minRank":1},"examples":[{"title":"T","shape":[1,1],"input":[1],"output":[2]}]}"#
  private static let reply =
    #"{"type":"result","id":1,"tensors":"a","metrics":{"a":1e3,"b":2.5},"measurement":{"a":[1,null,true]},"allocations":[[1,2],3]}"#

  @Test("They are errors or read, and never a crash", arguments: 0..<FuzzRun.parts)
  func damaged(part: Int) {
    let mutation = Mutation(words: [
      "{", "[", "]", "}", "\"", ",", ":", "-1", "1e999", "9223372036854775807", "-9223372036854775808", "null",
      "\\u0000",
      "minimum", "properties", "shape", "default",
    ])
    var read = 0
    FuzzRun.current.inputs(of: part, "plugin messages", percent: 10) { generator, _ in
      let description = mutation.damaged(Array(Self.description.utf8), using: &generator)
      if (try? PluginDescription(Bytes(description))) != nil { read += 1 }
      let reply = mutation.damaged(Array(Self.reply.utf8), using: &generator)
      if (try? PluginReply(line: Bytes(reply))) != nil { read += 1 }
    }
    // A digit more or less hurts nobody.
    #expect(read > 0)
  }
}

extension JSONElement {
  /// Whether a value fits this schema; only what the schemas here use is known.
  fileprivate func allows(_ value: JSONElement, in root: JSONElement) -> Bool {
    guard let members else { return false }
    return members.allSatisfy { keyword, rule in
      switch keyword {
      case "$ref": return root["$defs"]?["parameter"]?.allows(value, in: root) == true
      case "const": return rule == value
      case "enum": return rule.array?.contains(value) == true
      case "type": return value.isType(rule.string ?? "")
      case "minimum": return value.double.map { $0 >= rule.double ?? 0 } ?? true
      case "maximum": return value.double.map { $0 <= rule.double ?? 0 } ?? true
      case "minLength": return value.string.map { $0.count >= rule.integer ?? 0 } ?? true
      case "maxLength": return value.string.map { $0.count <= rule.integer ?? 0 } ?? true
      case "minItems": return value.array.map { $0.count >= rule.integer ?? 0 } ?? true
      case "maxItems": return value.array.map { $0.count <= rule.integer ?? 0 } ?? true
      case "pattern":
        return value.string.map { $0.range(of: rule.string ?? "", options: .regularExpression) != nil } ?? true
      case "required": return value.members == nil || rule.array?.allSatisfy { value[$0.string ?? ""] != nil } == true
      case "items": return value.array?.allSatisfy { rule.allows($0, in: root) } ?? true
      case "oneOf": return rule.array?.count { $0.allows(value, in: root) } == 1
      case "properties": return value.members?.allSatisfy { rule[$0.name]?.allows($0.value, in: root) ?? true } ?? true
      case "additionalProperties":
        return value.members?.allSatisfy { member in
          self["properties"]?[member.name] != nil || self["patternProperties"] != nil && member.name.hasPrefix("x-")
            || rule != .bool(false) && rule.allows(member.value, in: root)
        } ?? true
      case "$schema", "title", "$defs", "patternProperties": return true
      default: return false
      }
    }
  }

  private func isType(_ name: String) -> Bool {
    switch (name, self) {
    case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool), ("integer", .integer),
      ("number", .integer), ("number", .number):
      true
    default: false
    }
  }
}
