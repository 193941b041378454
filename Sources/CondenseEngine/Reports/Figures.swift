import Foundation

/// Numbers as people like to read them.
public enum Figures {
  /// What C makes of a format for one number. Foundation's `String(format:)` makes the same of it, but loads half of Foundation
  /// for it, which is a millisecond of a build that takes some tens.
  private static func formatted(_ format: String, _ value: Double) -> String {
    withVaList([value]) { values in
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
        // The largest number has 309 digits before the point.
        let count = vsnprintf(buffer.baseAddress, buffer.count, format, values)
        return String(decoding: buffer.prefix(max(0, Int(count))).lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
    }
  }

  /// At most four significant digits, without needless zeros: `11.27`, `0.0846`, `123456`.
  public static func number(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int(value)) }
    let digits = max(0, min(12, 3 - Int(floor(log10(abs(value))))))
    var text = formatted("%.\(digits)f", value)
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
    return formatted(value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value) + " " + unit
  }

  /// `42.3×`.
  public static func ratio(_ value: Double) -> String {
    formatted(value < 10 ? "%.2f×" : value < 100 ? "%.1f×" : "%.0f×", value)
  }

  /// `8.0 %`.
  public static func share(_ value: Double) -> String { formatted("%.1f %%", value * 100) }

  /// `23.4 dB`, or `lossless`.
  public static func decibels(_ value: Double?) -> String { value.map { formatted("%.1f dB", $0) } ?? "lossless" }

  /// `0.84 s`, `12 ms`.
  public static func seconds(_ value: Double) -> String {
    value < 0.1 ? formatted("%.0f ms", value * 1000) : formatted("%.2f s", value)
  }
}
