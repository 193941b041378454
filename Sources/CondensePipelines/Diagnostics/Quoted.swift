extension Diagnostic {
  /// A text of the file as messages quote it: in single quotes, cut where it is long, and without what a terminal would
  /// act on.
  public static func quoted(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let start = scalars.prefix(longestQuote).map { shown($0) }.joined()
    return "'\(start)\(scalars.dropFirst(longestQuote).isEmpty ? "" : "…")'"
  }

  private static let longestQuote = 60

  /// Names that may stand somewhere, for messages; the first of them where they are many.
  static func listed(_ names: [String]) -> String {
    names.prefix(mostListed).joined(separator: ", ") + (names.count > mostListed ? ", …" : "")
  }

  private static let mostListed = 12

  /// A code point that can be printed: control characters could move a terminal's cursor, and those that change the
  /// direction of writing could show a text as another.
  static func shown(_ scalar: Unicode.Scalar) -> String {
    switch scalar.value {
    case 0..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: "\u{FFFD}"
    default: String(scalar)
    }
  }

  /// A pipeline file's diagnostics, those of the whole file first, then by their places; those of files that it is made
  /// from after its own, in the order in which they came up. The first ``mostInFile`` of them.
  public static func inOrder(_ diagnostics: [Diagnostic], of file: String) -> [Diagnostic] {
    var ranks = [file: 0]
    for diagnostic in diagnostics where ranks[diagnostic.file] == nil { ranks[diagnostic.file] = ranks.count }
    let whole = SourcePosition(line: 0, column: 0)
    let keys = diagnostics.enumerated().map { index, diagnostic in
      (ranks[diagnostic.file] ?? 0, diagnostic.range?.start ?? whole, index)
    }
    let sorted = keys.sorted { $0 < $1 }.map { diagnostics[$0.2] }
    guard sorted.count > mostInFile else { return sorted }
    let rest = Diagnostic("\(sorted.count - mostInFile) more errors like these", file: file, range: nil)
    return sorted.prefix(mostInFile) + [rest]
  }

  /// Nobody reads more; a hostile file could have a hundred thousand.
  private static let mostInFile = 1000
}
