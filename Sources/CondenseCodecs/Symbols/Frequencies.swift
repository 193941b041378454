import CondenseTensors

/// How often each symbol occurs in each byte plane of elements.
enum Frequencies {
  /// Two tables a plane, so that runs of one symbol do not wait for their own counter.
  static func planes(of elements: Bytes, width: Int) -> [[Int]] {
    switch width {
    case 1: [bytes(elements)]
    case 2: planes(UInt16.self, of: elements)
    case 4: planes(UInt32.self, of: elements)
    default: planes(UInt64.self, of: elements)
    }
  }

  /// Of single bytes: part by part, so that parts of small symbols can be counted by twos.
  static func bytes(_ symbols: Bytes) -> [Int] {
    var ones = [Int](repeating: 0, count: 4 * 256)
    var twos = [Int](repeating: 0, count: twoTables * twoSpan * twoSpan)
    symbols.withUnsafeBytes { symbols in
      ones.withUnsafeMutableBufferPointer { ones in
        twos.withUnsafeMutableBufferPointer { twos in
          guard let ones = ones.baseAddress, let twos = twos.baseAddress else { return }
          for start in stride(from: 0, to: symbols.count, by: part) {
            let part = UnsafeRawBufferPointer(rebasing: symbols[start..<min(start + part, symbols.count)])
            if part.count == self.part, part.allSatisfyWords(below: UInt8(twoSpan)) {
              countTwos(part, twos)
            } else {
              countOnes(part, ones)
            }
          }
        }
      }
    }
    var counts = [Int](repeating: 0, count: 256)
    for (index, count) in ones.enumerated() { counts[index % 256] += count }
    for (index, count) in twos.enumerated() where count > 0 {
      counts[index % twoSpan] += count
      counts[index / twoSpan % twoSpan] += count
    }
    return counts
  }

  /// What stays in the first-level cache beside the tables; whole words.
  private static let part = 1 << 14
  private static let twoSpan = 32
  private static let twoTables = 2

  /// Four tables, so that runs of one symbol do not wait for their own counter.
  private static func countOnes(_ symbols: UnsafeRawBufferPointer, _ table: UnsafeMutablePointer<Int>) {
    guard let source = symbols.baseAddress else { return }
    var index = 0
    while index + 8 <= symbols.count {
      let word = source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      table[Int(truncatingIfNeeded: word & 0xFF)] &+= 1
      table[Int(truncatingIfNeeded: 256 | word &>> 8 & 0xFF)] &+= 1
      table[Int(truncatingIfNeeded: 512 | word &>> 16 & 0xFF)] &+= 1
      table[Int(truncatingIfNeeded: 768 | word &>> 24 & 0xFF)] &+= 1
      table[Int(truncatingIfNeeded: word &>> 32 & 0xFF)] &+= 1
      table[Int(truncatingIfNeeded: 256 | word &>> 40 & 0xFF)] &+= 1
      table[Int(truncatingIfNeeded: 512 | word &>> 48 & 0xFF)] &+= 1
      table[Int(truncatingIfNeeded: 768 | word &>> 56)] &+= 1
      index += 8
    }
    while index < symbols.count {
      table[Int(symbols[index])] &+= 1
      index += 1
    }
  }

  /// Symbols below 32 two at a time, which halves the counting. Of a word's two, one lies 32 times higher in the index.
  private static func countTwos(_ symbols: UnsafeRawBufferPointer, _ table: UnsafeMutablePointer<Int>) {
    guard let source = symbols.baseAddress else { return }
    let other = table + twoSpan * twoSpan
    var index = 0
    while index < symbols.count {
      let word = source.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
      let indices = word & 0x001F_001F_001F_001F | (word & 0x1F00_1F00_1F00_1F00) &>> 3
      table[Int(truncatingIfNeeded: indices & 0xFFFF)] &+= 1
      other[Int(truncatingIfNeeded: indices &>> 16 & 0xFFFF)] &+= 1
      table[Int(truncatingIfNeeded: indices &>> 32 & 0xFFFF)] &+= 1
      other[Int(truncatingIfNeeded: indices &>> 48)] &+= 1
      index += 8
    }
  }

  private static func planes<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type, of elements: Bytes) -> [[Int]] {
    let width = T.bitWidth / 8
    var tables = [Int](repeating: 0, count: 2 * width * 256)
    elements.withUnsafeBytes { source in
      tables.withUnsafeMutableBufferPointer { tables in
        guard let table = tables.baseAddress, let source = source.baseAddress else { return }
        let count = elements.count / width
        for index in 0..<count {
          let element = T(littleEndian: source.loadUnaligned(fromByteOffset: index * width, as: T.self))
          let half = table + (index & 1) * width * 256
          for plane in 0..<width {
            half[plane * 256 + Int(UInt8(truncatingIfNeeded: element &>> T(truncatingIfNeeded: 8 * plane)))] &+= 1
          }
        }
      }
    }
    return (0..<width).map { plane in
      (0..<256).map { tables[plane * 256 + $0] + tables[(width + plane) * 256 + $0] }
    }
  }
}

extension UnsafeRawBufferPointer {
  /// Whether all bytes are below a power of two. Only whole words count.
  fileprivate func allSatisfyWords(below bound: UInt8) -> Bool {
    let outside = UInt64(~(bound - 1)) &* 0x0101_0101_0101_0101
    guard let baseAddress else { return true }
    var all: UInt64 = 0
    for index in 0..<count / 8 { all |= baseAddress.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self) }
    return all & outside == 0
  }
}
