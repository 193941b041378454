import CCoders
import CondenseTensors

/// A place in a run of coded symbols, and in what it decodes to.
///
/// The next bits stand highest in `bits`. A one below all of them, moved along with them, tells how many have been used:
/// so no step has to count (the sentinel of zstd's huff0, Yann Collet).
struct RunCursor {
  private let source: Bytes
  private let start: UnsafePointer<UInt8>
  private let end: UnsafePointer<UInt8>
  private let targetEnd: UnsafeMutableRawPointer
  private var place: Place

  private static let wordSize = 8

  /// What changes from step to step, and nothing else: four of these stay in registers.
  private struct Place {
    var next: UnsafePointer<UInt8>
    var bits: UInt64
    var target: UnsafeMutableRawPointer

    /// Eight bytes, the first highest, with the sentinel in place of the last bit: 63 bits are there.
    @inline(__always)
    static func word(_ source: UnsafePointer<UInt8>) -> UInt64 {
      UInt64(bigEndian: UnsafeRawPointer(source).loadUnaligned(as: UInt64.self)) | 1
    }

    /// At least 56 bits, wherever the last refill ended. Needs eight bytes from where the bits are.
    @inline(__always)
    mutating func refill() {
      // There is always a bit set; that the processor need not be asked for the case without, the compiler is told here.
      let used = (bits | 1 << 63).trailingZeroBitCount
      next += used &>> 3
      bits = Place.word(next) &<< UInt64(truncatingIfNeeded: used & 7)
    }

    @inline(__always)
    mutating func step(_ table: some SymbolLookUp) { table.step(&bits, &target) }
  }

  /// Nil for a run of no bytes or no symbols.
  init?(_ run: HuffmanBlocks.Run) {
    // The bytes live as long as `source` does, which this holds.
    source = run.source
    guard let memory = run.source.withUnsafeBytes({ $0.isEmpty ? nil : $0.baseAddress }),
      let target = run.target.baseAddress, !run.target.isEmpty
    else { return nil }
    let base = memory.assumingMemoryBound(to: UInt8.self)
    start = base
    end = base + run.source.count
    place = Place(next: base, bits: run.source.count < RunCursor.wordSize ? 1 : Place.word(base), target: target)
    targetEnd = target + run.target.count
  }

  /// How many rounds of a refill and its look-ups are safe: in one, at most seven bytes are used up.
  @inline(__always)
  private func rounds(from place: Place, _ table: some SymbolLookUp) -> Int {
    let input = (end - place.next - RunCursor.wordSize) / 7
    let output = (targetEnd - place.target - table.storedBytes) / (table.lookUps * table.mostBytes)
    return min(input, output)
  }

  /// The same from where this stands.
  func rounds(_ table: some SymbolLookUp) -> Int { rounds(from: place, table) }

  /// The place, as the loops for more than four runs have it.
  var lanePlace: ccoders_huffman_place {
    get {
      ccoders_huffman_place(
        next: place.next, bits: place.bits, target: place.target.assumingMemoryBound(to: UInt8.self))
    }
    set { place = Place(next: newValue.next, bits: newValue.bits, target: UnsafeMutableRawPointer(newValue.target)) }
  }

  /// Decodes as far as is safe without looking at the ends: four runs side by side, so that the processor has four
  /// chains to follow, then each alone.
  @inline(__always)
  static func advance<Table: SymbolLookUp>(_ cursors: inout [RunCursor], _ table: Table) {
    if cursors.count == 4 {
      let (one, two, three, four) = (cursors[0], cursors[1], cursors[2], cursors[3])
      var (a, b, c, d) = (one.place, two.place, three.place, four.place)
      while true {
        let rounds = min(
          min(one.rounds(from: a, table), two.rounds(from: b, table)),
          min(three.rounds(from: c, table), four.rounds(from: d, table)))
        guard rounds > 0 else { break }
        for _ in 0..<rounds {
          a.refill()
          b.refill()
          c.refill()
          d.refill()
          for _ in 0..<table.lookUps {
            a.step(table)
            b.step(table)
            c.step(table)
            d.step(table)
          }
        }
      }
      (cursors[0].place, cursors[1].place, cursors[2].place, cursors[3].place) = (a, b, c, d)
    }
    for index in cursors.indices {
      let cursor = cursors[index]
      var place = cursor.place
      while true {
        let rounds = cursor.rounds(from: place, table)
        guard rounds > 0 else { break }
        for _ in 0..<rounds {
          place.refill()
          for _ in 0..<table.lookUps { place.step(table) }
        }
      }
      cursors[index].place = place
    }
  }
}

// What is left to do with care.
extension RunCursor {
  var byteCount: Int { end - start }
  var isFull: Bool { place.target == targetEnd }

  /// Bits used so far.
  var position: Int { (place.next - start) * 8 + place.bits.trailingZeroBitCount }

  /// At most 15 bits from a position on; zeros past the end.
  func bits(at position: Int, count: Int) -> Int {
    var window = 0
    for index in position / 8..<position / 8 + 3 {
      window = window << 8 | (index < byteCount ? Int(start[index]) : 0)
    }
    return window >> (24 - position % 8 - count) & (1 << count - 1)
  }

  mutating func append(_ symbol: UInt8) {
    place.target.storeBytes(of: symbol, as: UInt8.self)
    place.target += 1
  }

  /// Needs room for two.
  mutating func append(two symbols: UInt16) {
    place.target.storeBytes(of: symbols.littleEndian, as: UInt16.self)
    place.target += 2
  }
}
