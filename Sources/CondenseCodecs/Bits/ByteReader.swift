import CondenseTensors

/// Takes values from the front of bytes that may be anything: every length is checked before it is used.
package struct ByteReader {
  private let bytes: Bytes
  package private(set) var offset: Int

  package init(_ bytes: Bytes, offset: Int = 0) {
    self.bytes = bytes
    self.offset = offset
  }

  package var remaining: Int { bytes.count - offset }

  package func error(_ message: String) -> DecodingError { DecodingError(message, offset: offset) }

  package mutating func byte() throws(DecodingError) -> UInt8 {
    guard remaining >= 1 else { throw error("the stream ends early") }
    defer { offset += 1 }
    return bytes[offset]
  }

  package mutating func take(_ count: Int) throws(DecodingError) -> Bytes {
    guard count >= 0, count <= remaining else { throw error("the stream ends early: \(count) bytes expected") }
    defer { offset += count }
    return bytes[offset..<offset + count]
  }

  /// A number in base 128, least significant digits first (LEB128), at most `limit`.
  package mutating func number(_ what: String, limit: Int = Int.max) throws(DecodingError) -> Int {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let digit = try byte()
      guard shift < 63, !(shift > 0 && digit == 0) else { throw error("\(what) is no number") }
      value |= UInt64(digit & 0x7F) << shift
      if digit & 0x80 == 0 { break }
      shift += 7
    }
    guard value <= UInt64(limit) else { throw error("\(what) is \(value), beyond \(limit)") }
    return Int(value)
  }
}
