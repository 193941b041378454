import CondensePipelines
import TestSupport
import Testing

@Suite("YAML")
struct YAMLParserTests {
  private static func parse(_ text: String) throws -> Node? {
    try YAMLParser.parse(SourceText(file: "p.yaml", text: text)).root
  }

  @Test("Values keep their places, in code points from 1")
  func places() throws {
    let root = try #require(try Self.parse("a: 1\nüü: [x, 'y z']\n"))
    let pairs = try #require(root.mapping)
    #expect(pairs.map(\.key.value) == ["a", "üü"])
    #expect(pairs[1].key.range == SourceRange(SourcePosition(line: 2, column: 1), SourcePosition(line: 2, column: 3)))
    let items = try #require(pairs[1].value.sequence)
    #expect(items[1].range.start == SourcePosition(line: 2, column: 9))
    #expect(items[1].string == "y z")
  }

  @Test(
    "Plain scalars are what YAML 1.2 says, quoted ones are strings",
    arguments: [
      ("true", true, nil, nil), ("True", true, nil, nil), ("false", false, nil, nil), ("yes", nil, nil, nil),
      ("on", nil, nil, nil), ("12", nil, 12, 12), ("-3", nil, -3, -3), ("+4", nil, 4, 4), ("0x1F", nil, 31, 31),
      ("0o17", nil, 15, 15), ("017", nil, 17, 17), ("1.5", nil, nil, 1.5), ("1e3", nil, nil, 1000),
      (".5", nil, nil, 0.5),
      ("2.", nil, nil, 2), (".nan", nil, nil, nil), (".inf", nil, nil, nil), ("0x1p3", nil, nil, nil),
      ("nan", nil, nil, nil), ("1_000", nil, nil, nil), ("'12'", nil, nil, nil), ("\"true\"", nil, nil, nil),
      ("99999999999999999999", nil, nil, 1e20), ("1e999", nil, nil, nil), ("-", nil, nil, nil),
    ] as [(String, Bool?, Int?, Double?)])
  func scalars(text: String, bool: Bool?, integer: Int?, number: Double?) throws {
    let node = try #require(try Self.parse("a: \(text == "-" ? "'-'" : text)")?.mapping?.first?.value)
    #expect(node.bool == bool)
    #expect(node.integer == integer)
    #expect(node.number == number)
  }

  @Test("Nothing, a tilde and null are nothing", arguments: ["", "~", "null", "Null"])
  func null(text: String) throws {
    let node = try #require(try Self.parse("a: \(text)")?.mapping?.first?.value)
    #expect(node.isNull && node.string == nil)
  }

  @Test("Aliases repeat what they name")
  func aliases() throws {
    let pairs = try #require(try Self.parse("a: &x {b: 1}\nc: *x\n")?.mapping)
    #expect(pairs[0].value.content == pairs[1].value.content)
  }

  private static let bomb =
    "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    + (1...9).map { "a\($0): &a\($0) [\(Array(repeating: "*a\($0 - 1)", count: 10).joined(separator: ","))]\n" }
    .joined()

