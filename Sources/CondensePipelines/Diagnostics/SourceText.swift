/// A place in a text: lines and columns from 1, columns in code points.
public struct SourcePosition: Hashable, Comparable, Sendable {
  public var line: Int
  public var column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  public static func < (a: SourcePosition, b: SourcePosition) -> Bool {
    (a.line, a.column) < (b.line, b.column)
  }
}

/// A stretch of a text, its end excluded.
public struct SourceRange: Hashable, Sendable {
  public var start: SourcePosition
  public var end: SourcePosition

  public init(_ start: SourcePosition, _ end: SourcePosition) {
    self.start = start
    self.end = end
  }

  /// A single place.
  public init(line: Int, column: Int) {
    start = SourcePosition(line: line, column: column)
    end = SourcePosition(line: line, column: column + 1)
  }
}

/// A text with the name of the file it is from.
///
/// Lines end as YAML 1.2 has it (section 5.4): with a line feed, a carriage return, or both.
public struct SourceText: Sendable {
  /// As messages name it.
  public var file: String
  /// Without a byte order mark: it is no part of the text, and no editor counts it as a column.
  public let bytes: [UInt8]
  /// Of the file, a byte order mark counted.
  let fileByteCount: Int
  private let lines: [LineStart]
  private let scalarCount: Int

  /// Where a line begins: counted in bytes and in code points.
  private struct LineStart {
    var byte: Int
    var scalar: Int
  }

  public init(file: String, bytes: [UInt8]) {
    self.file = file
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    var lines = [LineStart(byte: 0, scalar: 0)]
    var scalars = 0
    for index in text.indices {
      let byte = text[index]
      // Bytes that continue a code point are no column of their own.
      if byte & 0xC0 != 0x80 { scalars += 1 }
      let isBreak =
        byte == UInt8(ascii: "\n")
        || byte == UInt8(ascii: "\r") && !(index + 1 < text.count && text[index + 1] == UInt8(ascii: "\n"))
      if isBreak { lines.append(LineStart(byte: index + 1, scalar: scalars)) }
    }
    self.bytes = text
    fileByteCount = bytes.count
    self.lines = lines
    scalarCount = scalars
  }

  public init(file: String, text: String) { self.init(file: file, bytes: Array(text.utf8)) }

  /// A line without its end; nil where there is none of that number.
  public func line(_ number: Int) -> String? {
    byteRange(ofLine: number).map { String(decoding: bytes[$0], as: UTF8.self) }
  }

  /// Code points of a line without its end; nil where there is none of that number.
  func length(ofLine number: Int) -> Int? {
    guard let range = byteRange(ofLine: number) else { return nil }
    let (end, endScalar) =
      number < lines.count ? (lines[number].byte, lines[number].scalar) : (bytes.count, scalarCount)
    // What ends a line is a byte a code point.
    return endScalar - lines[number - 1].scalar - (end - range.upperBound)
  }

  /// At most `count` code points of a line, those before `start` left out. Only these are decoded: lines can be long.
  func scalars(ofLine number: Int, from start: Int, count: Int) -> [Unicode.Scalar] {
    guard let range = byteRange(ofLine: number) else { return [] }
    var next = range.lowerBound
    func skip(_ scalars: Int) {
      var left = scalars
      while next < range.upperBound, left > 0 || bytes[next] & 0xC0 == 0x80 {
        if bytes[next] & 0xC0 != 0x80 { left -= 1 }
        next += 1
      }
    }
    skip(start)
    let first = next
    skip(count)
    return Array(String(decoding: bytes[first..<next], as: UTF8.self).unicodeScalars)
  }

  private func byteRange(ofLine number: Int) -> Range<Int>? {
    guard lines.indices.contains(number - 1) else { return nil }
    let start = lines[number - 1].byte
    var end = number < lines.count ? lines[number].byte : bytes.count
    while end > start, bytes[end - 1] == UInt8(ascii: "\n") || bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return start..<end
  }

  /// The place of a byte.
  public func position(ofByte offset: Int) -> SourcePosition {
    let line = (lines.lastIndex { $0.byte <= offset } ?? 0) + 1
    let start = lines[line - 1].byte
    let before = bytes[start..<max(start, min(offset, bytes.count))]
    return SourcePosition(line: line, column: before.count { $0 & 0xC0 != 0x80 } + 1)
  }

  /// The place of a code point, of which the text's first has index 0.
  public func position(ofScalar index: Int) -> SourcePosition {
    // The last line that begins at or before it, by halving.
    var low = 0
    var high = lines.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lines[middle].scalar <= index { low = middle } else { high = middle }
    }
    return SourcePosition(line: low + 1, column: index - lines[low].scalar + 1)
  }

  /// Whether only white space stands before a place on its line.
  func isFirst(_ place: SourcePosition) -> Bool {
    scalars(ofLine: place.line, from: 0, count: place.column - 1).allSatisfy { $0 == " " || $0 == "\t" }
  }

  /// The code point at a place; nil at a line's end and past it.
  func scalar(at place: SourcePosition) -> Unicode.Scalar? {
    scalars(ofLine: place.line, from: place.column - 1, count: 1).first
  }
}
