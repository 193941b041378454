import CondenseTensors

/// A parameter's value, as pipelines and process stages write it.
public enum ParameterValue: Hashable, Sendable {
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case list([ParameterValue])
  case map([String: ParameterValue])
}

/// A stage's parameters by name.
public typealias StageParameters = [String: ParameterValue]

extension ParameterValue {
  /// The value as a number, whole or not.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  public var int: Int? { if case .integer(let value) = self { value } else { nil } }
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var list: [ParameterValue]? { if case .list(let value) = self { value } else { nil } }
  public var map: [String: ParameterValue]? { if case .map(let value) = self { value } else { nil } }

  /// The one spelling that keys are made of: JSON with sorted keys and no spaces, and a number that is whole written
  /// without a fraction, so that `1` and `1.0` are one value.
  public var canonical: String {
    switch self {
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): Int(exactly: value).map { String($0) } ?? value.description
    case .string(let value): JSONText.quoted(value)
    case .list(let values): "[" + values.map(\.canonical).joined(separator: ",") + "]"
    case .map(let values):
      "{"
        + values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        .map { JSONText.quoted($0.key) + ":" + $0.value.canonical }.joined(separator: ",") + "}"
    }
  }
}
