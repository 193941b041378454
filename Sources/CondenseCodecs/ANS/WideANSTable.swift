import CCoders
import CondenseTensors

/// What a step needs to know of a state's slot.
///
/// For 2^12 slots and one symbol a step: for each slot its share and place, and its symbol. Else for each slot
/// its symbol, and for each symbol the rest: both tables stay in the first-level cache, one of all slots' places would
/// not.
enum WideANSTable {
  case narrow(slots: [ccoders_ans_slot], symbols: [UInt8])
  case wide(slots: [UInt8], symbols: [ccoders_ans_symbol], bits: UInt64)
  /// For 2^14 slots.
  case pairs(slots: [UInt8], symbols: [ccoders_ans_symbol])

  /// Where there are pairs, shares have ``SymbolShares/pairBits`` bits.
  init(_ shares: SymbolShares, pairs: SymbolPairs?) {
    let slots = [UInt8](unsafeUninitializedCapacity: 1 << shares.bits) { slots, count in
      for (symbol, share) in shares.shares.enumerated() {
        slots[count..<count + share].initialize(repeating: UInt8(symbol))
        count += share
      }
    }
    if shares.bits == SymbolShares.usualBits, pairs == nil {
      let places = [ccoders_ans_slot](unsafeUninitializedCapacity: slots.count) { places, count in
        for share in shares.shares {
          for place in 0..<share {
            places.initializeElement(at: count, to: ccoders_ans_slot(share: UInt16(share), place: UInt16(place)))
            count += 1
          }
        }
      }
      self = .narrow(slots: places, symbols: slots)
      return
    }
    var start = 0
    let symbols = shares.shares.enumerated().map { symbol, share in
      defer { start += share }
      return ccoders_ans_symbol(
        share: UInt16(share), start: UInt16(truncatingIfNeeded: start),
        written: pairs.map { $0.symbols(UInt8(symbol)) } ?? UInt16(symbol), unused: 0)
    }
    precondition(pairs == nil || shares.bits == SymbolShares.pairBits, "pairs have as many slots as their table")
    self =
      pairs == nil
      ? .wide(slots: slots, symbols: symbols, bits: UInt64(shares.bits)) : .pairs(slots: slots, symbols: symbols)
  }

  /// False unless the symbols use up all words and every state ends where it began.
  func decode(_ words: Bytes, _ states: [UInt64], into target: UnsafeMutableRawBufferPointer) -> Bool {
    switch self {
    case .narrow(let slots, let symbols):
      WideANSTable.withPointers(slots, symbols) {
        WideANSDecoder.decode(words, states, into: target, NarrowStep(slots: $0, symbols: $1))
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
  private static func withPointers<Slot, Symbol>(
    _ slots: [Slot], _ symbols: [Symbol], _ body: (UnsafePointer<Slot>, UnsafePointer<Symbol>) -> Bool
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
  /// Takes so many rounds of two steps for each state, and returns where the words go on.
  func rounds(
    _ count: Int, _ states: inout [UInt64], _ words: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>
  ) -> UnsafePointer<UInt8>
}

struct NarrowStep: ANSStep {
  static var byteCount: Int { 1 }
  private static let bits: UInt64 = 12
  let slots: UnsafePointer<ccoders_ans_slot>
  let symbols: UnsafePointer<UInt8>

  @inline(__always)
  func step(_ state: inout UInt64, _ target: UnsafeMutableRawPointer) {
    let slot = Int(truncatingIfNeeded: state & (1 &<< NarrowStep.bits &- 1))
    target.storeBytes(of: symbols[slot], as: UInt8.self)
    state = UInt64(slots[slot].share) &* (state &>> NarrowStep.bits) &+ UInt64(slots[slot].place)
  }

  func rounds(
    _ count: Int, _ states: inout [UInt64], _ words: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>
  ) -> UnsafePointer<UInt8> {
    ccoders_ans_narrow(&states, words, target, count, slots, symbols)
  }
}

struct WideStep: ANSStep {
  static var byteCount: Int { 1 }
  let slots: UnsafePointer<UInt8>
  let symbols: UnsafePointer<ccoders_ans_symbol>
  let bits: UInt64

  @inline(__always)
  func step(_ state: inout UInt64, _ target: UnsafeMutableRawPointer) {
    let slot = state & (1 &<< bits &- 1)
    let symbol = slots[Int(truncatingIfNeeded: slot)]
    target.storeBytes(of: symbol, as: UInt8.self)
    symbols[Int(symbol)].leave(slot, &state, bits)
  }

  func rounds(
    _ count: Int, _ states: inout [UInt64], _ words: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>
  ) -> UnsafePointer<UInt8> {
    ccoders_ans_wide(&states, words, target, count, slots, symbols, Int32(truncatingIfNeeded: bits))
  }
}

struct PairStep: ANSStep {
  static var byteCount: Int { 2 }
  private static let bits: UInt64 = 14
  let slots: UnsafePointer<UInt8>
  let symbols: UnsafePointer<ccoders_ans_symbol>

  @inline(__always)
  func step(_ state: inout UInt64, _ target: UnsafeMutableRawPointer) {
    let slot = state & (1 &<< PairStep.bits &- 1)
    let symbol = symbols[Int(slots[Int(truncatingIfNeeded: slot)])]
    target.storeBytes(of: symbol.written.littleEndian, as: UInt16.self)
    symbol.leave(slot, &state, PairStep.bits)
  }

  func rounds(
    _ count: Int, _ states: inout [UInt64], _ words: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>
  ) -> UnsafePointer<UInt8> {
    ccoders_ans_pairs(&states, words, target, count, slots, symbols)
  }
}

extension ccoders_ans_symbol {
  /// Goes to the state before one of its slots.
  @inline(__always)
  fileprivate func leave(_ slot: UInt64, _ state: inout UInt64, _ bits: UInt64) {
    state = UInt64(share) &* (state &>> bits) &+ slot &- UInt64(start)
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
  private static func decodeFast(
    _ source: UnsafeRawPointer, _ byteCount: Int, _ next: inout Int, _ states: inout [UInt64],
    _ target: UnsafeMutableRawPointer, _ count: Int, _ table: some ANSStep
  ) -> Int {
    let start = source.assumingMemoryBound(to: UInt8.self)
    let out = target.assumingMemoryBound(to: UInt8.self)
    let written = 2 * WideANSBlocks.stateCount * type(of: table).byteCount
    var words = start
    var position = 0
    while true {
      // Eight turns take 32 bytes at most, and four more are looked at.
      let rounds = min((start + byteCount - words - 4) / 32, (count - position) / written)
      guard rounds > 0 else { break }
      words = table.rounds(rounds, &states, words, out + position)
      position += rounds * written
    }
    next = words - start
    return position
  }
}
