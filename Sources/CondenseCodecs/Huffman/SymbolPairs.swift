import CondenseTensors

/// Every two symbols taken for one, where there are at most 16: a word of whole bits for two of them wastes half as much
/// as two words, and a decoder gets two symbols at a look-up.
///
/// A pair is `(a − first) + 16 × (b − first)`, a being the first of the two.
struct SymbolPairs: Equatable {
  /// The smallest symbol.
  let first: UInt8

  /// How many symbols there can be from the first to the last.
  static let span = 16
  /// Below this, the larger code costs more than it saves.
  static let leastCount = 1 << 13

  init(first: UInt8) { self.first = first }

  /// Nil where symbols are too far apart, or too few for it to pay off.
  init?(frequencies: [Int]) {
    guard let first = frequencies.firstIndex(where: { $0 > 0 }), let last = frequencies.lastIndex(where: { $0 > 0 }),
      last - first < SymbolPairs.span, frequencies.reduce(0, +) >= SymbolPairs.leastCount
    else { return nil }
    self.first = UInt8(first)
  }

  /// How many pairs so many symbols make; the last of them may stand for one.
  static func count(_ symbolCount: Int) -> Int { (symbolCount + 1) / 2 }

  /// How often pairs occur if symbols do not depend on each other; at least once, as any two may follow each other.
  ///
  /// That is good enough in any case: a pair's word gets about as long as its symbols' words would be, and no pass over
  /// the symbols is needed.
  func frequencies(_ symbols: [Int]) -> [Int] {
    let total = 2 * symbols.reduce(0, +)
    var pairs = [Int](repeating: 0, count: SymbolPairs.span * SymbolPairs.span)
    let used = symbols[Int(first)..<min(256, Int(first) + SymbolPairs.span)]
    for (b, ofB) in used.enumerated() where ofB > 0 {
      for (a, ofA) in used.enumerated() where ofA > 0 {
        let (high, low) = ofA.multipliedFullWidth(by: ofB)
        pairs[a + SymbolPairs.span * b] = max(1, total.dividingFullWidth((high, low)).quotient)
      }
    }
    return pairs
  }

  /// A pair's symbols, the first in the lower byte.
  func symbols(_ pair: UInt8) -> UInt16 {
    UInt16(first &+ pair & 0x0F) | UInt16(first &+ pair >> 4) << 8
  }

  func pair(_ a: UInt8, _ b: UInt8) -> UInt8 { a &- first | (b &- first) << 4 }
}
