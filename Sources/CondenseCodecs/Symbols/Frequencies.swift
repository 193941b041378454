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

  /// Of single bytes, four tables.
  static func bytes(_ symbols: Bytes) -> [Int] {
    var tables = [Int](repeating: 0, count: 4 * 256)
    symbols.withUnsafeBytes { symbols in
      tables.withUnsafeMutableBufferPointer { tables in
        guard let table = tables.baseAddress, let source = symbols.baseAddress else { return }
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
    }
    return (0..<256).map { tables[$0] + tables[256 + $0] + tables[512 + $0] + tables[768 + $0] }
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
