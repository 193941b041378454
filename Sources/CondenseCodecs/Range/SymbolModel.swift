import CondenseTensors

/// Codes symbols bit by bit, the highest first, each bit from the symbol's bits before it and the symbol before.
enum SymbolModel {
  /// Least bytes that symbols take, as for positions: a symbol is up to eight bits.
  static let mostSymbolsInByte = 1 << 15
  /// How much of the symbol before counts: its highest bits.
  private static let previousBits = 4

  /// The number of bits that all symbols fit in, then their code.
  static func encoded(_ symbols: UnsafeBufferPointer<UInt8>) -> (bitCount: UInt8, bytes: Bytes) {
    var all: UInt8 = 0
    for symbol in symbols { all |= symbol }
    let bitCount = max(1, 8 - all.leadingZeroBitCount)
    var coder = RangeEncoder()
    code(symbols.count, bitCount: bitCount, &coder) {
      Int(symbols[$0])
    } found: { _, _ in
    }
    return (UInt8(bitCount), coder.finish())
  }

  static func decoded(_ bytes: Bytes, bitCount: Int, count: Int) throws(DecodingError) -> Bytes {
    guard (1...8).contains(bitCount), count / mostSymbolsInByte <= bytes.count + 8 else {
      throw DecodingError("\(count) symbols of \(bitCount) bits cannot be in \(bytes.count) bytes")
    }
    var coder = RangeDecoder(bytes)
    let symbols = Bytes(count: count) { target in
      code(count, bitCount: bitCount, &coder) { _ in
        0
      } found: {
        target[$0] = UInt8(truncatingIfNeeded: $1)
      }
    }
    guard coder.isAtEnd else { throw DecodingError("bytes follow the symbols") }
    return symbols
  }

  private static func code<Coder: BinaryCoder>(
    _ count: Int, bitCount: Int, _ coder: inout Coder, symbol: (Int) -> Int, found: (Int, Int) -> Void
  ) {
    let nodes = 1 << bitCount
    let kept = min(bitCount, previousBits)
    var mixer = Mixer(inputCount: 2, contextCount: nodes + nodes << kept)
    var previous = 0
    for index in 0..<count {
      let symbol = symbol(index)
      var node = 1
      for place in stride(from: bitCount - 1, through: 0, by: -1) {
        mixer.contexts[0] = node
        mixer.contexts[1] = nodes + node << kept + previous
        node = node << 1 | mixer.code(symbol >> place & 1, &coder)
      }
      let coded = node & (nodes - 1)
      found(index, coded)
      previous = coded >> (bitCount - kept)
    }
  }
}
