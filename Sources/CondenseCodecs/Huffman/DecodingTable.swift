import CCoders
import CondenseTensors

/// For every possible next bits the symbols that they begin with, and how many bits those take.
///
/// With words of at most 11 bits, entries of several symbols where several tend to fit, else of one; with longer words,
/// entries of one symbol at the longest word's width; with words for pairs, entries of two.
enum DecodingTable {
  /// In the lowest byte their bits; then up to six symbols, the first lowest; in the highest byte how many.
  case several([UInt64], most: Int)
  /// In the lowest byte their bits, in the next how many they are; in the upper half one symbol or two, the first lower.
  case twoAtMost([UInt32])
  /// In the lowest six bits their bits, in the next two how many they are; then up to three symbols, the first lowest.
  case threeAtMost([UInt32])
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
    guard symbolCount >= 4096, longest <= TwelveBits.count else { return }
    // How many symbols a look-up gives on average. Below these shares wider stores and larger tables cost more than they
    // save.
    var average = 1.6
    if width == DecodingTable.width {
      let twos = DecodingTable.twoAtMost(entries)
      if twos.average >= average { (self, average) = (.twoAtMost(twos.entries), twos.average) }
      let several = DecodingTable.several(entries)
      if several.average >= average * 1.2 {
        (self, average) = (.several(several.entries, most: several.most), several.average)
      }
    }
    if symbolCount >= DecodingTable.leastForThrees {
      let threes = DecodingTable.threeAtMost(DecodingTable.singles(code, width: DecodingTable.threesWidth))
      if threes.average >= average * leastGain { self = .threeAtMost(threes.entries) }
    }
  }

  /// How much more a look-up of three symbols must give: its table alone fills a first-level cache of 32 KB, and look-ups
  /// of one symbol are slow in any case.
  private var leastGain: Double {
    if case .one = self { 1.2 } else { 1.4 }
  }

  private static let threesWidth = 13
  /// The larger table takes long to make, and pays off where more than four runs are decoded side by side.
  private static let leastForThrees = 5 * HuffmanBlocks.blockSize

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

  private static func several(_ singles: [UInt16]) -> (entries: [UInt64], most: Int, average: Double) {
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
    return (entries, most, Double(symbols) / Double(entries.count))
  }

  private static func twoAtMost(_ singles: [UInt16]) -> (entries: [UInt32], average: Double) {
    var symbols = 0
    let entries = singles.indices.map { index in
      let first = UInt32(singles[index])
      let second = UInt32(singles[index << Int(first & 0xFF) & (singles.count - 1)])
      let used = first & 0xFF + second & 0xFF
      guard used <= UInt32(width) else {
        symbols += 1
        return first & 0xFF | 1 << 8 | (first >> 8) << 16
      }
      symbols += 2
      return used | 2 << 8 | (first >> 8) << 16 | (second >> 8) << 24
    }
    return (entries, Double(symbols) / Double(entries.count))
  }

  private static func threeAtMost(_ singles: [UInt16]) -> (entries: [UInt32], average: Double) {
    var symbols = 0
    let entries = singles.indices.map { index in
      var entry: UInt32 = 0
      var used = 0
      var count = 0
      while count < 3 {
        let single = singles[index << used & (singles.count - 1)]
        let length = Int(single & 0xFF)
        guard used + length <= threesWidth else { break }
        entry |= UInt32(single >> 8) << UInt32(8 + 8 * count)
        used += length
        count += 1
      }
      symbols += count
      return entry | UInt32(count) << 6 | UInt32(used)
    }
    return (entries, Double(symbols) / Double(entries.count))
  }

  /// How many whole blocks are best decoded together: their runs make groups of as many as go side by side.
  var blocksTogether: Int {
    switch self {
    case .pairs, .one(_, width: ElevenBits.count), .one(_, width: TwelveBits.count): 3
    case .twoAtMost, .threeAtMost: 5
    case .several, .one: 1
    }
  }

  /// Decodes runs, of one block or of as many whole blocks as go together, four at a time or more;
  /// false where a run's symbols do not use up its bytes.
  func decode(_ runs: [HuffmanBlocks.Run], carefully singles: CarefulTable) -> Bool {
    var cursors = runs.compactMap { RunCursor($0) }
    guard cursors.count == runs.count else { return false }
    let isTogether = runs.count == 4 * blocksTogether
    switch self {
    case .several(let entries, let most):
      entries.withUnsafeBufferPointer { RunCursor.advance(&cursors, SeveralSymbols($0, most: most)) }
    case .twoAtMost(let entries):
      entries.withUnsafeBufferPointer { entries in
        RunCursor.advance(&cursors, TwoAtMost(entries), together: isTogether ? .varying : nil) {
          ccoders_huffman_two_at_most($0, entries.baseAddress, $1, $2)
        }
      }
    case .threeAtMost(let entries):
      entries.withUnsafeBufferPointer { entries in
        RunCursor.advance(&cursors, ThreeAtMost(entries), together: isTogether ? .varying : nil) {
          ccoders_huffman_three_at_most($0, entries.baseAddress, $1, $2)
        }
      }
    case .pairs(let entries):
      entries.withUnsafeBufferPointer { entries in
        RunCursor.advance(&cursors, TwoSymbols(entries), together: isTogether ? .fixed : nil) {
          ccoders_huffman_twos($0, entries.baseAddress, $1, $2)
        }
      }
    case .one(let entries, width: ElevenBits.count):
      entries.withUnsafeBufferPointer { entries in
        RunCursor.advance(&cursors, OneSymbol<ElevenBits>(entries), together: isTogether ? .fixed : nil) {
          ccoders_huffman_ones11($0, entries.baseAddress, $1, $2)
        }
      }
    case .one(let entries, width: TwelveBits.count):
      entries.withUnsafeBufferPointer { entries in
        RunCursor.advance(&cursors, OneSymbol<TwelveBits>(entries), together: isTogether ? .fixed : nil) {
          ccoders_huffman_ones12($0, entries.baseAddress, $1, $2)
        }
      }
    case .one(let entries, let width):
      entries.withUnsafeBufferPointer { RunCursor.advance(&cursors, OneLongSymbol($0, width: width)) }
    }
    return cursors.allSatisfy { singles.finish($0) }
  }
}
