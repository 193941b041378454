/// The last lines that a plugin wrote to its standard error.
struct LogTail {
  private(set) var lines: [String] = []
  private var pending: [UInt8] = []

  static let lineCount = 20
  /// Of all lines together.
  static let byteCount = 8192
  private static let longestLine = 1000

  /// Adds bytes as they come; returns the lines that they complete.
  mutating func add(_ bytes: some Collection<UInt8>) -> [String] {
    var completed: [String] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        completed += flush()
      } else if pending.count < LogTail.longestLine {
        pending.append(byte)
      }
    }
    return completed
  }

  /// Takes what has no line end yet as a line.
  mutating func flush() -> [String] {
    guard !pending.isEmpty else { return [] }
    let line = LogTail.printable(String(decoding: pending, as: UTF8.self))
    pending.removeAll(keepingCapacity: true)
    lines.append(line)
    while lines.count > LogTail.lineCount || lines.reduce(0, { $0 + $1.utf8.count }) > LogTail.byteCount {
      lines.removeFirst()
    }
    return [line]
  }

  mutating func clear() {
    lines.removeAll()
    pending.removeAll(keepingCapacity: true)
  }

  /// A text in lines as those of a log are: none longer, none empty.
  static func lines(of text: String) -> [String] {
    var log = LogTail()
    return log.add(text.utf8) + log.flush()
  }

  /// A text without what a terminal would act on.
  static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x09: result += "  "
      case 0x0D: break
      case 0..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
