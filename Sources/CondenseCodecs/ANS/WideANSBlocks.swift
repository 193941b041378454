import CondenseTensors

/// Symbols, or pairs of them, coded with range asymmetric numeral systems whose states have 64 bits, in blocks of at
/// most 2^18 steps.
///
/// A step decodes a symbol or a pair. Two steps in a row take the same state, which takes a word of 32 bits after them,
/// if one is due: with shares of at most 15 bits each, that is often enough, and half as much work as after every step.
/// Eight states take turns, so that a decoder has eight independent chains to follow at once, and share one run of words
/// (Jarek Duda, "Asymmetric numeral systems", 2013; Fabian Giesen, "Interleaved entropy coders", 2014).
enum WideANSBlocks {
  static let blockSize = 1 << 18
  static let stateCount = 8
  /// States are from here up to 2^64 between two pairs of steps.
  static let lowest: UInt64 = 1 << 32

  /// What a block takes beside its words: their number and the states.
  static let blockOverhead = 8 * stateCount + 3

  static func write(
    _ symbols: SymbolPlane, _ shares: SymbolShares, pairs: SymbolPairs? = nil, to writer: inout ByteWriter
  ) {
    let each = pairs == nil ? 1 : 2
    let stepCount = pairs == nil ? symbols.count : SymbolPairs.count(symbols.count)
    let encoder = WideANSEncoder(shares)
    let longest = min(stepCount, blockSize)
    let scratch = SymbolPlane.Scratch(count: longest * each)
    let words = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: longest)
    defer { words.deallocate() }
    var start = 0
    while start < stepCount {
      let end = min(start + blockSize, stepCount)
      var states = [UInt64](repeating: lowest, count: stateCount)
      let first = symbols.withSymbols(start * each..<min(end * each, symbols.count), scratch) { symbols in
        guard let pairs else { return encoder.encode(symbols.count, &states, into: words) { symbols[$0] } }
        return encoder.encode(end - start, &states, into: words) { step in
          pairs.pair(symbols[2 * step], 2 * step + 1 < symbols.count ? symbols[2 * step + 1] : pairs.first)
        }
      }
      writer.number(words.count - first)
      for state in states { withUnsafeBytes(of: state.littleEndian) { writer.append($0) } }
      writer.append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: words[first...])))
      start = end
    }
  }

  static func read(
    _ count: Int, _ shares: SymbolShares, pairs: SymbolPairs? = nil, from reader: inout ByteReader
  ) throws(DecodingError) -> Bytes {
    let each = pairs == nil ? 1 : 2
    let stepCount = pairs == nil ? count : SymbolPairs.count(count)
    // A symbol can take next to nothing, but a block takes its states.
    guard stepCount / blockSize <= reader.remaining / (8 * stateCount) else {
      throw reader.error("\(count) symbols cannot be in what is left")
    }
    let table = WideANSTable(shares, pairs: pairs)
    var local = reader
    let symbols = try Bytes(count: stepCount * each) { (target: UnsafeMutableRawBufferPointer) throws(DecodingError) in
      var start = 0
      while start < stepCount {
        // Several blocks together, where the processor gains by it, and the last is not much shorter than the others.
        let most = WideANSDecoder.blocksTogether
        let count = stepCount - start >= most * blockSize - blockSize / 2 ? most : 1
        var blocks: [WideANSBlock] = []
        for _ in 0..<count {
          let end = min(start + blockSize, stepCount)
          let wordCount = try local.number("a number of words", limit: blockSize)
          let states = try local.take(8 * stateCount).elements(of: UInt64.self).map { UInt64(littleEndian: $0) }
          let words = try local.take(4 * wordCount)
          let block = UnsafeMutableRawBufferPointer(rebasing: target[start * each..<end * each])
          blocks.append(WideANSBlock(words: words, states: states, target: block))
          start = end
        }
        guard blocks.allSatisfy({ block in block.states.allSatisfy { $0 >= lowest } }), table.decode(&blocks) else {
          throw local.error("a block of symbols is longer or shorter than its words")
        }
      }
    }
    reader = local
    return symbols[0..<count]
  }
}

/// Codes steps, the last first, as what is coded last is decoded first.
struct WideANSEncoder {
  private let bits: UInt64
  private let shares: [UInt64]
  private let starts: [UInt64]

  init(_ shares: SymbolShares) {
    bits = UInt64(shares.bits)
    self.shares = shares.shares.map { UInt64($0) }
    starts = shares.starts.map { UInt64($0) }
  }

  /// Fills `words` from the end and returns where they begin. No two steps make more than one word.
  @inline(__always)
  func encode(
    _ count: Int, _ states: inout [UInt64], into words: UnsafeMutableBufferPointer<UInt32>, symbol: (Int) -> UInt8
  ) -> Int {
    var next = words.count
    shares.withUnsafeBufferPointer { shares in
      starts.withUnsafeBufferPointer { starts in
        for turn in stride(from: (count - 1) / 2, through: 0, by: -1) {
          let index = turn & (WideANSBlocks.stateCount - 1)
          var state = states[index]
          let first = Int(symbol(2 * turn))
          let second = 2 * turn + 1 < count ? Int(symbol(2 * turn + 1)) : nil
          // A state below this takes both without passing 2^64.
          let limit =
            second.map { (shares[first] &* shares[$0]) &<< (64 &- 2 &* bits) } ?? shares[first] &<< (64 &- bits)
          if state >= limit {
            next -= 1
            words[next] = UInt32(truncatingIfNeeded: state).littleEndian
            state >>= 32
          }
          if let second { push(second, shares, starts, &state) }
          push(first, shares, starts, &state)
          states[index] = state
        }
      }
    }
    return next
  }

  @inline(__always)
  private func push(
    _ symbol: Int, _ shares: UnsafeBufferPointer<UInt64>, _ starts: UnsafeBufferPointer<UInt64>, _ state: inout UInt64
  ) {
    let (quotient, rest) = state.quotientAndRemainder(dividingBy: shares[symbol])
    state = quotient &<< bits &+ rest &+ starts[symbol]
  }
}
