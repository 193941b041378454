/// Reads JSON text piece by piece (RFC 8259), strictly and with the place of every error: what headers of model files
/// are made of.
///
/// Only what such headers hold is here: objects, arrays, strings and whole numbers.
public struct JSONScanner {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0
  /// Added to offsets in errors.
  private let base: Int

  /// Scans `bytes`, which must outlive the scanner; errors count offsets from `base`.
  public init(_ bytes: UnsafeRawBufferPointer, base: Int) {
    self.bytes = bytes
    self.base = base
  }

  /// Where the next character is, counted from the base.
  public var offset: Int { base + position }

  public func error(_ message: String, at offset: Int? = nil) -> SafetensorsError {
    SafetensorsError(message, offset: offset ?? self.offset)
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  /// Takes `character` if it comes next.
  public mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard current == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  public mutating func expect(_ character: Unicode.Scalar, _ what: @autoclosure () -> String) throws(SafetensorsError) {
    guard take(character) else { throw error("expected '\(character)' \(what()), found \(found)") }
  }

  /// Whether only white space is left.
  public mutating func isAtEnd() -> Bool {
    skipSpace()
    return position == bytes.count
  }

  private var found: String {
    guard let byte = current else { return "the end" }
    return byte >= 0x20 && byte < 0x7F ? "'\(Unicode.Scalar(byte))'" : "byte 0x\(String(byte, radix: 16))"
  }

  /// Reads an object's members; `member` reads a value after its name.
  public mutating func object(
    _ what: @autoclosure () -> String,
    _ member: (inout JSONScanner, _ name: String, _ offset: Int) throws(SafetensorsError) -> Void
  ) throws(SafetensorsError) {
    try expect("{", what())
    if take("}") { return }
    repeat {
      skipSpace()
      let start = offset
      let name = try string("a name")
      try expect(":", "after the name \(JSONText.shown(name))")
      try member(&self, name, start)
    } while take(",")
    try expect("}", "or ',' \(what())")
  }

  /// Reads an array of whole numbers from 0.
  public mutating func wholeNumbers(_ what: @autoclosure () -> String, limit: Int) throws(SafetensorsError) -> [Int] {
    try expect("[", what())
    var values: [Int] = []
    if take("]") { return values }
    repeat {
      values.append(try wholeNumber(what()))
      guard values.count <= limit else { throw error("more than \(limit) numbers \(what())") }
    } while take(",")
    try expect("]", "or ',' \(what())")
    return values
  }

  /// Reads a whole number from 0, without fraction or exponent.
  public mutating func wholeNumber(_ what: @autoclosure () -> String) throws(SafetensorsError) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while let byte = current, byte >= 0x30, byte <= 0x39 {
      let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowAgain) = tenfold.addingReportingOverflow(Int(byte - 0x30))
      guard !overflow, !overflowAgain else {
        throw error("a number \(what()) is too large for 64 bits", at: base + start)
      }
      value = sum
      position += 1
    }
    guard position > start else { throw error("expected a whole number from 0 \(what()), found \(found)") }
    if position > start + 1, bytes[start] == 0x30 {
      throw error("a number \(what()) has a leading zero", at: base + start)
    }
    if let byte = current, byte == 0x2E || byte == 0x65 || byte == 0x45 {
      throw error("a number \(what()) is not whole", at: base + start)
    }
    return value
  }

  /// Reads a string and its escapes.
  public mutating func string(_ what: @autoclosure () -> String) throws(SafetensorsError) -> String {
    skipSpace()
    guard current == 0x22 else { throw error("expected \(what()) in double quotes, found \(found)") }
    position += 1
    let start = position
    // Most strings have no escapes and are taken as they stand.
    while let byte = current, byte != 0x22, byte != 0x5C, byte >= 0x20 { position += 1 }
    if current == 0x22 {
      defer { position += 1 }
      return try utf8(start..<position)
    }
    var units = Array(bytes[start..<position])
    while let byte = current, byte != 0x22 {
      guard byte >= 0x20 else { throw error("a control character in a string") }
      position += 1
      guard byte == 0x5C else {
        units.append(byte)
        continue
      }
      units += String(try escape()).utf8
    }
    guard current == 0x22 else { throw error("a string does not end", at: base + start - 1) }
    position += 1
    guard let text = String(validating: units, as: UTF8.self) else {
      throw error("a string is not valid UTF-8", at: base + start)
    }
    return text
  }

  /// The character that comes next, white space left out; nil at the end.
  mutating func next() -> Unicode.Scalar? {
    skipSpace()
    return current.map { Unicode.Scalar($0) }
  }

  /// The text of a value that is skipped.
  mutating func skippedValue() throws(SafetensorsError) -> String {
    skipSpace()
    let start = position
    try skipValue()
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// Reads any value and forgets it; containers may stand in each other at most `depth` deep.
  public mutating func skipValue(depth: Int = 32) throws(SafetensorsError) {
    skipSpace()
    guard depth > 0 else { throw error("values are nested too deeply") }
    switch current {
    case UInt8(ascii: "{"):
      try object("in an object") { (scanner, _, _) throws(SafetensorsError) in
        try scanner.skipValue(depth: depth - 1)
      }
    case UInt8(ascii: "["):
      position += 1
      if take("]") { return }
      repeat { try skipValue(depth: depth - 1) } while take(",")
      try expect("]", "or ',' in an array")
    case UInt8(ascii: "\""): _ = try string("a string")
    default:
      if current == UInt8(ascii: "-") || isDigit { return try skipNumber() }
      for word in ["true", "false", "null"] where bytes[position...].starts(with: word.utf8) {
        position += word.utf8.count
        return
      }
      throw error("expected a value, found \(found)")
    }
  }

  private var isDigit: Bool { current.map { (0x30...0x39).contains($0) } ?? false }

  /// RFC 8259, section 6.
  private mutating func skipNumber() throws(SafetensorsError) {
    if current == UInt8(ascii: "-") { position += 1 }
    if current == 0x30 { position += 1 } else { try skipDigits() }
    if current == UInt8(ascii: ".") {
      position += 1
      try skipDigits()
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      position += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
      try skipDigits()
    }
  }

  private mutating func skipDigits() throws(SafetensorsError) {
    guard isDigit else { throw error("expected a digit, found \(found)") }
    while isDigit { position += 1 }
  }

  private func utf8(_ range: Range<Int>) throws(SafetensorsError) -> String {
    guard let text = String(validating: bytes[range], as: UTF8.self) else {
      throw error("a string is not valid UTF-8", at: base + range.lowerBound)
    }
    return text
  }

  /// Reads what follows a backslash.
  private mutating func escape() throws(SafetensorsError) -> Unicode.Scalar {
    let start = offset - 1
    guard let letter = current else { throw error("a string does not end") }
    position += 1
    switch letter {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{08}"
    case UInt8(ascii: "f"): return "\u{0C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw error("an unknown escape in a string", at: start)
    }
    let first = try codeUnit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    // Half of a surrogate pair: the other half must follow.
    guard first < 0xDC00, current == 0x5C, position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "u") else {
      throw error("half of a surrogate pair in a string", at: start)
    }
    position += 2
    let second = try codeUnit()
    guard second >= 0xDC00, second <= 0xDFFF,
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw error("half of a surrogate pair in a string", at: start) }
    return scalar
  }

  private mutating func codeUnit() throws(SafetensorsError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = current.flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
        throw error("expected four hexadecimal digits after \\u, found \(found)")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}

/// Strings as JSON writes them.
public enum JSONText {
  public static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// A text in double quotes, as messages about JSON show it.
  public static func shown(_ text: String) -> String { quoted(clipped(text)) }

  /// A text as messages show it: cut where it is long, and without what a terminal would act on.
  public static func clipped(_ text: String) -> String {
    var clipped = ""
    for scalar in text.unicodeScalars.prefix(longestShown) {
      switch scalar.value {
      case 0..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: clipped += "\u{FFFD}"
      default: clipped.unicodeScalars.append(scalar)
      }
    }
    return text.unicodeScalars.dropFirst(longestShown).isEmpty ? clipped : clipped + "…"
  }

  private static let longestShown = 60
}
