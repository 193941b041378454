import CondensePipelines
import TestSupport
import Testing

@Suite("Words of the pipeline language")
struct LanguageTests {
  @Test(
    "Patterns match whole names",
    arguments: [
      ("fc1.weight", "fc1.weight", true), ("fc1", "fc1.weight", false), ("*", "", true), ("*", "a.b.c", true),
      ("fc*.weight", "fc12.weight", true), ("fc*.weight", "fc1.weights", false), ("fc?.w", "fc1.w", true),
      ("fc?.w", "fc12.w", false), ("*.[wb]*", "x.bias", true), ("*.[!w]*", "x.weight", false),
      ("[a-c]1", "b1", true), ("[]a]", "]", true), ("layer.{1,23}.*", "layer.23.x", true),
      ("layer.{1,23}.*", "layer.2.x", false), ("{a,b}{c,d}", "bd", true), ("{a,{b,c}d}", "cd", true),
      ("a{,b}", "a", true),
      ("ü?", "üß", true), ("**a**", "bab", true), ("", "", true), ("", "a", false),
    ])
  func globs(pattern: String, name: String, matches: Bool) throws {
    #expect(try Glob(pattern).matches(name) == matches)
  }

  /// Pattern matching as it is defined, trying everything.
  private static func slowMatch(_ pattern: Substring, _ name: Substring) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    if first == "*" {
      return slowMatch(pattern.dropFirst(), name) || (!name.isEmpty && slowMatch(pattern, name.dropFirst()))
    }
    guard let character = name.first, first == "?" || first == character else { return false }
    return slowMatch(pattern.dropFirst(), name.dropFirst())
  }

  @Test("Matching is what trying everything finds", arguments: UInt64(1)...10)
  func slowReference(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<100 {
      let pattern = String(
        (0..<Int.random(in: 0...6, using: &generator)).map { _ in "ab*?".randomElement(using: &generator) ?? "a" })
      let name = String(
        (0..<Int.random(in: 0...7, using: &generator)).map { _ in "ab".randomElement(using: &generator) ?? "a" })
      #expect(
        try Glob(pattern).matches(name) == Self.slowMatch(pattern[...], name[...]),
        "\(pattern) on \(name), seed \(seed)")
    }
  }

  @Test("A pattern that would try everything for ever does not")
  func pathological() throws {
    let pattern = try Glob(String(repeating: "*a", count: 200) + "b")
    #expect(!pattern.matches(String(repeating: "a", count: 2000)))
  }

  @Test(
    "Patterns that are none are refused",
    arguments: [
      "[", "[a", "{a", "{a,{b}", "[z-a]", String(repeating: "{a,b}", count: 17), String(repeating: "{a,b}", count: 9),
    ])
  func badGlobs(pattern: String) { #expect(throws: GlobError.self) { try Glob(pattern) } }

  @Test(
    "Quantities are read in their unit",
    arguments: [
      ("30 kB", Quantity.Unit.bytes, 30_000), ("2 MiB", .bytes, 2_097_152), ("2MiB", .bytes, 2_097_152),
      ("1.5 GB", .bytes, 1_500_000_000), ("12", .bytes, 12), ("12 B", .bytes, 12), ("8%", .share, 0.08),
      ("0.5 %", .share, 0.005),
      ("0.25", .share, 0.25), ("20 dB", .decibels, 20), ("-3.5dB", .decibels, -3.5), ("1e3", .number, 1000),
      ("40×", .number, 40), ("40x", .number, 40),
      ("8%", .bytes, nil), ("3 kB", .share, nil), ("3 dB", .number, nil), ("x", .number, nil), ("", .number, nil),
      ("nan", .number, nil), ("1 2", .number, nil), ("5 kb", .bytes, nil), ("∞ dB", .decibels, nil),
    ] as [(String, Quantity.Unit, Double?)])
  func quantities(text: String, unit: Quantity.Unit, value: Double?) {
    #expect(Quantity.value(text, in: unit) == value)
  }

  @Test(
    "The nearest word is found, if one is near",
    arguments: [
      ("prnue", "prune"), ("Prune", "prune"), ("huffmann", "huffman"), ("clutser", "cluster"), ("quantise", "quantize"),
      ("xyz", nil), ("", nil), (String(repeating: "a", count: 100), nil),
    ] as [(String, String?)])
  func spelling(word: String, nearest: String?) {
    #expect(Spelling.nearest(to: word, in: ["prune", "cluster", "quantize", "huffman"]) == nearest)
  }
}

