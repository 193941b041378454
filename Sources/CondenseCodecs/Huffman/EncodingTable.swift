import CCoders
import CondenseTensors

/// The words of a code as an encoder wants them: in the highest bits of an entry, with their length in the lowest byte,
/// so that one load gives both. Where symbols are close together, also the words of every two of them.
struct EncodingTable {
  private let singles: [UInt64]
  /// Indexed by one symbol and 32 times the next, each less `first`; nil where symbols are too far apart.
  private let pairs: [UInt64]?
  private let first: UInt8
  /// Whether a word stands for two symbols.
  private let isPaired: Bool

  private static let pairSpan = 32
  /// Four words of so many bits fit in 56 bits.
  private static let longestOfFour = 12

  init(_ code: CodeLengths, symbolCount: Int, pairs: SymbolPairs? = nil) {
    precondition(code.longest <= EncodingTable.longestOfFour, "this encoder makes no longer words")
    let words = code.words
    var singles = [UInt64](repeating: 0, count: 256)
    for (symbol, length) in code.lengths.enumerated() where length > 0 {
      singles[symbol] = UInt64(words[symbol]) << (64 - UInt64(length)) | UInt64(length)
    }
    self.singles = singles
    isPaired = pairs != nil
    if let pairs {
      first = pairs.first
      var table = [UInt64](repeating: 0, count: EncodingTable.pairSpan * EncodingTable.pairSpan)
      for pair in singles.indices {
        table[pair % SymbolPairs.span + EncodingTable.pairSpan * (pair / SymbolPairs.span)] = singles[pair]
      }
      self.pairs = table
      return
    }
    let used = code.lengths.indices.filter { code.lengths[$0] > 0 }
    let first = used.first ?? 0
    let last = used.last ?? 0
    self.first = UInt8(first)
    // The table's making must pay off.
    guard last - first < EncodingTable.pairSpan, symbolCount >= 4 * used.count * used.count else {
      self.pairs = nil
      return
    }
    var table = [UInt64](repeating: 0, count: EncodingTable.pairSpan * EncodingTable.pairSpan)
    for b in used {
      for a in used {
        let length = singles[a] & 0xFF
        table[a - first + EncodingTable.pairSpan * (b - first)] =
          singles[a] & ~0xFF | (singles[b] & ~0xFF) >> length | (length + (singles[b] & 0xFF))
      }
    }
    self.pairs = table
  }

  /// The bytes that a run may take while it is written, of which some are room to write past the end.
  static func capacity(_ symbolCount: Int) -> Int { symbolCount * 2 + 16 }

  /// Writes a run, the first bit highest, and returns its length in bytes. `target` has ``capacity(_:)`` bytes.
  func encode(_ symbols: UnsafeBufferPointer<UInt8>, into target: UnsafeMutableRawPointer) -> Int {
    guard let source = symbols.baseAddress else { return 0 }
    let start = target.assumingMemoryBound(to: UInt8.self)
    var writer = ccoders_huffman_writer(target: start, bits: 0, count: 0)
    let rounds = symbols.count / 8
    if let pairs {
      ccoders_huffman_write_twos(&writer, source, rounds, pairs, first)
    } else {
      ccoders_huffman_write_ones(&writer, source, rounds, singles)
    }
    if isPaired {
      let code = SymbolPairs(first: first)
      for position in stride(from: rounds * 8, to: symbols.count, by: 2) {
        let second = position + 1 < symbols.count ? symbols[position + 1] : first
        ccoders_huffman_write(&writer, singles[Int(code.pair(symbols[position], second))])
      }
    } else {
      for symbol in symbols[(rounds * 8)...] { ccoders_huffman_write(&writer, singles[Int(symbol)]) }
    }
    return writer.target - start + (writer.count > 0 ? 1 : 0)
  }
}
