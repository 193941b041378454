import CondenseStages
import CondenseTensors

/// What a plugin is asked to do: one line of JSON on its standard input.
struct PluginRequest {
  enum Action: String, CaseIterable {
    case apply, measure, allocate, transform, evaluate
  }

  var id: Int
  var action: Action
  /// With paths as they are: absolute.
  var parameters: StageParameters
  /// A safetensors file, absolute; nil where only numbers are asked for.
  var input: String?
  /// A folder for files that the reply names, absolute.
  var output: String
  var allocation: Allocation?
  var measurements: [Measurement]?

  /// The line, with its end.
  var line: Bytes {
    var text =
      "{\"id\":\(id),\"action\":\"\(action.rawValue)\",\"parameters\":\(ParameterValue.map(parameters).canonical)"
    if let input { text += ",\"input\":\(JSONText.quoted(input))" }
    text += ",\"output\":\(JSONText.quoted(output))"
    if let allocation { text += ",\"allocation\":[\(allocation.values.map(String.init).joined(separator: ","))]" }
    if let measurements {
      // They are JSON as they came.
      text +=
        ",\"measurements\":[\(measurements.map { String(decoding: $0.bytes.array, as: UTF8.self) }.joined(separator: ","))]"
    }
    return Bytes((text + "}\n").utf8)
  }
}
