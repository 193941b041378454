/// Decodes the last symbols of a run bit by bit of care.
struct CarefulTable {
  private let entries: [UInt16]
  private let width: Int
  private let pairs: SymbolPairs?

  init(_ code: CodeLengths, pairs: SymbolPairs? = nil) {
    width = code.longest
    entries = DecodingTable.singles(code, width: width)
    self.pairs = pairs
  }

  /// False unless the symbols end in the last byte and only zero bits follow.
  func finish(_ cursor: RunCursor) -> Bool {
    var cursor = cursor
    var position = cursor.position
    let end = cursor.byteCount * 8
    while !cursor.isFull {
      let entry = entries[cursor.bits(at: position, count: width)]
      position += Int(entry & 0xFF)
      guard position <= end else { return false }
      let symbol = UInt8(truncatingIfNeeded: entry >> 8)
      if let pairs { cursor.append(two: pairs.symbols(symbol)) } else { cursor.append(symbol) }
    }
    return end - position < 8 && cursor.bits(at: position, count: end - position) == 0
  }
}
