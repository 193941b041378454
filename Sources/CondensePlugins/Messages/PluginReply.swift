import CondenseTensors

/// A line that a plugin writes while it works on a request.
enum PluginReply {
  case progress(Double)
  case log(String)
  case result(PluginResult)
  /// It may say which request it is about.
  case error(String, id: Int?)
}

/// What a plugin says that it has made.
struct PluginResult: Equatable {
  var id: Int
  /// The name of a safetensors file in the output folder.
  var tensors: String?
  var metrics: [String: Double] = [:]
  /// Of one tensor, as JSON text.
  var measurement: String?
  /// Whole numbers for each measurement.
  var allocations: [[Int]]?
}

extension PluginReply {
  /// - Throws: ``PluginFailure`` for anything that version 1 of the protocol has not.
  init(line: Bytes) throws(PluginFailure) {
    let message: JSONElement
    do { message = try JSONElement(line) } catch {
      throw PluginFailure("its reply is no JSON: \(error); the line begins with \(PluginReply.shown(line))")
    }
    guard let members = message.members, let type = message["type"]?.string else {
      throw PluginFailure("its reply is no object with a type; the line begins with \(PluginReply.shown(line))")
    }
    let known: [String]
    switch type {
    case "progress":
      known = ["share"]
      guard let share = message["share"]?.double else { throw PluginFailure("a progress message has no share") }
      self = .progress(min(1, max(0, share)))
    case "log":
      known = ["text"]
      guard let text = message["text"]?.string else { throw PluginFailure("a log message has no text") }
      self = .log(text)
    case "error":
      known = ["id", "message"]
      guard let text = message["message"]?.string else { throw PluginFailure("an error has no message") }
      let id = message["id"]
      guard id == nil || id?.integer != nil else { throw PluginFailure("the id of an error is no whole number") }
      self = .error(text, id: id?.integer)
    case "result":
      known = ["id", "tensors", "metrics", "measurement", "allocations"]
      self = .result(try PluginResult(message))
    default:
      throw PluginFailure(
        "its reply is of the unknown type \(JSONText.shown(type)); expected one of progress, log, result, error"
      )
    }
    if let other = members.first(where: { $0.name != "type" && !known.contains($0.name) && !$0.name.hasPrefix("x-") }) {
      throw PluginFailure("its \(type) has the unknown field \(JSONText.shown(other.name))")
    }
  }

  private static func shown(_ line: Bytes) -> String {
    JSONText.shown(String(decoding: line[0..<min(line.count, 200)].array, as: UTF8.self))
  }
}

extension PluginResult {
  fileprivate init(_ message: JSONElement) throws(PluginFailure) {
    guard let id = message["id"]?.integer else { throw PluginFailure("its result has no id") }
    self.id = id
    if let value = message["tensors"] {
      guard let name = value.string else { throw PluginFailure("its result's tensors are no file name") }
      tensors = name
    }
    if let value = message["metrics"] {
      guard let members = value.members else { throw PluginFailure("its result's metrics are no object") }
      for (name, number) in members {
        guard let number = number.double else {
          throw PluginFailure("the metric \(JSONText.shown(name)) is no number: \(number.kind)")
        }
        metrics[name] = number
      }
    }
    measurement = message["measurement"]?.text
    if let value = message["allocations"] {
      guard let rows = value.array else { throw PluginFailure("its result's allocations are no array") }
      var all: [[Int]] = []
      for row in rows {
        // One number alone is a list of one.
        let numbers = row.array ?? [row]
        let values = numbers.compactMap(\.integer)
        guard values.count == numbers.count else {
          throw PluginFailure("its result's allocations are no lists of whole numbers")
        }
        all.append(values)
      }
      allocations = all
    }
  }
}