  @Test(
    "Hostile text is refused at its place",
    arguments: [
      ("a: [", "expected a value", 1, 5), ("a: 'x", "the quotes that open here do not close", 1, 4),
      ("a: 1\n\tb: 2", "a tab; indent with spaces", 2, 1),
      ("a: b: c", "a ':' makes no sense here", 1, 5),
      ("--- a\n--- b\n", "a second document begins here", 2, 1),
      ("a: 1\n...\nb: 2\n", "expected the end of the file", 3, 1),
      (String(repeating: "[", count: 70), "nested more than 64 deep", 1, 65),
      ("a: *none", "no anchor '&none' above", 1, 4), ("a: &a [*a]", "alias '*a' stands inside of what it names", 1, 8),
      ("a: &a {b: *a}", "alias '*a' stands inside", 1, 11), ("a: !!python/object:os.system x", "has no meaning", 1, 4),
      ("a: !foo x", "the tag '!foo' has no meaning", 1, 4), ("? [a]\n: b", "a key must be a plain word", 1, 3),
      ("? {a: b}\n: c", "a key must be a plain word", 1, 3), ("*x : b", "a key must be a plain word", 1, 1),
      ("a: &x {b: 1}\nc: {<<: *x}", "merge keys", 2, 5), ("a: 1\0", "a zero byte", 1, 5),
      ("%YAML 9.9\n---\na: 1", "a version of YAML that is not 1.1 or 1.2", 1, 1),
      ("%FOO", "unknown directive name", 1, 5),
      ("a: \"\\q\"", "unknown escape", 1, 0),
      ("@a: 1", "a value cannot begin with '@'; put it in quotes", 1, 1),
      ("a: |\n x\n  y\n z\nb", "expected ':' after this key", 5, 1),
      ("- a\nb: c", "expected '-'", 2, 1), ("a: [1, 2}", "expected ',' or ']'", 1, 9),
      ("{a: 1", "expected ',' or '}'", 1, 6),
      ("a: 1\n b: 2", "a ':' makes no sense here", 2, 3),
      (bomb, "stands for more than 100000 values", 0, 0),
    ] as [(String, String, Int, Int)])
  func hostile(text: String, message: String, line: Int, column: Int) {
    let error = #expect(throws: Diagnostic.self) { try Self.parse(text) }
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    if line > 0 { #expect(error?.range?.start.line == line, "\(String(describing: error))") }
    if column > 0 { #expect(error?.range?.start.column == column, "\(String(describing: error))") }
  }

  @Test(
    "Bytes that are no UTF-8 text are refused at their place",
    arguments: [
      ([0xFF, 0xFE, 0x61, 0x00], "UTF-16", 1), ([0x61, 0x3A, 0x20, 0xFF], "not valid UTF-8", 4),
      ([0x61, 0x3A, 0x20, 0xC3, 0xBC, 0xC3], "not valid UTF-8", 5), ([0x61, 0xED, 0xA0, 0x80], "not valid UTF-8", 2),
    ] as [([UInt8], String, Int)])
  func encodings(bytes: [UInt8], message: String, column: Int) {
    let error = #expect(throws: Diagnostic.self) { try YAMLParser.parse(SourceText(file: "p", bytes: bytes)) }
    #expect(error?.message.contains(message) == true)
    #expect(error?.range?.start == SourcePosition(line: 1, column: column))
  }

  @Test("A huge file is refused before it is parsed")
  func hugeFile() {
    let error = #expect(throws: Diagnostic.self) { try Self.parse(String(repeating: "#", count: 1 << 20 + 1)) }
    #expect(error?.message.contains("at most 1048576") == true)
  }

  @Test("A key that is there twice is reported with a note, and the first counts")
  func duplicateKeys() throws {
    let parsed = try YAMLParser.parse(SourceText(file: "p", text: "a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n"))
    #expect(parsed.problems.map(\.range?.start.line) == [2, 3, 4])
    #expect(parsed.problems.map { $0.notes.first?.range.start.line } == [2, 1, 1])
    #expect(parsed.root?.mapping?.first?.value.integer == 1)
  }

  @Test("Random damage is refused or harmless, and never crashes", arguments: UInt64(1)...10)
  func randomDamage(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let text = Array(
      "# c\nmodel: &m a.safetensors\nstages:\n  - prune: {sparsity: 0.5}\n  - huffman\noutputs: [b.condensed, *m]\nx: |\n  y\n"
        .utf8)
    var refused = 0
    for _ in 0..<300 {
      var damaged = text
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        damaged[Int.random(in: 0..<damaged.count, using: &generator)] = .random(in: 0...127, using: &generator)
      }
      let parsed = PipelineParser.parse(SourceText(file: "p.yaml", bytes: damaged))
      if parsed.hasErrors { refused += 1 }
      // Every place is in the file.
      for diagnostic in parsed.diagnostics {
        #expect((1...12).contains(diagnostic.range?.start.line ?? 1), "seed \(seed)")
      }
    }
    #expect(refused > 100, "seed \(seed)")
  }
}
