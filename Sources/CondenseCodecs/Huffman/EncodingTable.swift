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
    guard let base = symbols.baseAddress else { return 0 }
    let source = UnsafeRawPointer(base)
    var bits = BitBuffer(target: target)
    let whole = symbols.count / 8 * 8
    if let pairs {
      let origin = UInt64(first) &* 0x0101_0101_0101_0101
      pairs.withUnsafeBufferPointer { pairs in
        guard let table = pairs.baseAddress else { return }
        var position = 0
        while position < whole {
          let word = source.loadUnaligned(fromByteOffset: position, as: UInt64.self).littleEndian &- origin
          // Four indices of ten bits, each in a half word.
          let indices = word & 0x001F_001F_001F_001F | (word & 0x1F00_1F00_1F00_1F00) &>> 3
          let a = table[EncodingTable.pair(indices)]
          let b = table[EncodingTable.pair(indices &>> 16)]
          let c = table[EncodingTable.pair(indices &>> 32)]
          let d = table[EncodingTable.pair(indices &>> 48)]
          if (a &+ b &+ c &+ d) & 0x7F <= 56 {
            bits.append(a, b, c, d)
          } else {
            bits.append(a, b)
            bits.append(c, d)
          }
          position += 8
        }
      }
    } else {
      singles.withUnsafeBufferPointer { singles in
        guard let table = singles.baseAddress else { return }
        var position = 0
        while position < whole {
          let word = source.loadUnaligned(fromByteOffset: position, as: UInt64.self).littleEndian
          bits.append(
            table[EncodingTable.single(word)], table[EncodingTable.single(word &>> 8)],
            table[EncodingTable.single(word &>> 16)], table[EncodingTable.single(word &>> 24)])
          bits.append(
            table[EncodingTable.single(word &>> 32)], table[EncodingTable.single(word &>> 40)],
            table[EncodingTable.single(word &>> 48)], table[EncodingTable.single(word &>> 56)])
          position += 8
        }
      }
    }
    if isPaired {
      let code = SymbolPairs(first: first)
      for position in stride(from: whole, to: symbols.count, by: 2) {
        let second = position + 1 < symbols.count ? symbols[position + 1] : first
        bits.append(singles[Int(code.pair(symbols[position], second))], 0)
      }
    } else {
      for symbol in symbols[whole...] { bits.append(singles[Int(symbol)], 0) }
    }
    return bits.finish()
  }

  @inline(__always)
  private static func pair(_ indices: UInt64) -> Int { Int(UInt16(truncatingIfNeeded: indices)) }

  @inline(__always)
  private static func single(_ word: UInt64) -> Int { Int(truncatingIfNeeded: word & 0xFF) }

  /// Bits on their way to memory, the first highest; fewer than eight between two calls.
  private struct BitBuffer {
    private let start: UnsafeMutableRawPointer
    private var target: UnsafeMutableRawPointer
    private var bits: UInt64 = 0
    private var count: UInt64 = 0

    init(target: UnsafeMutableRawPointer) {
      start = target
      self.target = target
    }

    /// Appends two entries, of 48 bits at most.
    ///
    /// An entry's length stays in the lowest byte, where no word reaches, until all are together.
    @inline(__always)
    mutating func append(_ a: UInt64, _ b: UInt64) {
      append(word: a | b &>> a, a &+ b)
    }

    /// Appends four entries, of 56 bits at most.
    @inline(__always)
    mutating func append(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) {
      let two = a &+ b
      let three = two &+ c
      append(word: a | b &>> a | c &>> two | d &>> three, three &+ d)
    }

    /// Shifts take a length from a sum of entries' lowest six bits, since that is all that they look at.
    @inline(__always)
    private mutating func append(word: UInt64, _ length: UInt64) {
      bits |= (word & ~0xFF) &>> count
      count &+= length & 0x3F
      target.storeBytes(of: bits.bigEndian, as: UInt64.self)
      target += Int(truncatingIfNeeded: count &>> 3)
      bits = bits &<< (count & ~7)
      count &= 7
    }

    func finish() -> Int { target - start + (count > 0 ? 1 : 0) }
  }
}