@Suite("Showing diagnostics")
struct DiagnosticRendererTests {
  private static func render(_ text: String, _ range: SourceRange, notes: [Diagnostic.Note] = []) -> String {
    DiagnosticRenderer().text(
      Diagnostic(.error, "wrong", file: "p.yaml", range: range, notes: notes),
      source: SourceText(file: "p.yaml", text: text))
  }

  private static func range(_ line: Int, _ start: Int, _ end: Int) -> SourceRange {
    SourceRange(SourcePosition(line: line, column: start), SourcePosition(line: line, column: end))
  }

  @Test("The place, the line and a caret under it")
  func caret() {
    #expect(Self.render("a: 1\nbcd: ef\r\n", Self.range(2, 6, 8)) == "p.yaml:2:6: error: wrong\n  bcd: ef\n       ^~")
  }

  @Test("Tabs and control characters do not move the caret or reach the terminal")
  func tabs() {
    #expect(
      Self.render("\t\u{1B}[31mx", Self.range(1, 7, 8)) == "p.yaml:1:7: error: wrong\n   \u{FFFD}[31mx\n        ^")
  }

  @Test("A long line is shown around the caret")
  func longLine() {
    let lines = Self.render(
      String(repeating: "a", count: 500) + "X" + String(repeating: "b", count: 500), Self.range(1, 501, 502)
    )
    .split(separator: "\n")
    #expect(lines[1].count < 130)
    let column = lines[2].firstIndex(of: "^").map { lines[2].distance(from: lines[2].startIndex, to: $0) } ?? 0
    #expect(Array(lines[1])[column] == "X")
  }

  @Test("Lines that end in any way, and a byte order mark, leave the caret where it belongs")
  func lineEnds() {
    for text in ["\u{FEFF}äb\ncd", "\u{FEFF}äb\r\ncd", "\u{FEFF}äb\rcd"] {
      #expect(Self.render(text, Self.range(1, 2, 3)) == "p.yaml:1:2: error: wrong\n  äb\n   ^")
      #expect(Self.render(text, Self.range(2, 2, 9)) == "p.yaml:2:2: error: wrong\n  cd\n   ^")
    }
    let long = String(repeating: "ä", count: 1000) + "\n"
    #expect(
      Self.render(long, Self.range(1, 1000, 1001)).hasSuffix(
        "…\(String(repeating: "ä", count: 120))\n" + String(repeating: " ", count: 122) + "^"))
  }

  @Test("A place past the line's end, or no place, still shows")
  func oddPlaces() {
    #expect(Self.render("ab", Self.range(1, 9, 10)) == "p.yaml:1:9: error: wrong\n  ab\n    ^")
    #expect(Self.render("ab", Self.range(7, 1, 2)) == "p.yaml:7:1: error: wrong")
    let whole = Diagnostic(.warning, "odd", file: "p.yaml", range: nil)
    #expect(DiagnosticRenderer().text(whole, source: nil) == "p.yaml: warning: odd")
  }

  @Test("Notes come with their own line")
  func notes() {
    let note = Diagnostic.Note("here", file: "p.yaml", range: Self.range(1, 1, 2))
    #expect(
      Self.render("a: 1\na: 2", Self.range(2, 1, 2), notes: [note])
        == "p.yaml:2:1: error: wrong\n  a: 2\n  ^\np.yaml:1:1: note: here\n  a: 1\n  ^")
  }

  @Test("Colours are only for those who ask")
  func colors() {
    let diagnostic = Diagnostic(.error, "wrong", file: "p", range: nil)
    #expect(DiagnosticRenderer(usesColor: true).text(diagnostic, source: nil).contains("\u{1B}[1;31m"))
  }
}
