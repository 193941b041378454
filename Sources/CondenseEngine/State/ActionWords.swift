import CondenseStore

/// A set of actions by the leading words of their keys.
///
/// The words are as evenly spread as the digests that they are from, so they need no hashing, of which a `Set` would do
/// a good deal for the actions of ten thousand pipelines.
struct ActionWords {
  /// A table of a power of two, at most half of it taken: a word is at its own place or at the next free one. Zero is free.
  private var table: [UInt64]
  private var hasZero = false
  private(set) var count = 0

  /// - Parameter capacity: how many words there is room for from the start.
  init(capacity: Int = 0) { table = ActionWords.table(for: capacity) }

  func contains(_ word: UInt64) -> Bool { word == 0 ? hasZero : table[place(of: word)] == word }

  /// Adds a word; returns whether it is new.
  @discardableResult
  mutating func insert(_ word: UInt64) -> Bool {
    guard word != 0 else {
      defer { hasZero = true }
      if !hasZero { count += 1 }
      return !hasZero
    }
    if 2 * (count + 1) > table.count { grow() }
    let place = place(of: word)
    guard table[place] == 0 else { return false }
    table[place] = word
    count += 1
    return true
  }

  private mutating func grow() {
    let words = table
    table = ActionWords.table(for: 2 * (count + 1))
    for word in words where word != 0 { table[place(of: word)] = word }
  }

  /// Where a word is, or would be.
  private func place(of word: UInt64) -> Int {
    let mask = table.count - 1
    var place = Int(truncatingIfNeeded: word) & mask
    while table[place] != 0, table[place] != word { place = (place + 1) & mask }
    return place
  }

  private static func table(for count: Int) -> [UInt64] {
    var size = 64
    while size < 2 * count { size *= 2 }
    return Array(repeating: 0, count: size)
  }
}
