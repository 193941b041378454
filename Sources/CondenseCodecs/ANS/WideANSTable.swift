import CondenseTensors

/// What a step needs to know of a state's slot.
///
/// For 2^12 slots and one symbol a step: for each slot its symbol, place and share, in one entry. Else for each slot
/// its symbol, and for each symbol the rest: both tables stay in the first-level cache, one of all slots' entries would
/// not.
enum WideANSTable {
  case narrow([UInt32])
  case wide(slots: [UInt8], symbols: [UInt64], bits: UInt64)
  /// For 2^14 slots.
  case pairs(slots: [UInt8], symbols: [UInt64])

  /// Where there are pairs, shares have ``SymbolShares/pairBits`` bits.
  init(_ shares: SymbolShares, pairs: SymbolPairs?) {
    if shares.bits == SymbolShares.usualBits, pairs == nil {
      var entries: [UInt32] = []
      for (symbol, share) in shares.shares.enumerated() {
        for place in 0..<share { entries.append(UInt32(symbol) | UInt32(place) << 8 | UInt32(share) << 20) }
      }
      self = .narrow(entries)
      return
    }
    var slots: [UInt8] = []
    var symbols = [UInt64](repeating: 0, count: 256)
    for (symbol, share) in shares.shares.enumerated() where share > 0 {
      let written = pairs.map { $0.symbols(UInt8(symbol)) } ?? UInt16(symbol)
      symbols[symbol] = UInt64(share) | UInt64(slots.count) << 16 | UInt64(written) << 32
      slots += repeatElement(UInt8(symbol), count: share)
    }
    precondition(pairs == nil || shares.bits == SymbolShares.pairBits, "pairs have as many slots as their table")
    self =
      pairs == nil
      ? .wide(slots: slots, symbols: symbols, bits: UInt64(shares.bits)) : .pairs(slots: slots, symbols: symbols)
  }

  /// False unless the symbols use up all words and every state ends where it began.
  func decode(_ words: Bytes, _ states: [UInt64], into target: UnsafeMutableRawBufferPointer) -> Bool {
    switch self {
    case .narrow(let entries):
      entries.withUnsafeBufferPointer { entries in
        guard let entries = entries.baseAddress else { return false }
        return WideANSDecoder.decode(words, states, into: target, NarrowStep(entries: entries))
      }
    case .wide(let slots, let symbols, let bits):
      WideANSTable.withPointers(slots, symbols) {
        WideANSDecoder.decode(words, states, into: target, WideStep(slots: $0, symbols: $1, bits: bits))
      }
    case .pairs(let slots, let symbols):
      WideANSTable.withPointers(slots, symbols) {
        WideANSDecoder.decode(words, states, into: target, PairStep(slots: $0, symbols: $1))
      }
    }
  }

  @inline(__always)
  private static func withPointers(
    _ slots: [UInt8], _ symbols: [UInt64], _ body: (UnsafePointer<UInt8>, UnsafePointer<UInt64>) -> Bool
  ) -> Bool {
    slots.withUnsafeBufferPointer { slots in
      symbols.withUnsafeBufferPointer { symbols in
        guard let slots = slots.baseAddress, let symbols = symbols.baseAddress else { return false }
        return body(slots, symbols)
      }
    }
  }
}

/// Decodes what a state's slot stands for.
protocol ANSStep {
  /// Bytes that a step writes.
  static var byteCount: Int { get }
  /// Writes the symbols, and goes to the state before them.
  func step(_ state: inout UInt64, _ target: UnsafeMutableRawPointer)
}

struct NarrowStep: ANSStep {
  static var byteCount: Int { 1 }
  private static let bits: UInt64 = 12
  let entries: UnsafePointer<UInt32>

  @inline(__always)
  func step(_ state: inout UInt64, _ target: UnsafeMutableRawPointer) {
    let entry = entries[Int(truncatingIfNeeded: state & (1 &<< NarrowStep.bits &- 1))]
    target.storeBytes(of: UInt8(truncatingIfNeeded: entry), as: UInt8.self)
    state = UInt64(entry &>> 20) &* (state &>> NarrowStep.bits) &+ UInt64(entry &>> 8 & 0xFFF)
  }
}

struct WideStep: ANSStep {
  static var byteCount: Int { 1 }
  let slots: UnsafePointer<UInt8>
  let symbols: UnsafePointer<UInt64>
  let bits: UInt64

  @inline(__always)
  func step(_ state: inout UInt64, _ target: UnsafeMutableRawPointer) {
    let slot = state & (1 &<< bits &- 1)
    let symbol = slots[Int(truncatingIfNeeded: slot)]
    target.storeBytes(of: symbol, as: UInt8.self)
    let entry = symbols[Int(symbol)]
    state = (entry & 0xFFFF) &* (state &>> bits) &+ slot &- (entry &>> 16 & 0xFFFF)
  }
}

