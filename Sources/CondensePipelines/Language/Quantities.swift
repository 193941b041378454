/// Numbers with the units that people write.
public enum Quantity {
  /// What a metric is measured in.
  public enum Unit: Sendable {
    /// A whole size: `30 kB` (1000), `2 MiB` (1024), or bytes.
    case bytes
    /// A plain number or a share: `0.08`, `8%`.
    case share
    /// A plain number or decibels: `20`, `20 dB`.
    case decibels
    /// A plain number.
    case number
  }

  private static let sizes: [String: Double] = [
    "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
    "KiB": 1024, "MiB": 1_048_576, "GiB": 1_073_741_824, "TiB": 1_099_511_627_776,
  ]

  /// What `text` is in `unit`; nil where it is no number in it.
  public static func value(_ text: String, in unit: Unit) -> Double? {
    let digits = text.prefix { $0.isNumber || [".", "+", "-", "e", "E"].contains($0) }
    let suffix = text.dropFirst(digits.count).drop { $0 == " " }
    // An exponent's letter could be taken from a unit; no unit begins with e.
    guard let number = Node.decimal(digits) else { return nil }
    if suffix.isEmpty { return number }
    switch unit {
    case .bytes: return sizes[String(suffix)].map { number * $0 }
    case .share: return suffix == "%" ? number / 100 : nil
    case .decibels: return suffix == "dB" ? number : nil
    case .number: return suffix == "x" || suffix == "×" ? number : nil
    }
  }

  /// A size whose unit has the wrong case, such as `30 kb`, as it should be written; nil for anything else.
  static func nearest(to text: String, in unit: Unit) -> String? {
    guard unit == .bytes, let first = text.firstIndex(where: \.isLetter) else { return nil }
    let suffix = text[first...].lowercased()
    guard
      let known = ["B", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"].first(where: { $0.lowercased() == suffix })
    else { return nil }
    let corrected = String(text[..<first]) + known
    return value(corrected, in: unit) == nil ? nil : corrected
  }

  /// What may be written, for messages.
  public static func expectation(_ unit: Unit) -> String {
    switch unit {
    case .bytes: "a size such as 25200, 30 kB or 2 MiB"
    case .share: "a number or a share such as 8%"
    case .decibels: "a number of decibels such as 20 dB"
    case .number: "a number"
    }
  }
}

/// A metric that checks may bind.
public struct Metric: Sendable {
  public var name: String
  public var unit: Quantity.Unit
  /// What it can be; a bound outside would hold always or never.
  public var range: ClosedRange<Double>

  public static let all = [
    Metric(name: "bytes", unit: .bytes, range: 0...Double.greatestFiniteMagnitude),
    Metric(name: "ratio", unit: .number, range: 0...Double.greatestFiniteMagnitude),
    Metric(name: "density", unit: .share, range: 0...1),
    Metric(name: "sqnr", unit: .decibels, range: -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude),
    Metric(name: "max_error", unit: .number, range: 0...Double.greatestFiniteMagnitude),
    Metric(name: "cosine", unit: .number, range: -1...1),
  ]

  /// Whether every output has a metric of this name; else stages report it.
  public static func isMeasured(_ name: String) -> Bool { all.contains { $0.name == name } }

  /// A metric that a stage reports: any number, also written as a share.
  public static func ofStage(_ name: String) -> Metric {
    let most = Double.greatestFiniteMagnitude
    return Metric(name: name, unit: .share, range: -most...most)
  }

  /// The end of the range that `value` is beyond, for messages.
  func bound(for value: Double) -> Int { Int(value < range.lowerBound ? range.lowerBound : range.upperBound) }
}
