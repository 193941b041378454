import CondenseTensors

/// Symbols coded with range asymmetric numeral systems, in blocks of at most 2^18 symbols (Jarek Duda, "Asymmetric
/// numeral systems", 2013), as files of before have them: ``WideANSBlocks`` are what is written now.
///
/// Eight states of 32 bits take turns, and share one run of 16-bit words (Fabian Giesen, "Interleaved entropy coders",
/// 2014).
enum ANSBlocks {
  static let blockSize = 1 << 18
  static let stateCount = 8
  /// States are from here up to 2^32 between two symbols.
  static let lowest: UInt32 = 1 << 16

  static func read(
    _ count: Int, _ shares: SymbolShares, from reader: inout ByteReader
  ) throws(DecodingError) -> Bytes {
    // A symbol can take next to nothing, but a block takes its states.
    guard count / blockSize <= reader.remaining / (4 * stateCount) else {
      throw reader.error("\(count) symbols cannot be in what is left")
    }
    let slots = shares.shares.enumerated().flatMap { symbol, share in repeatElement(UInt8(symbol), count: share) }
    let starts = shares.starts
    var local = reader
    let symbols = try Bytes(count: count) { (target: UnsafeMutableRawBufferPointer) throws(DecodingError) in
      var start = 0
      while start < count {
        let end = min(start + blockSize, count)
        let wordCount = try local.number("a number of words", limit: blockSize)
        var states = try local.take(4 * stateCount).elements(of: UInt32.self).map { UInt32(littleEndian: $0) }
        let words = try local.take(2 * wordCount).elements(of: UInt16.self).map { UInt16(littleEndian: $0) }
        var next = 0
        var isGood = states.allSatisfy { $0 >= lowest }
        for position in start..<end where isGood {
          let state = states[position % stateCount]
          let slot = Int(state) & (slots.count - 1)
          let symbol = Int(slots[slot])
          target[position] = UInt8(symbol)
          // Below 2^32, as a symbol's share is at most 2^bits and its place below that.
          var before = UInt32(shares.shares[symbol]) * (state >> UInt32(shares.bits)) + UInt32(slot - starts[symbol])
          if before < lowest, next < words.count {
            before = before << 16 | UInt32(words[next])
            next += 1
          }
          isGood = before >= lowest
          states[position % stateCount] = before
        }
        guard isGood, next == words.count, states.allSatisfy({ $0 == lowest }) else {
          throw local.error("a block of symbols is longer or shorter than its words")
        }
        start = end
      }
    }
    reader = local
    return symbols
  }
}
