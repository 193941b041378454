import CondenseTensors

/// For every possible next bits the symbols that they begin with, and how many bits those take.
///
/// Three kinds: with words of at most 11 bits, entries of several symbols where several tend to fit, else of one; with
/// longer words, entries of one symbol at the longest word's width.
enum DecodingTable {
  /// Up to six symbols, the first lowest; in bits 48 to 55 how many; in the highest byte their bits.
  case several([UInt64], most: Int)
  /// The symbol in the high byte, its bits in the low one. Indexed by so many bits.
  case one([UInt16], width: UInt64)

  /// Bits that index a table that stays in the first-level cache whole.
  static let width = 11
  private static let mostSymbols = 6

  /// `code` must be complete, so that every index has an entry. For a few symbols the simplest table will do.
  init(_ code: CodeLengths, symbolCount: Int) {
    let longest = code.longest
    let width = longest <= DecodingTable.width && symbolCount >= 4096 ? DecodingTable.width : longest
    let entries = DecodingTable.singles(code, width: width)
    self = .one(entries, width: UInt64(width))
    guard width == DecodingTable.width && longest <= width else { return }
    let (several, most, symbols) = DecodingTable.several(entries)
    // Below this the wider stores and the larger table cost more than they save.
    if symbols * 5 >= several.count * 7 { self = .several(several, most: most) }
  }

  /// One symbol for each index of `width` bits.
  static func singles(_ code: CodeLengths, width: Int) -> [UInt16] {
    var entries = [UInt16](repeating: 0, count: 1 << width)
    for (symbol, (length, word)) in zip(code.lengths, code.words).enumerated() where length > 0 {
      let shift = width - Int(length)
      let first = Int(word) << shift
      for index in first..<first + 1 << shift { entries[index] = UInt16(symbol) << 8 | UInt16(length) }
    }
    return entries
  }

  private static func several(_ singles: [UInt16]) -> (entries: [UInt64], most: Int, symbols: Int) {
    var entries = [UInt64](repeating: 0, count: singles.count)
    var most = 1
    var symbols = 0
    for index in singles.indices {
      var entry: UInt64 = 0
      var used = 0
      var count = 0
      while count < mostSymbols {
        let single = singles[index << used & (singles.count - 1)]
        let length = Int(single & 0xFF)
        guard used + length <= width else { break }
        entry |= UInt64(single >> 8) << UInt64(8 * count)
        used += length
        count += 1
      }
      entries[index] = entry | UInt64(count) << 48 | UInt64(used) << 56
      most = max(most, count)
      symbols += count
    }
    return (entries, most, symbols)
  }

  /// Decodes runs, four at a time where there are four; false where a run's symbols do not use up its bytes.
  func decode(_ runs: [HuffmanBlocks.Run], carefully singles: CarefulTable) -> Bool {
    var cursors = runs.compactMap { RunCursor($0) }
    guard cursors.count == runs.count else { return false }
    switch self {
    case .several(let entries, let most):
      entries.withUnsafeBufferPointer { RunCursor.advance(&cursors, SeveralSymbols($0, most: most)) }
    case .one(let entries, let width):
      entries.withUnsafeBufferPointer { entries in
        if width == DecodingTable.width {
          RunCursor.advance(&cursors, OneSymbol(entries))
        } else {
          RunCursor.advance(&cursors, OneLongSymbol(entries, width: width))
        }
      }
    }
    return cursors.allSatisfy { singles.finish($0) }
  }
}

/// A way to look symbols up in the 56 bits that a refill guarantees.
protocol SymbolLookUp {
  /// The most symbols of one look-up, and the bytes that it may write.
  var mostSymbols: Int { get }
  var storedBytes: Int { get }
  /// Look-ups in 56 bits.
  var lookUps: Int { get }
  /// Writes what the highest bits stand for, and moves on.
  func step(_ bits: inout UInt64, _ target: inout UnsafeMutableRawPointer)
}

struct SeveralSymbols: SymbolLookUp {
  private let entries: UnsafePointer<UInt64>
  let mostSymbols: Int
  var storedBytes: Int { 8 }
  var lookUps: Int { 5 }

  /// `entries` is never empty.
  init(_ entries: UnsafeBufferPointer<UInt64>, most: Int) {
    self.entries = entries.baseAddress.unsafelyUnwrapped
    mostSymbols = most
  }

  @inline(__always)
  func step(_ bits: inout UInt64, _ target: inout UnsafeMutableRawPointer) {
    let entry = entries[Int(truncatingIfNeeded: bits &>> 53)]
    target.storeBytes(of: entry.littleEndian, as: UInt64.self)
    target += Int(truncatingIfNeeded: entry &>> 48 & 0xFF)
    bits = bits &<< (entry &>> 56)
  }
}

struct OneSymbol: SymbolLookUp {
  private let entries: UnsafePointer<UInt16>
  var mostSymbols: Int { 1 }
  var storedBytes: Int { 1 }
  var lookUps: Int { 5 }

  /// `entries` is never empty.
  init(_ entries: UnsafeBufferPointer<UInt16>) { self.entries = entries.baseAddress.unsafelyUnwrapped }

  @inline(__always)
  func step(_ bits: inout UInt64, _ target: inout UnsafeMutableRawPointer) {
    let entry = entries[Int(truncatingIfNeeded: bits &>> 53)]
    target.storeBytes(of: UInt8(truncatingIfNeeded: entry &>> 8), as: UInt8.self)
    target += 1
    bits = bits &<< UInt64(entry & 0xFF)
  }
}

/// Words of up to 15 bits, or a short stream's table.
struct OneLongSymbol: SymbolLookUp {
  private let entries: UnsafePointer<UInt16>
  private let shift: UInt64
  var mostSymbols: Int { 1 }
  var storedBytes: Int { 1 }
  var lookUps: Int { 3 }

  /// `entries` is never empty.
  init(_ entries: UnsafeBufferPointer<UInt16>, width: UInt64) {
    self.entries = entries.baseAddress.unsafelyUnwrapped
    shift = 64 - width
  }

  @inline(__always)
  func step(_ bits: inout UInt64, _ target: inout UnsafeMutableRawPointer) {
    let entry = entries[Int(truncatingIfNeeded: bits &>> shift)]
    target.storeBytes(of: UInt8(truncatingIfNeeded: entry &>> 8), as: UInt8.self)
    target += 1
    bits = bits &<< UInt64(entry & 0xFF)
  }
}

/// Decodes the last symbols of a run bit by bit of care.
struct CarefulTable {
  private let entries: [UInt16]
  private let width: Int

  init(_ code: CodeLengths) {
    width = code.longest
    entries = DecodingTable.singles(code, width: width)
  }

  /// False unless the symbols end in the last byte and only zero bits follow.
  func finish(_ cursor: RunCursor) -> Bool {
    var cursor = cursor
    var position = cursor.position
    let end = cursor.byteCount * 8
    while cursor.symbolsLeft > 0 {
      let entry = entries[cursor.bits(at: position, count: width)]
      position += Int(entry & 0xFF)
      guard position <= end else { return false }
      cursor.append(UInt8(truncatingIfNeeded: entry >> 8))
    }
    return end - position < 8 && cursor.bits(at: position, count: end - position) == 0
  }
}
