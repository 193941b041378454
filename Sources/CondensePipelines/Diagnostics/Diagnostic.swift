/// Something to say about a place in a file.
public struct Diagnostic: Error, Hashable, Sendable {
  public enum Severity: String, Sendable { case error, warning }

  /// Another place that helps to understand.
  public struct Note: Hashable, Sendable {
    public var message: String
    public var file: String
    public var range: SourceRange

    public init(_ message: String, file: String, range: SourceRange) {
      self.message = message
      self.file = file
      self.range = range
    }

    public init(_ message: String, at place: Place) { self.init(message, file: place.file, range: place.range) }
  }

  /// What could stand there instead.
  public struct FixIt: Hashable, Sendable {
    public var replacement: String
    public var range: SourceRange

    public init(replacement: String, range: SourceRange) {
      self.replacement = replacement
      self.range = range
    }
  }

  public var severity: Severity
  public var message: String
  public var file: String
  /// Nil where it is the file as a whole.
  public var range: SourceRange?
  public var notes: [Note]
  public var fixIt: FixIt?

  public init(
    _ severity: Severity = .error, _ message: String, file: String, range: SourceRange?, notes: [Note] = [],
    fixIt: FixIt? = nil
  ) {
    self.severity = severity
    self.message = message
    self.file = file
    self.range = range
    self.notes = notes
    self.fixIt = fixIt
  }

  public init(
    _ severity: Severity, _ message: String, at place: Place, notes: [Note] = [], fixIt: FixIt? = nil
  ) {
    self.init(severity, message, file: place.file, range: place.range, notes: notes, fixIt: fixIt)
  }

  /// An error.
  public init(_ message: String, at place: Place, notes: [Note] = [], fixIt: FixIt? = nil) {
    self.init(.error, message, at: place, notes: notes, fixIt: fixIt)
  }

  /// An unknown word, with the nearest of those that are known.
  public static func unknown(_ kind: String, _ word: Located<String>, known: [String]) -> Diagnostic {
    let nearest = Spelling.nearest(to: word.value, in: known)
    let hint =
      nearest.map { "; did you mean \(quoted($0))?" }
      ?? (known.isEmpty ? "" : "; expected \(known.count == 1 ? "" : "one of ")\(listed(known))")
    return Diagnostic(
      "unknown \(kind) \(quoted(word.value))\(hint)", at: word.place,
      fixIt: nearest.map { FixIt(replacement: $0, range: word.range) })
  }

  init(_ message: String, file: String, range: SourceRange?, fixIt: FixIt? = nil) {
    self.init(.error, message, file: file, range: range, fixIt: fixIt)
  }
}

/// Finds what a misspelt word was meant to be.
public enum Spelling {
  /// The word that takes the fewest insertions, deletions, replacements and swaps of neighbours; nil where none is near.
  public static func nearest(to word: String, in candidates: [String]) -> String? {
    let limit = max(1, word.count / 3)
    let scored = candidates.map { ($0, distance(word.lowercased(), $0.lowercased())) }
    return scored.filter { $0.1 <= limit }.min { $0.1 < $1.1 }?.0
  }

  /// Damerau's distance with neighbours swapped at most once (optimal string alignment).
  static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.unicodeScalars), Array(b.unicodeScalars))
    // Words this long are no misspelt keywords, and the table would grow with their product.
    guard a.count <= 64, b.count <= 64 else { return .max }
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
