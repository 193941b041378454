import CondenseTensors

/// Symbols coded with range asymmetric numeral systems, in blocks of at most 2^18 symbols (Jarek Duda, "Asymmetric
/// numeral systems", 2013).
///
/// Eight states take turns, so that a decoder has eight independent chains to follow at once, and share one run of 16-bit
/// words (Fabian Giesen, "Interleaved entropy coders", 2014).
enum ANSBlocks {
  static let blockSize = 1 << 18
  static let stateCount = 8
  /// States are from here up to 2^32 between two symbols.
  static let lowest: UInt32 = 1 << 16

  /// What a block takes beside its words: their number and the states.
  static let blockOverhead = 4 * stateCount + 3

  static func write(_ symbols: SymbolPlane, _ shares: SymbolShares, to writer: inout ByteWriter) {
    var starts = [UInt32](repeating: 0, count: 256)
    var sum: UInt32 = 0
    for (symbol, share) in shares.shares.enumerated() {
      starts[symbol] = sum
      sum += UInt32(share)
    }
    let longest = min(symbols.count, blockSize)
    let scratch = SymbolPlane.Scratch(count: longest)
    let words = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: longest)
    defer { words.deallocate() }
    var start = 0
    while start < symbols.count {
      let end = min(start + blockSize, symbols.count)
      var states = [UInt32](repeating: lowest, count: stateCount)
      // Backwards, as what is coded last is decoded first.
      let first = symbols.withSymbols(start..<end, scratch) { symbols in
        encode(symbols, shares, starts, &states, into: words)
      }
      writer.number(words.count - first)
      for state in states { withUnsafeBytes(of: state.littleEndian) { writer.append($0) } }
      writer.append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: words[first...])))
      start = end
    }
  }

  /// Fills `words` from the end and returns where they begin. No symbol makes more than one word.
  private static func encode(
    _ symbols: UnsafeBufferPointer<UInt8>, _ shares: SymbolShares, _ starts: [UInt32], _ states: inout [UInt32],
    into words: UnsafeMutableBufferPointer<UInt16>
  ) -> Int {
    var next = words.count
    let bits = UInt32(shares.bits)
    // A state below this takes the symbol without passing 2^32.
    let limits = shares.shares.map { UInt64($0) << (32 - UInt64(bits)) }
    let frequencies = shares.shares.map { UInt32($0) }
    states.withUnsafeMutableBufferPointer { states in
      for position in stride(from: symbols.count - 1, through: 0, by: -1) {
        let symbol = Int(symbols[position])
        var state = states[position & (stateCount - 1)]
        if UInt64(state) >= limits[symbol] {
          next -= 1
          words[next] = UInt16(truncatingIfNeeded: state).littleEndian
          state >>= 16
        }
        let (quotient, rest) = state.quotientAndRemainder(dividingBy: frequencies[symbol])
        states[position & (stateCount - 1)] = quotient << bits + rest + starts[symbol]
      }
    }
    return next
  }

  static func read(
    _ count: Int, _ shares: SymbolShares, from reader: inout ByteReader
  ) throws(DecodingError) -> Bytes {
    // A symbol can take next to nothing, but a block takes its states.
    guard count / blockSize <= reader.remaining / (4 * stateCount) else {
      throw reader.error("\(count) symbols cannot be in what is left")
    }
    let table = ANSTable(shares)
    var local = reader
    let symbols = try Bytes(count: count) { (target: UnsafeMutableRawBufferPointer) throws(DecodingError) in
      var start = 0
      while start < count {
        let end = min(start + blockSize, count)
        let wordCount = try local.number("a number of words", limit: blockSize)
        let states = try local.take(4 * stateCount).elements(of: UInt32.self).map { UInt32(littleEndian: $0) }
        let words = try local.take(2 * wordCount)
        let block = UnsafeMutableRawBufferPointer(rebasing: target[start..<end])
        guard states.allSatisfy({ $0 >= lowest }), table.decode(words, states, into: block) else {
          throw local.error("a block of symbols is longer or shorter than its words")
        }
        start = end
      }
    }
    reader = local
    return symbols
  }
}
