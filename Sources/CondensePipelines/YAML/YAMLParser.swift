/// Reads one YAML document into nodes with places, within limits that no pipeline needs and no hostile file can pass.
///
/// Over libyaml's events (its composer knows no limits on aliases and drops duplicate keys silently).
public enum YAMLParser {
  /// Bytes of a file.
  static let largestFile = 1 << 20
  /// Values in each other.
  static let deepest = 64
  /// Values in all, those that aliases repeat counted each time, long ones as several.
  static let mostNodes = 100_000
  /// Bytes of text that count as a value more: an alias can repeat a long text in three bytes.
  static let bytesPerNode = 64

  /// The document, nil for an empty file; what is wrong with it although it can be read: duplicate keys, of which the
  /// first counts; and how many values it stands for, counted as ``mostNodes`` are.
  ///
  /// - Throws: ``Diagnostic`` at the first place where the text is no single YAML document within the limits.
  public static func parse(_ source: SourceText) throws(Diagnostic) -> (
    root: Node?, problems: [Diagnostic], valueCount: Int
  ) {
    // Who reads a file reads one byte more than is allowed; without its byte order mark the rest would seem to be all.
    guard source.fileByteCount <= largestFile else {
      throw Diagnostic(
        "the file has \(source.fileByteCount) bytes; a pipeline has at most \(largestFile)", file: source.file,
        range: nil)
    }
    if let bad = firstBadByte(source.bytes) {
      let place = source.position(ofByte: bad.offset)
      throw Diagnostic(
        bad.reason, file: source.file, range: SourceRange(line: place.line, column: place.column))
    }
    var composer = Composer(source: source)
    return (try composer.document(), composer.problems, composer.nodeCount)
  }

  private static func firstBadByte(_ bytes: [UInt8]) -> (offset: Int, reason: String)? {
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      return (0, "the file is UTF-16; write it as UTF-8")
    }
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var offset = 0
    while true {
      switch decoder.decode(&iterator) {
      case .scalarValue("\0"): return (offset, "a zero byte in the text; write the file as UTF-8")
      case .scalarValue(let scalar):
        guard isPrintable(scalar) else {
          let code = String(scalar.value, radix: 16, uppercase: true)
          let padded = String(repeating: "0", count: max(0, 4 - code.count)) + code
          return (offset, "the character U+\(padded) cannot stand in YAML text")
        }
        offset += UTF8.width(scalar)
      case .emptyInput: return nil
      case .error: return (offset, "the text is not valid UTF-8")
      }
    }
  }

  /// YAML 1.2, section 5.1, without the byte order mark, which means something only at the very start, and without
  /// those that end a line in YAML 1.1, which libyaml reads, but not in 1.2: U+0085, U+2028 and U+2029.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E, 0x09, 0x0A, 0x0D, 0xA0...0x2027, 0x202A...0xFEFE, 0xFF00...0xFFFD, 0x1_0000...: true
    default: false
    }
  }
}

/// Makes nodes of events.
private struct Composer {
  private let events: EventStream
  private let file: String
  private var anchors: [String: (node: Node, size: Int)] = [:]
  /// Anchors whose node is not finished: an alias to one would contain itself.
  private var openAnchors: Set<String> = []
  private(set) var nodeCount = 0
  private(set) var problems: [Diagnostic] = []

  init(source: SourceText) {
    events = EventStream(source)
    file = source.file
  }

  mutating func document() throws(Diagnostic) -> Node? {
    _ = try events.next()
    guard try events.next().kind == .documentStart else { return nil }
    let root = try node(try events.next(), depth: 0).node
    _ = try events.next()
    let after = try events.next()
    guard after.kind == .streamEnd else {
      throw error("a second document begins here; a pipeline file is one document", after.range)
    }
    return root
  }

  private func error(_ message: String, _ range: SourceRange) -> Diagnostic {
    Diagnostic(message, file: file, range: range)
  }

  private func place(_ range: SourceRange) -> Place { Place(file: file, range: range) }

