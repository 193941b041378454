/// A way to look symbols up in the 56 bits that a refill guarantees.
///
/// From one look-up to the next a processor waits for the entry and the shift: so a word's bits stand lowest in an entry,
/// where a shift takes them from, as only the lowest six bits of its distance count.
protocol SymbolLookUp {
  /// The most symbols of one look-up, and the bytes that it may write.
  var mostBytes: Int { get }
  var storedBytes: Int { get }
  /// Look-ups in 56 bits.
  var lookUps: Int { get }
  /// Writes what the highest bits stand for, and moves on.
  func step(_ bits: inout UInt64, _ target: inout UnsafeMutableRawPointer)
}

struct SeveralSymbols: SymbolLookUp {
  private let entries: UnsafePointer<UInt64>
  let mostBytes: Int
  var storedBytes: Int { 8 }
  var lookUps: Int { 5 }

  /// `entries` is never empty.
  init(_ entries: UnsafeBufferPointer<UInt64>, most: Int) {
    self.entries = entries.baseAddress.unsafelyUnwrapped
    mostBytes = most
  }

  @inline(__always)
  func step(_ bits: inout UInt64, _ target: inout UnsafeMutableRawPointer) {
    let entry = entries[Int(truncatingIfNeeded: bits &>> 53)]
    bits = bits &<< entry
    target.storeBytes(of: (entry &>> 8).littleEndian, as: UInt64.self)
    target += Int(truncatingIfNeeded: entry &>> 56)
  }
}

/// One symbol or two: where hardly ever more fit, smaller entries and narrower stores take less time.
struct TwoAtMost: SymbolLookUp {
  private let entries: UnsafePointer<UInt32>
  var mostBytes: Int { 2 }
  var storedBytes: Int { 2 }
  var lookUps: Int { 5 }

  /// `entries` is never empty.
  init(_ entries: UnsafeBufferPointer<UInt32>) { self.entries = entries.baseAddress.unsafelyUnwrapped }

  @inline(__always)
  func step(_ bits: inout UInt64, _ target: inout UnsafeMutableRawPointer) {
    let entry = entries[Int(truncatingIfNeeded: bits &>> 53)]
    bits = bits &<< UInt64(entry)
    target.storeBytes(of: UInt16(truncatingIfNeeded: entry &>> 16).littleEndian, as: UInt16.self)
    target += Int(truncatingIfNeeded: entry &>> 8 & 0xFF)
  }
}

/// One to three symbols, by more bits: for words of up to 12 bits, of which two hardly ever fit in these.
struct ThreeAtMost: SymbolLookUp {
  private let entries: UnsafePointer<UInt32>
  var mostBytes: Int { 3 }
  var storedBytes: Int { 4 }
  var lookUps: Int { 4 }

  /// `entries` is never empty.
  init(_ entries: UnsafeBufferPointer<UInt32>) { self.entries = entries.baseAddress.unsafelyUnwrapped }

  @inline(__always)
  func step(_ bits: inout UInt64, _ target: inout UnsafeMutableRawPointer) {
    let entry = entries[Int(truncatingIfNeeded: bits &>> 51)]
    bits = bits &<< UInt64(entry)
    target.storeBytes(of: (entry &>> 8).littleEndian, as: UInt32.self)
    target += Int(truncatingIfNeeded: entry &>> 6 & 3)
  }
}

/// Two symbols with a word each.
struct TwoSymbols: SymbolLookUp {
  private let entries: UnsafePointer<UInt32>
  var mostBytes: Int { 2 }
  var storedBytes: Int { 2 }
  var lookUps: Int { 5 }

  /// `entries` is never empty.
  init(_ entries: UnsafeBufferPointer<UInt32>) { self.entries = entries.baseAddress.unsafelyUnwrapped }

  @inline(__always)
  func step(_ bits: inout UInt64, _ target: inout UnsafeMutableRawPointer) {
    let entry = entries[Int(truncatingIfNeeded: bits &>> 53)]
    bits = bits &<< UInt64(entry)
    target.storeBytes(of: UInt16(truncatingIfNeeded: entry &>> 16).littleEndian, as: UInt16.self)
    target += 2
  }
}

/// How many bits index a table, known to the compiler.
protocol IndexWidth {
  static var count: UInt64 { get }
}

enum ElevenBits: IndexWidth {
  static var count: UInt64 { 11 }
}

enum TwelveBits: IndexWidth {
  static var count: UInt64 { 12 }
}

struct OneSymbol<Width: IndexWidth>: SymbolLookUp {
  private let entries: UnsafePointer<UInt16>
  var mostBytes: Int { 1 }
  var storedBytes: Int { 1 }
  var lookUps: Int { Int(56 / Width.count) }

  /// `entries` is never empty.
  init(_ entries: UnsafeBufferPointer<UInt16>) { self.entries = entries.baseAddress.unsafelyUnwrapped }

  @inline(__always)
  func step(_ bits: inout UInt64, _ target: inout UnsafeMutableRawPointer) {
    let entry = entries[Int(truncatingIfNeeded: bits &>> (64 - Width.count))]
    bits = bits &<< UInt64(entry)
    target.storeBytes(of: UInt8(truncatingIfNeeded: entry &>> 8), as: UInt8.self)
    target += 1
  }
}

/// Words of up to 15 bits, or a short stream's table.
struct OneLongSymbol: SymbolLookUp {
  private let entries: UnsafePointer<UInt16>
  private let shift: UInt64
  var mostBytes: Int { 1 }
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
    bits = bits &<< UInt64(entry)
    target.storeBytes(of: UInt8(truncatingIfNeeded: entry &>> 8), as: UInt8.self)
    target += 1
  }
}
