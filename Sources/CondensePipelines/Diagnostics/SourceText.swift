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
public struct SourceText: Sendable {
  /// As messages name it.
  public var file: String
  public var bytes: [UInt8]
  private let lineStarts: [Int]

  public init(file: String, bytes: [UInt8]) {
    self.file = file
    self.bytes = bytes
    var starts = [0]
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(index + 1) }
    lineStarts = starts
  }

  public init(file: String, text: String) { self.init(file: file, bytes: Array(text.utf8)) }

  /// A line without its end; nil where there is none of that number.
  public func line(_ number: Int) -> String? {
    guard lineStarts.indices.contains(number - 1) else { return nil }
    let start = lineStarts[number - 1]
    var end = number < lineStarts.count ? lineStarts[number] - 1 : bytes.count
    if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return String(decoding: bytes[start..<max(start, end)], as: UTF8.self)
  }

  /// The place of a byte.
  public func position(ofByte offset: Int) -> SourcePosition {
    let line = (lineStarts.lastIndex { $0 <= offset } ?? 0) + 1
    let before = bytes[lineStarts[line - 1]..<min(max(offset, lineStarts[line - 1]), bytes.count)]
    // Bytes that continue a code point are no column of their own.
    return SourcePosition(line: line, column: before.count { $0 & 0xC0 != 0x80 } + 1)
  }
}

/// A value with the place that it was written at.
public struct Located<Value> {
  public var value: Value
  public var range: SourceRange

  public init(_ value: Value, at range: SourceRange) {
    self.value = value
    self.range = range
  }
}

extension Located: Sendable where Value: Sendable {}
extension Located: Equatable where Value: Equatable {}
