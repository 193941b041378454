import CCoders
import CondenseTensors

/// Operations on bitmaps: one bit an element, least significant first, padded with zero bits to whole bytes.
public enum Bitmap {
  public static func byteCount(_ bitCount: Int) -> Int { bitCount / 8 + (bitCount % 8 == 0 ? 0 : 1) }

  /// The set bits in `range`.
  public static func popcount(_ bitmap: Bytes, in range: Range<Int>) -> Int {
    bitmap.withUnsafeBytes { bytes in
      var count = 0
      var position = range.lowerBound
      while position < range.upperBound && position % 8 != 0 {
        count += Int(bytes[position >> 3] >> (position & 7) & 1)
        position += 1
      }
      let words = max(0, range.upperBound - position) / 64
      if words > 0, let base = bytes.baseAddress {
        count += ccoders_count_bits((base + position / 8).assumingMemoryBound(to: UInt8.self), words)
        position += 64 * words
      }
      while position + 8 <= range.upperBound {
        count += bytes[position >> 3].nonzeroBitCount
        position += 8
      }
      while position < range.upperBound {
        count += Int(bytes[position >> 3] >> (position & 7) & 1)
        position += 1
      }
      return count
    }
  }

  /// Whether `bitmap` is one of `bitCount` bits: its length fits and its padding is zero.
  public static func isWellFormed(_ bitmap: Bytes, bitCount: Int) -> Bool {
    guard bitmap.count == byteCount(bitCount) else { return false }
    return bitCount % 8 == 0 || bitmap[bitmap.count - 1] >> (bitCount % 8) == 0
  }

  /// 64 bits from byte `offset` on, zeros past the end.
  @inlinable
  static func word(_ bitmap: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
    if offset &+ 8 <= bitmap.count {
      return UInt64(littleEndian: bitmap.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    var word: UInt64 = 0
    for index in offset..<bitmap.count { word |= UInt64(bitmap[index]) << UInt64(8 * (index - offset)) }
    return word
  }

  /// Calls `body` with the position of each set bit, in order.
  @inlinable
  public static func forEachSet(_ bitmap: Bytes, _ body: (Int) -> Void) {
    bitmap.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        var word = word(bytes, at: offset)
        while word != 0 {
          body(offset &* 8 &+ word.trailingZeroBitCount)
          word &= word &- 1
        }
        offset += 8
      }
    }
  }

  /// How many bits of a word are taken without asking whether there are so many: a processor mostly guesses wrong how
  /// many a word has, which costs more than to take some in vain.
  static let blindCount = 12

  /// The lowest set bit's number, or 63 where there is none; removes that bit.
  @inline(__always)
  static func takeLowest(_ word: inout UInt64) -> Int {
    let number = (word | 1 << 63).trailingZeroBitCount
    word &= word &- 1
    return number
  }

  /// Writes the element at each set bit's position, in order. `target` has room for just these; `bitCount` is how many
  /// elements there are.
  @inline(__always)
  static func keep<T>(
    _ bitmap: UnsafeRawBufferPointer, bitCount: Int, from source: UnsafePointer<T>,
    into target: UnsafeMutableBufferPointer<T>
  ) {
    guard let start = target.baseAddress else { return }
    let end = start + target.count
    var next = start
    for base in stride(from: 0, to: min(bitCount, 8 * bitmap.count), by: 64) {
      var word = word(bitmap, at: base / 8)
      let first = next
      if base + 64 <= bitCount && end - next >= blindCount {
        let count = word.nonzeroBitCount
        for index in 0..<blindCount { (first + index).initialize(to: source[base + takeLowest(&word)]) }
        next = first + min(count, blindCount)
      }
      while word != 0 {
        next.initialize(to: source[base + takeLowest(&word)])
        next += 1
      }
    }
  }
}
