import CondenseTensors

/// Writes bits, the first in the highest bit of a byte.
struct BitWriter {
  private(set) var bytes: [UInt8] = []
  private var pending: UInt64 = 0
  private var pendingCount = 0

  /// Appends the lowest `count` bits of `value`, at most 32.
  mutating func write(_ value: UInt32, count: Int) {
    pending = pending << UInt64(count) | UInt64(value)
    pendingCount += count
    while pendingCount >= 8 {
      pendingCount -= 8
      bytes.append(UInt8(truncatingIfNeeded: pending >> UInt64(pendingCount)))
    }
  }

  /// Fills the last byte with zero bits.
  mutating func finish() {
    if pendingCount > 0 { write(0, count: 8 - pendingCount) }
  }
}

/// Reads bits as ``BitWriter`` wrote them.
struct BitReader {
  private var reader: ByteReader
  private var current: UInt8 = 0
  private var left = 0

  init(_ reader: ByteReader) { self.reader = reader }

  mutating func bit() throws(DecodingError) -> Bool {
    if left == 0 {
      current = try reader.byte()
      left = 8
    }
    left -= 1
    return current >> UInt8(left) & 1 == 1
  }

  mutating func bits(_ count: Int) throws(DecodingError) -> Int {
    var value = 0
    for _ in 0..<count { value = value << 1 | (try bit() ? 1 : 0) }
    return value
  }

  /// The reader after the byte that holds the last bit read; its unread bits must be zero.
  func finish() throws(DecodingError) -> ByteReader {
    guard current & UInt8((1 << left) - 1) == 0 else { throw reader.error("the padding is not zero") }
    return reader
  }
}
