import CondenseTensors

/// For each slot its symbol, the symbol's share, and the slot's place in it.
enum ANSTable {
  /// For 2^12 slots, a table that stays in the first-level cache: symbol, 12 bits of place, 12 of share.
  case narrow([UInt32])
  /// Symbol, 16 bits of place, 16 of share.
  case wide([UInt64], bits: Int)

  init(_ shares: SymbolShares) {
    if shares.bits == NarrowSlot.bits {
      self = .narrow(ANSTable.entries(shares, fieldWidth: NarrowSlot.fieldWidth))
    } else {
      self = .wide(ANSTable.entries(shares, fieldWidth: WideSlot.fieldWidth), bits: shares.bits)
    }
  }

  private static func entries<Entry: FixedWidthInteger>(_ shares: SymbolShares, fieldWidth: Int) -> [Entry] {
    var entries: [Entry] = []
    entries.reserveCapacity(1 << shares.bits)
    for (symbol, share) in shares.shares.enumerated() {
      for place in 0..<share {
        entries.append(Entry(symbol) | Entry(place) << 8 | Entry(share) << (8 + fieldWidth))
      }
    }
    return entries
  }

  /// False unless the symbols use up all words and every state ends where it began.
  func decode(_ words: Bytes, _ states: [UInt32], into target: UnsafeMutableRawBufferPointer) -> Bool {
    switch self {
    case .narrow(let entries):
      entries.withUnsafeBufferPointer { entries in
        ANSDecoder.decode(words, states, into: target) { NarrowSlot(entries) }
      }
    case .wide(let entries, let bits):
      entries.withUnsafeBufferPointer { entries in
        ANSDecoder.decode(words, states, into: target) { WideSlot(entries, bits: bits) }
      }
    }
  }
}

/// Looks a state's slot up.
protocol SlotLookUp {
  /// The symbol, and the state before it.
  func step(_ state: inout UInt32) -> UInt8
}

/// With everything known beforehand, a step takes a third less than ``WideSlot``'s.
struct NarrowSlot: SlotLookUp {
  static let bits = 12
  static let fieldWidth = 12
  private let entries: UnsafePointer<UInt32>

  init?(_ entries: UnsafeBufferPointer<UInt32>) {
    guard let base = entries.baseAddress else { return nil }
    self.entries = base
  }

  @inline(__always)
  func step(_ state: inout UInt32) -> UInt8 {
    let entry = entries[Int(truncatingIfNeeded: state & 0xFFF)]
    state = (entry &>> 20) &* (state &>> 12) &+ (entry &>> 8 & 0xFFF)
    return UInt8(truncatingIfNeeded: entry)
  }
}

struct WideSlot: SlotLookUp {
  static let fieldWidth = 16
  private let entries: UnsafePointer<UInt64>
  private let bits: UInt32
  private let mask: UInt32

  init?(_ entries: UnsafeBufferPointer<UInt64>, bits: Int) {
    guard let base = entries.baseAddress else { return nil }
    self.entries = base
    self.bits = UInt32(bits)
    mask = 1 << UInt32(bits) - 1
  }

  @inline(__always)
  func step(_ state: inout UInt32) -> UInt8 {
    let entry = entries[Int(truncatingIfNeeded: state & mask)]
    state =
      UInt32(truncatingIfNeeded: entry &>> 24) &* (state &>> bits) &+ UInt32(truncatingIfNeeded: entry &>> 8 & 0xFFFF)
    return UInt8(truncatingIfNeeded: entry)
  }
}

/// Follows eight states.
enum ANSDecoder {
  @inline(__always)
  static func decode<Slots: SlotLookUp>(
    _ words: Bytes, _ states: [UInt32], into target: UnsafeMutableRawBufferPointer, _ slots: () -> Slots?
  ) -> Bool {
    words.withUnsafeBytes { words in
      guard let slots = slots(), let out = target.baseAddress else { return false }
      var states = states
      var position = 0
      var next = 0
      if let source = words.baseAddress {
        position = decodeFast(source, words.count, &next, &states, out, target.count, slots)
      }
      while position < target.count {
        let index = position & (ANSBlocks.stateCount - 1)
        out.storeBytes(of: slots.step(&states[index]), toByteOffset: position, as: UInt8.self)
        if states[index] < ANSBlocks.lowest {
          guard next + 2 <= words.count else { return false }
          states[index] =
            states[index] << 16
            | UInt32(UInt16(littleEndian: words.loadUnaligned(fromByteOffset: next, as: UInt16.self)))
          next += 2
          // A damaged state of zero stays too low.
          guard states[index] >= ANSBlocks.lowest else { return false }
        }
        position += 1
      }
      return next == words.count && states.allSatisfy { $0 == ANSBlocks.lowest }
    }
  }

  /// Decodes as long as eight symbols' words are surely there; returns how many symbols that were.
  @inline(__always)
  private static func decodeFast<Slots: SlotLookUp>(
    _ source: UnsafeRawPointer, _ byteCount: Int, _ next: inout Int, _ states: inout [UInt32],
    _ target: UnsafeMutableRawPointer, _ count: Int, _ slots: Slots
  ) -> Int {
    var (a, b, c, d) = (states[0], states[1], states[2], states[3])
    var (e, f, g, h) = (states[4], states[5], states[6], states[7])
    var words = source + next
    var out = target
    // Eight symbols take sixteen bytes at most, and two more are looked at.
    let wordsEnd = source + byteCount - 18
    let outEnd = target + count - 8
    while out <= outEnd && words <= wordsEnd {
      out.storeBytes(of: slots.step(&a), toByteOffset: 0, as: UInt8.self)
      out.storeBytes(of: slots.step(&b), toByteOffset: 1, as: UInt8.self)
      refill(&a, &words)
      refill(&b, &words)
      out.storeBytes(of: slots.step(&c), toByteOffset: 2, as: UInt8.self)
      out.storeBytes(of: slots.step(&d), toByteOffset: 3, as: UInt8.self)
      refill(&c, &words)
      refill(&d, &words)
      out.storeBytes(of: slots.step(&e), toByteOffset: 4, as: UInt8.self)
      out.storeBytes(of: slots.step(&f), toByteOffset: 5, as: UInt8.self)
      refill(&e, &words)
      refill(&f, &words)
      out.storeBytes(of: slots.step(&g), toByteOffset: 6, as: UInt8.self)
      out.storeBytes(of: slots.step(&h), toByteOffset: 7, as: UInt8.self)
      refill(&g, &words)
      refill(&h, &words)
      out += 8
    }
    states = [a, b, c, d, e, f, g, h]
    next = words - source
    return out - target
  }

  /// Takes a word where the state is low. Without a branch: whether it is, is as good as random.
  @inline(__always)
  private static func refill(_ state: inout UInt32, _ words: inout UnsafeRawPointer) {
    let word = UInt32(UInt16(littleEndian: words.loadUnaligned(as: UInt16.self)))
    let isLow: UInt32 = state < ANSBlocks.lowest ? 1 : 0
    let refilled = state &<< 16 | word
    state = isLow != 0 ? refilled : state
    words += Int(truncatingIfNeeded: isLow &<< 1)
  }
}
