/// Something that can tell its values.
protocol Metric: Sendable {
  var samples: [MetricSample] { get }
}

struct MetricLabel: Hashable, Sendable {
  var name: String
  var value: String

  var text: String { "\(name)=\"\(MetricFamily.escaped(value, quotes: true))\"" }
}

/// One line: a value, with what it adds to its family's name and its series' labels.
struct MetricSample: Sendable {
  var suffix = ""
  var label: MetricLabel?
  var value: Double
}

/// All series of one name.
struct MetricFamily: Sendable {
  let name: String
  let help: String
  let kind: String
  var series: [(labels: [MetricLabel], metric: any Metric)] = []

  var text: String {
    var text = "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind)\n"
    for (labels, metric) in series {
      for sample in metric.samples {
        let labels = (labels + [sample.label].compactMap(\.self)).map(\.text).joined(separator: ",")
        text += name + sample.suffix + (labels.isEmpty ? "" : "{\(labels)}") + " \(Self.text(sample.value))\n"
      }
    }
    return text
  }

  /// Backslash and line feed, and in a label's value the quote.
  static func escaped(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  /// Whole numbers without a point, as everybody writes counters.
  static func text(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
  }
}
