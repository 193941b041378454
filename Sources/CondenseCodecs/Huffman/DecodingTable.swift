import CondenseTensors

/// For every possible next bits the symbols that they begin with, and how many bits those take.
///
/// With words of at most 11 bits, entries of several symbols where several tend to fit, else of one; with longer words,
/// entries of one symbol at the longest word's width; with words for pairs, entries of two.
enum DecodingTable {
  /// In the lowest byte their bits; then up to six symbols, the first lowest; in the highest byte how many.
  case several([UInt64], most: Int)
  /// In the lower half their bits, in the upper two symbols, the first lower. Indexed by ``width`` bits.
  case pairs([UInt32])
  /// The symbol in the high byte, its bits in the low one. Indexed by so many bits.
  case one([UInt16], width: UInt64)

  /// Bits that index a table that stays in the first-level cache whole.
  static let width = 11
  private static let mostSymbols = 6

  /// `code` must be complete, so that every index has an entry. For a few symbols the simplest table will do.
  init(_ code: CodeLengths, symbolCount: Int, pairs: SymbolPairs? = nil) {
    if let pairs {
      self = .pairs(
        DecodingTable.singles(code, width: DecodingTable.width).map {
          UInt32($0 & 0xFF) | UInt32(pairs.symbols(UInt8(truncatingIfNeeded: $0 >> 8))) << 16
        })
      return
    }
    let longest = code.longest
    let width = longest <= DecodingTable.width && symbolCount >= 4096 ? DecodingTable.width : longest
    let entries = DecodingTable.singles(code, width: width)
    self = .one(entries, width: UInt64(width))
    guard width == DecodingTable.width && longest <= width else { return }
    let (several, most, symbols) = DecodingTable.several(entries)
    // Below this the wider stores and the larger table cost more than they save.
    if symbols * 5 >= several.count * 7 { self = .several(several, most: most) }
  }

  /// One symbol for each index of `width` bits.
  static func singles(_ code: CodeLengths, width: Int) -> [UInt16] {
    var entries = [UInt16](repeating: 0, count: 1 << width)
    for (symbol, (length, word)) in zip(code.lengths, code.words).enumerated() where length > 0 {
      let shift = width - Int(length)
      let first = Int(word) << shift
      for index in first..<first + 1 << shift { entries[index] = UInt16(symbol) << 8 | UInt16(length) }
    }
    return entries
  }

  private static func several(_ singles: [UInt16]) -> (entries: [UInt64], most: Int, symbols: Int) {
    var entries = [UInt64](repeating: 0, count: singles.count)
    var most = 1
    var symbols = 0
    for index in singles.indices {
      var entry: UInt64 = 0
      var used = 0
      var count = 0
      while count < mostSymbols {
        let single = singles[index << used & (singles.count - 1)]
        let length = Int(single & 0xFF)
        guard used + length <= width else { break }
        entry |= UInt64(single >> 8) << UInt64(8 + 8 * count)
        used += length
        count += 1
      }
      entries[index] = UInt64(used) | entry | UInt64(count) << 56
      most = max(most, count)
      symbols += count
    }
    return (entries, most, symbols)
  }

  /// Decodes runs, four at a time where there are four; false where a run's symbols do not use up its bytes.
  func decode(_ runs: [HuffmanBlocks.Run], carefully singles: CarefulTable) -> Bool {
    var cursors = runs.compactMap { RunCursor($0) }
    guard cursors.count == runs.count else { return false }
    switch self {
    case .several(let entries, let most):
      entries.withUnsafeBufferPointer { RunCursor.advance(&cursors, SeveralSymbols($0, most: most)) }
    case .pairs(let entries):
      entries.withUnsafeBufferPointer { RunCursor.advance(&cursors, TwoSymbols($0)) }
    case .one(let entries, let width):
      entries.withUnsafeBufferPointer { entries in
        switch width {
        case ElevenBits.count: RunCursor.advance(&cursors, OneSymbol<ElevenBits>(entries))
        case TwelveBits.count: RunCursor.advance(&cursors, OneSymbol<TwelveBits>(entries))
        default: RunCursor.advance(&cursors, OneLongSymbol(entries, width: width))
        }
      }
    }
    return cursors.allSatisfy { singles.finish($0) }
  }
}