struct PairStep: ANSStep {
  static var byteCount: Int { 2 }
  private static let bits: UInt64 = 14
  let slots: UnsafePointer<UInt8>
  let symbols: UnsafePointer<UInt64>

  @inline(__always)
  func step(_ state: inout UInt64, _ target: UnsafeMutableRawPointer) {
    let slot = state & (1 &<< PairStep.bits &- 1)
    let entry = symbols[Int(slots[Int(truncatingIfNeeded: slot)])]
    target.storeBytes(of: UInt16(truncatingIfNeeded: entry &>> 32).littleEndian, as: UInt16.self)
    state = (entry & 0xFFFF) &* (state &>> PairStep.bits) &+ slot &- (entry &>> 16 & 0xFFFF)
  }
}

/// Follows eight states, two steps each at a turn.
enum WideANSDecoder {
  @inline(__always)
  static func decode<Step: ANSStep>(
    _ words: Bytes, _ states: [UInt64], into target: UnsafeMutableRawBufferPointer, _ table: Step
  ) -> Bool {
    words.withUnsafeBytes { words in
      guard let out = target.baseAddress else { return false }
      var states = states
      var position = 0
      var next = 0
      if let source = words.baseAddress {
        position = decodeFast(source, words.count, &next, &states, out, target.count, table)
      }
      var turn = position / (2 * Step.byteCount)
      while position < target.count {
        let index = turn & (WideANSBlocks.stateCount - 1)
        table.step(&states[index], out + position)
        position += Step.byteCount
        if position < target.count {
          table.step(&states[index], out + position)
          position += Step.byteCount
        }
        if states[index] < WideANSBlocks.lowest {
          guard next + 4 <= words.count else { return false }
          let word = UInt32(littleEndian: words.loadUnaligned(fromByteOffset: next, as: UInt32.self))
          states[index] = states[index] << 32 | UInt64(word)
          next += 4
          // A damaged state of zero stays too low.
          guard states[index] >= WideANSBlocks.lowest else { return false }
        }
        turn += 1
      }
      return next == words.count && states.allSatisfy { $0 == WideANSBlocks.lowest }
    }
  }

  /// Decodes as long as sixteen steps' words are surely there; returns how many bytes that were.
  @inline(__always)
  private static func decodeFast<Step: ANSStep>(
    _ source: UnsafeRawPointer, _ byteCount: Int, _ next: inout Int, _ states: inout [UInt64],
    _ target: UnsafeMutableRawPointer, _ count: Int, _ table: Step
  ) -> Int {
    var (a, b, c, d) = (states[0], states[1], states[2], states[3])
    var (e, f, g, h) = (states[4], states[5], states[6], states[7])
    var words = source + next
    var out = target
    let each = Step.byteCount
    // Eight turns take 32 bytes at most, and four more are looked at.
    let wordsEnd = source + byteCount - 36
    let outEnd = target + count - 16 * each
    while out <= outEnd && words <= wordsEnd {
      four(&a, &b, &c, &d, &words, out, table)
      four(&e, &f, &g, &h, &words, out + 8 * each, table)
      out += 16 * each
    }
    states = [a, b, c, d, e, f, g, h]
    next = words - source
    return out - target
  }

  /// The turns of four states.
  @inline(__always)
  private static func four<Step: ANSStep>(
    _ a: inout UInt64, _ b: inout UInt64, _ c: inout UInt64, _ d: inout UInt64, _ words: inout UnsafeRawPointer,
    _ out: UnsafeMutableRawPointer, _ table: Step
  ) {
    let each = Step.byteCount
    table.step(&a, out)
    table.step(&b, out + 2 * each)
    table.step(&c, out + 4 * each)
    table.step(&d, out + 6 * each)
    table.step(&a, out + each)
    table.step(&b, out + 3 * each)
    table.step(&c, out + 5 * each)
    table.step(&d, out + 7 * each)
    refill(&a, &words)
    refill(&b, &words)
    refill(&c, &words)
    refill(&d, &words)
  }

  /// Takes a word where the state is low. Without a branch: whether it is, is as good as random.
  @inline(__always)
  private static func refill(_ state: inout UInt64, _ words: inout UnsafeRawPointer) {
    let word = UInt64(UInt32(littleEndian: words.loadUnaligned(as: UInt32.self)))
    let isLow = state < WideANSBlocks.lowest
    let refilled = state &<< 32 | word
    state = isLow ? refilled : state
    words += isLow ? 4 : 0
  }
}
