import CCoders
import CondenseTensors

/// What a step needs to know of a state's slot.
///
/// For 2^12 slots and one symbol a step: for each slot its share and place, and its symbol. Else for each slot
/// its symbol, and for each symbol the rest: both tables stay in the first-level cache, one of all slots' places would
/// not. Slots' symbols can be read three bytes beyond the last, and there are 256 symbols.
enum WideANSTable {
  case narrow(slots: [ccoders_ans_slot], symbols: [UInt8])
  case wide(slots: [UInt8], symbols: [ccoders_ans_symbol], bits: UInt64)
  /// For 2^14 slots.
  case pairs(slots: [UInt8], symbols: [ccoders_ans_symbol])

  /// Where there are pairs, shares have ``SymbolShares/pairBits`` bits.
  init(_ shares: SymbolShares, pairs: SymbolPairs?) {
    let slotCount = 1 << shares.bits
    let beyond = 3
    let slots = [UInt8](unsafeUninitializedCapacity: slotCount + beyond) { slots, count in
      for (symbol, share) in shares.shares.enumerated() {
        slots[count..<count + share].initialize(repeating: UInt8(symbol))
        count += share
      }
      slots[count..<count + beyond].initialize(repeating: 0)
      count += beyond
    }
    if shares.bits == SymbolShares.usualBits, pairs == nil {
      let places = [ccoders_ans_slot](unsafeUninitializedCapacity: slotCount) { places, count in
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
    precondition(symbols.count == 256, "every symbol has a share, if only of nothing")
    self =
      pairs == nil
      ? .wide(slots: slots, symbols: symbols, bits: UInt64(shares.bits)) : .pairs(slots: slots, symbols: symbols)
  }

  /// Decodes blocks: one, or as many as go together. False unless the symbols of each use up all its words and
  /// every state ends where it began.
  func decode(_ blocks: inout [WideANSBlock]) -> Bool {
    switch self {
    case .narrow(let slots, let symbols):
      // Not for a block alone, which is most often a short one.
      let entries = blocks.count > 1 ? WideANSTable.entries(slots, symbols) : []
      return WideANSTable.withPointers(slots, symbols) {
        WideANSDecoder.decode(&blocks, NarrowStep(slots: $0, symbols: $1, entries: entries))
      }
    case .wide(let slots, let symbols, let bits):
      return WideANSTable.withPointers(slots, symbols) {
        WideANSDecoder.decode(&blocks, WideStep(slots: $0, symbols: $1, bits: bits))
      }
    case .pairs(let slots, let symbols):
      return WideANSTable.withPointers(slots, symbols) {
        WideANSDecoder.decode(&blocks, PairStep(slots: $0, symbols: $1))
      }
    }
  }

  /// All that is known of a slot in one word.
  private static func entries(_ slots: [ccoders_ans_slot], _ symbols: [UInt8]) -> [UInt32] {
    zip(slots, symbols).map { UInt32($0.share) - 1 | UInt32($0.place) << 12 | UInt32($1) << 24 }
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
  /// The same for as many blocks as go together.
  func rounds(_ count: Int, together places: inout [ccoders_ans_place])
}

struct NarrowStep: ANSStep {
  static var byteCount: Int { 1 }
  private static let bits: UInt64 = 12
  let slots: UnsafePointer<ccoders_ans_slot>
  let symbols: UnsafePointer<UInt8>
  /// Where several blocks are decoded.
  let entries: [UInt32]

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

  func rounds(_ count: Int, together places: inout [ccoders_ans_place]) {
    ccoders_ans_narrow_together(&places, count, entries)
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

  func rounds(_ count: Int, together places: inout [ccoders_ans_place]) {
    ccoders_ans_wide_together(&places, count, slots, symbols, Int32(truncatingIfNeeded: bits))
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

  func rounds(_ count: Int, together places: inout [ccoders_ans_place]) {
    ccoders_ans_pairs_together(&places, count, slots, symbols)
  }
}

extension ccoders_ans_symbol {
  /// Goes to the state before one of its slots.
  @inline(__always)
  fileprivate func leave(_ slot: UInt64, _ state: inout UInt64, _ bits: UInt64) {
    state = UInt64(share) &* (state &>> bits) &+ slot &- UInt64(start)
  }
}
