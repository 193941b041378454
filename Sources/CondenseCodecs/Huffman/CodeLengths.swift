/// The lengths of a Huffman code's words, by symbol; 0 for symbols that do not occur.
struct CodeLengths: Equatable, Sendable {
  var lengths: [UInt8]

  /// The longest that the stream format allows.
  static let longestAllowed = 15
  /// The longest that this encoder makes where that saves at least 0.25 %.
  static let longestMade = 12
  /// The longest that it makes else: a decoder takes five words, and several symbols a look-up, from a table that stays
  /// in the first-level cache.
  static let usualLongest = 11

  /// The best code for these frequencies, with words of at most ``usualLongest`` or, where that pays, ``longestMade``
  /// bits.
  static func made(_ frequencies: [Int]) -> CodeLengths {
    let usual = CodeLengths(frequencies: frequencies)
    guard usual.longest == usualLongest else { return usual }
    let precise = CodeLengths(frequencies: frequencies, longest: longestMade)
    let cost = precise.cost(frequencies)
    return usual.cost(frequencies) - cost > cost / 400 ? precise : usual
  }

  /// The best code for these frequencies with words of at most `longest` bits, in which there is room for all symbols.
  ///
  /// Package-merge: Larmore and Hirschberg, "A fast algorithm for optimal length-limited Huffman codes", 1990.
  init(frequencies: [Int], longest: Int = usualLongest) {
    lengths = Array(repeating: 0, count: frequencies.count)
    let symbols = frequencies.indices.filter { frequencies[$0] > 0 }
      .sorted { (frequencies[$0], $0) < (frequencies[$1], $1) }
    guard symbols.count > 1 else {
      for symbol in symbols { lengths[symbol] = 1 }
      return
    }
    // For each level, whether the item at a place is a leaf: enough to walk back what was chosen.
    var levels: [[Bool]] = []
    var previous: [Int] = []
    for _ in 0..<longest {
      var packages: [Int] = []
      var index = 0
      while index + 1 < previous.count {
        packages.append(previous[index] + previous[index + 1])
        index += 2
      }
      var merged: [Int] = []
      var isLeaf: [Bool] = []
      var leaf = 0
      var package = 0
      while leaf < symbols.count || package < packages.count {
        let takesLeaf =
          package == packages.count
          || (leaf < symbols.count && frequencies[symbols[leaf]] <= packages[package])
        merged.append(takesLeaf ? frequencies[symbols[leaf]] : packages[package])
        isLeaf.append(takesLeaf)
        if takesLeaf { leaf += 1 } else { package += 1 }
      }
      levels.append(isLeaf)
      previous = merged
    }
    // The cheapest 2n − 2 items of the last level; each leaf among them makes its symbol's word a bit longer.
    var taken = 2 * symbols.count - 2
    for isLeaf in levels.reversed() {
      let leaves = isLeaf.prefix(taken).count { $0 }
      for symbol in symbols.prefix(leaves) { lengths[symbol] += 1 }
      taken = 2 * (taken - leaves)
    }
  }

  init(lengths: [UInt8]) { self.lengths = lengths }

  /// Bits of a text with these frequencies.
  func cost(_ frequencies: [Int]) -> Int {
    zip(lengths, frequencies).reduce(0) { $0 + Int($1.0) * $1.1 }
  }

  var longest: Int { Int(lengths.max() ?? 0) }

  /// Whether every sequence of bits is the beginning of words: neither ambiguous nor with gaps.
  var isComplete: Bool {
    let used = lengths.filter { $0 > 0 }
    guard used.count > 1 else { return false }
    return used.reduce(0) { $0 + 1 << (CodeLengths.longestAllowed - Int($1)) } == 1 << CodeLengths.longestAllowed
  }

  /// Canonical words: shorter before longer, then by symbol, counting up (RFC 1951, section 3.2.2).
  var words: [UInt16] {
    var firsts = [UInt16](repeating: 0, count: CodeLengths.longestAllowed + 1)
    var word: UInt32 = 0
    var counts = [UInt32](repeating: 0, count: CodeLengths.longestAllowed + 1)
    for length in lengths where length > 0 { counts[Int(length)] += 1 }
    for length in 1...CodeLengths.longestAllowed {
      word = (word + counts[length - 1]) << 1
      firsts[length] = UInt16(truncatingIfNeeded: word)
    }
    return lengths.map { length in
      guard length > 0 else { return 0 }
      defer { firsts[Int(length)] &+= 1 }
      return firsts[Int(length)]
    }
  }
}

// How lengths are written: the range of symbols that occur, then each length as its difference to the one before.
//
// Neighbouring symbols tend to have neighbouring lengths: gaps fall off geometrically, indices like a bell.
// 0: the same · 10: one longer · 110: one shorter · 1110: does not occur · 1111 and four bits: this length.
extension CodeLengths {
  private static let before = 5

  func write(to writer: inout ByteWriter) {
    guard let first = lengths.firstIndex(where: { $0 > 0 }), let last = lengths.lastIndex(where: { $0 > 0 }) else {
      preconditionFailure("a code without symbols is never written")
    }
    writer.byte(UInt8(first))
    writer.byte(UInt8(last))
    var bits = BitWriter()
    var previous = CodeLengths.before
    for symbol in first...last {
      let length = Int(lengths[symbol])
      switch length {
      case 0: bits.write(0b1110, count: 4)
      case previous: bits.write(0, count: 1)
      case previous + 1: bits.write(0b10, count: 2)
      case previous - 1: bits.write(0b110, count: 3)
      default: bits.write(0b1111 << 4 | UInt32(length), count: 8)
      }
      if length > 0 { previous = length }
    }
    bits.finish()
    writer.append(bits.bytes)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(lengths: try CodeLengths.lengths(from: &reader))
    guard isComplete else { throw reader.error("the lengths make no complete code") }
  }

  /// 256 lengths as they are written, whether or not they make a code.
  static func lengths(from reader: inout ByteReader) throws(DecodingError) -> [UInt8] {
    let first = Int(try reader.byte())
    let last = Int(try reader.byte())
    guard first <= last else { throw reader.error("a code's symbols are no range: \(first)…\(last)") }
    var lengths = [UInt8](repeating: 0, count: 256)
    var bits = BitReader(reader)
    var previous = CodeLengths.before
    for symbol in first...last {
      var length = previous
      if try bits.bit() {
        if try !bits.bit() {
          length += 1
        } else if try !bits.bit() {
          length -= 1
        } else {
          guard try bits.bit() else { continue }
          length = try bits.bits(4)
        }
      }
      guard (1...CodeLengths.longestAllowed).contains(length) else {
        throw reader.error("a code word of \(length) bits")
      }
      lengths[symbol] = UInt8(length)
      previous = length
    }
    reader = try bits.finish()
    return lengths
  }
}
