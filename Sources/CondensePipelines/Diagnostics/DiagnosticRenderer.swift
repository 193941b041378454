/// Shows diagnostics as text: place, message, the source line with a caret, notes.
public struct DiagnosticRenderer: Sendable {
  public var usesColor: Bool

  public init(usesColor: Bool = false) { self.usesColor = usesColor }

  /// Lines wider than this are shown in part, around the caret.
  private static let widest = 120

  /// `file` is the name that is shown; `source` gives the lines.
  public func text(_ diagnostic: Diagnostic, source: SourceText?, file: String? = nil) -> String {
    let name = (file ?? diagnostic.file).unicodeScalars.map { Diagnostic.shown($0) }.joined()
    let severity = diagnostic.severity.rawValue
    let color = diagnostic.severity == .error ? "31" : "33"
    var lines = [
      "\(place(name, diagnostic.range)): \(styled(severity + ":", "1;" + color)) \(styled(diagnostic.message, "1"))"
    ]
    lines += excerpt(diagnostic.range, in: source)
    for note in diagnostic.notes {
      let noteName = note.file == diagnostic.file ? name : note.file
      lines.append("\(place(noteName, note.range)): note: \(note.message)")
      if note.file == diagnostic.file { lines += excerpt(note.range, in: source) }
    }
    return lines.joined(separator: "\n")
  }

  private func place(_ file: String, _ range: SourceRange?) -> String {
    range.map { "\(file):\($0.start.line):\($0.start.column)" } ?? file
  }

  private func excerpt(_ range: SourceRange?, in source: SourceText?) -> [String] {
    guard let range, let source, let length = source.length(ofLine: range.start.line) else { return [] }
    let caret = min(range.start.column - 1, length)
    let end = range.end.line == range.start.line ? range.end.column - 1 : length
    let width = max(1, min(end, length) - caret)
    let start = max(0, min(caret - DiagnosticRenderer.widest / 2, length - DiagnosticRenderer.widest))
    let shown = source.scalars(ofLine: range.start.line, from: start, count: DiagnosticRenderer.widest)
      .map { DiagnosticRenderer.shown($0) }
    let head = (start > 0 ? "…" : "") + shown.joined()
    let indent = shown.prefix(max(0, caret - start)).joined().count + (start > 0 ? 1 : 0)
    let marks = "^" + String(repeating: "~", count: max(0, min(width, DiagnosticRenderer.widest) - 1))
    return [
      "  \(head)\(start + shown.count < length ? "…" : "")",
      "  " + String(repeating: " ", count: indent) + styled(marks, "32"),
    ]
  }

  /// Tabs as one space, so that the caret stands right; nothing that a terminal could act on.
  private static func shown(_ scalar: Unicode.Scalar) -> String { scalar == "\t" ? " " : Diagnostic.shown(scalar) }

  private func styled(_ text: String, _ code: String) -> String {
    usesColor ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
