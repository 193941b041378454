/// Which marks the two streams of a terminal take.
package struct TextStyle: Codable, Equatable, Sendable {
  /// On standard error: progress and diagnostics.
  package var usesColor: Bool
  /// On standard output.
  package var usesColorForResults: Bool

  package static let plain = TextStyle(usesColor: false, usesColorForResults: false)

  package init(usesColor: Bool, usesColorForResults: Bool) {
    self.usesColor = usesColor
    self.usesColorForResults = usesColorForResults
  }

  package func emphasized(_ text: String) -> String { usesColorForResults ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
  package func dimmed(_ text: String) -> String { usesColorForResults ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
  /// The head of an error that has no place in a file.
  package func error(_ text: String) -> String {
    (usesColor ? "\u{1B}[1;31merror:\u{1B}[0m " : "error: ") + text
  }
}
