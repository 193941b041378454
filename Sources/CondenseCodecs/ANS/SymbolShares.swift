/// How the 2^bits slots of an asymmetric numeral system are shared out: each symbol that occurs has one at least.
struct SymbolShares: Equatable {
  /// Slots of each symbol; 0 for symbols that do not occur.
  let shares: [Int]
  /// All shares add up to 2^bits.
  let bits: Int

  /// For each symbol the slots before its own.
  var starts: [Int] {
    var sum = 0
    return shares.map { share in
      defer { sum += share }
      return sum
    }
  }

  static let usualBits = 12
  /// For pairs of symbols: enough for 256 of them, and a table that stays in the first-level cache.
  static let pairBits = 14
  /// For symbols so uneven that the rarest must be rarer than 1 in 4,096.
  static let mostBits = 15

  /// Shares in proportion to frequencies of at least two symbols, those that code them in the fewest bits.
  init(frequencies: [Int], bits: Int) {
    let total = frequencies.reduce(0, +)
    let slots = 1 << bits
    var shares = frequencies.map { frequency -> Int in
      guard frequency > 0 else { return 0 }
      let (high, low) = frequency.multipliedFullWidth(by: slots)
      return max(1, total.dividingFullWidth((high, low)).quotient)
    }
    let used = shares.indices.filter { shares[$0] > 0 }
    var rest = slots - shares.reduce(0, +)
    // A slot goes to whom it helps most, or is taken where it is missed least: the change is about frequency / share.
    while rest > 0 {
      var best = used[0]
      for symbol in used where Self.gains(frequencies[symbol], shares[symbol], over: frequencies[best], shares[best]) {
        best = symbol
      }
      shares[best] += 1
      rest -= 1
    }
    while rest < 0 {
      guard var best = used.first(where: { shares[$0] > 1 }) else { preconditionFailure("there are slots for all") }
      for symbol in used where shares[symbol] > 1 {
        if Self.gains(frequencies[best], shares[best] - 1, over: frequencies[symbol], shares[symbol] - 1) {
          best = symbol
        }
      }
      shares[best] -= 1
      rest += 1
    }
    self.shares = shares
    self.bits = bits
  }

  private static func gains(_ a: Int, _ shareOfA: Int, over b: Int, _ shareOfB: Int) -> Bool {
    let left = a.multipliedFullWidth(by: 2 * shareOfB + 1)
    let right = b.multipliedFullWidth(by: 2 * shareOfA + 1)
    return (left.high, left.low) > (right.high, right.low)
  }

  /// About how many bytes symbols of these frequencies take.
  func cost(_ frequencies: [Int]) -> Int {
    var sum = 0
    for (symbol, frequency) in frequencies.enumerated() where frequency > 0 {
      // Per symbol in 1/65536 bits; thousands of symbols at a time, so that the sum does not overflow.
      let each = bits << 16 - Self.binaryLogarithm(shares[symbol])
      sum += ((frequency >> 12) * each) >> 4 + ((frequency & 0xFFF) * each) >> 16
    }
    return sum / 8 + 1
  }

  /// log2 in 1/65536, in whole numbers, so that costs compare alike on every machine.
  static func binaryLogarithm(_ value: Int) -> Int {
    let whole = Int.bitWidth - 1 - value.leadingZeroBitCount
    var result = whole << 16
    var rest = UInt64(value) << UInt64(31 - whole)
    for bit in stride(from: 15, through: 0, by: -1) {
      rest = (rest * rest) >> 31
      if rest >= 1 << 32 {
        result += 1 << bit
        rest >>= 1
      }
    }
    return result
  }
}

// How shares are written: their number of bits as a code's lengths are, then each without its highest bit.
extension SymbolShares {
  func write(to writer: inout ByteWriter) {
    writer.byte(UInt8(bits))
    CodeLengths(lengths: shares.map { UInt8(Int.bitWidth - $0.leadingZeroBitCount) }).write(to: &writer)
    var rests = BitWriter()
    for share in shares where share > 1 {
      let count = Int.bitWidth - 1 - share.leadingZeroBitCount
      rests.write(UInt32(share - 1 << count), count: count)
    }
    rests.finish()
    writer.append(rests.bytes)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    let bits = Int(try reader.byte())
    guard (1...SymbolShares.mostBits).contains(bits) else { throw reader.error("2^\(bits) slots") }
    let lengths = try CodeLengths.lengths(from: &reader)
    var shares = [Int](repeating: 0, count: 256)
    var rests = BitReader(reader)
    for (symbol, length) in lengths.enumerated() where length > 0 {
      shares[symbol] = 1 << (Int(length) - 1) | (try rests.bits(Int(length) - 1))
    }
    reader = try rests.finish()
    guard shares.reduce(0, +) == 1 << bits, shares.count(where: { $0 > 0 }) > 1 else {
      throw reader.error("the shares do not fill 2^\(bits) slots")
    }
    self.shares = shares
    self.bits = bits
  }
}