  /// Composes the node that `event` begins; also tells how many nodes it is.
  private mutating func node(_ event: EventStream.Event, depth: Int) throws(Diagnostic) -> (node: Node, size: Int) {
    guard depth < YAMLParser.deepest else {
      throw error("values are nested more than \(YAMLParser.deepest) deep", event.range)
    }
    if case .alias(let name) = event.kind { return try alias(name, event.range) }
    try check(tag: event.tag, event.range)
    if let anchor = event.anchor {
      // An anchor may be used again; the latest counts (YAML 1.2, section 7.1).
      anchors[anchor] = nil
      openAnchors.insert(anchor)
    }
    let composed: (node: Node, size: Int)
    switch event.kind {
    case .scalar(let text, let isPlain):
      let size = 1 + text.utf8.count / YAMLParser.bytesPerNode
      try count(size, event.range)
      composed = (Node(.scalar(Node.Scalar(text: text, isPlain: isPlain)), at: place(event.range)), size)
    case .sequenceStart:
      try count(1, event.range)
      composed = try sequence(event, depth: depth)
    case .mappingStart:
      try count(1, event.range)
      composed = try mapping(event, depth: depth)
    default: throw error("expected a value", event.range)
    }
    if let anchor = event.anchor {
      openAnchors.remove(anchor)
      anchors[anchor] = composed
    }
    return composed
  }

  private mutating func alias(_ name: String, _ range: SourceRange) throws(Diagnostic) -> (node: Node, size: Int) {
    guard !openAnchors.contains(name) else {
      throw error("alias \(Diagnostic.quoted("*" + name)) stands inside of what it names", range)
    }
    guard let (node, size) = anchors[name] else {
      throw error("there is no anchor \(Diagnostic.quoted("&" + name)) above; put a pattern in quotes", range)
    }
    try count(size, range)
    return (node, size)
  }

  private mutating func count(_ size: Int, _ range: SourceRange) throws(Diagnostic) {
    nodeCount += size
    guard nodeCount <= YAMLParser.mostNodes else {
      throw error("the file stands for more than \(YAMLParser.mostNodes) values, aliases counted in full", range)
    }
  }

  /// Tags of the core schema say what is plain anyway; others name types that pipelines do not have.
  private func check(tag: String?, _ range: SourceRange) throws(Diagnostic) {
    guard let tag, tag != "!" else { return }
    let known = ["str", "int", "float", "bool", "null", "seq", "map"].map { "tag:yaml.org,2002:\($0)" }
    guard known.contains(tag) else {
      throw error("the tag \(Diagnostic.quoted(tag)) has no meaning in a pipeline", range)
    }
  }

  private mutating func sequence(
    _ start: EventStream.Event, depth: Int
  ) throws(Diagnostic) -> (node: Node, size: Int) {
    var nodes: [Node] = []
    var size = 1
    while true {
      let event = try events.next()
      if event.kind == .sequenceEnd {
        return (Node(.sequence(nodes), at: place(SourceRange(start.range.start, event.range.end))), size)
      }
      let item = try node(event, depth: depth + 1)
      nodes.append(item.node)
      size += item.size
    }
  }

  private mutating func mapping(
    _ start: EventStream.Event, depth: Int
  ) throws(Diagnostic) -> (node: Node, size: Int) {
    var pairs: [Node.Pair] = []
    var places: [String: SourceRange] = [:]
    var size = 1
    while true {
      let event = try events.next()
      if event.kind == .mappingEnd {
        return (Node(.mapping(pairs), at: place(SourceRange(start.range.start, event.range.end))), size)
      }
      guard case .scalar(let key, _) = event.kind else { throw error("a key must be a plain word", event.range) }
      try count(1, event.range)
      if key == "<<" { throw error("merge keys ('<<') are not part of YAML 1.2", event.range) }
      let value = try node(try events.next(), depth: depth + 1)
      size += value.size + 1
      if let first = places[key] {
        var duplicate = error("the key \(Diagnostic.quoted(key)) is there twice", event.range)
        duplicate.notes = [Diagnostic.Note("it is here already", file: file, range: first)]
        problems.append(duplicate)
        continue
      }
      places[key] = event.range
      pairs.append(Node.Pair(key: Located(key, at: place(event.range)), value: value.node))
    }
  }
}
