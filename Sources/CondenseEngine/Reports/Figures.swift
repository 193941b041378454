import Foundation

/// Numbers as people like to read them.
public enum Figures {
  /// At most four significant digits, without needless zeros: `11.27`, `0.0846`, `123456`.
  public static func number(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int(value)) }
    let digits = max(0, min(12, 3 - Int(floor(log10(abs(value))))))
    var text = String(format: "%.\(digits)f", value)
    if text.contains(".") {
      while text.hasSuffix("0") { text.removeLast() }
      if text.hasSuffix(".") { text.removeLast() }
    }
    return text
  }

  /// A size in units of 1000: `812 B`, `24.9 kB`, `1.07 MB`.
  public static func bytes(_ count: Int) -> String {
    guard count >= 1000 else { return "\(count) B" }
    var value = Double(count) / 1000
    var unit = "kB"
    for next in ["MB", "GB", "TB"] where value >= 999.5 {
      value /= 1000
      unit = next
    }
    return String(format: value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value) + " " + unit
  }

  /// `42.3×`.
  public static func ratio(_ value: Double) -> String {
    String(format: value < 10 ? "%.2f×" : value < 100 ? "%.1f×" : "%.0f×", value)
  }

  /// `8.0 %`.
  public static func share(_ value: Double) -> String { String(format: "%.1f %%", value * 100) }

  /// `23.4 dB`, or `lossless`.
  public static func decibels(_ value: Double?) -> String { value.map { String(format: "%.1f dB", $0) } ?? "lossless" }

  /// `0.84 s`, `12 ms`.
  public static func seconds(_ value: Double) -> String {
    value < 0.1 ? String(format: "%.0f ms", value * 1000) : String(format: "%.2f s", value)
  }
}
