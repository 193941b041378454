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
  private var next: UnsafePointer<UInt8>
  private var bits: UInt64
  private var target: UnsafeMutableRawPointer

  private static let wordSize = 8

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
    next = base
    bits = run.source.count < RunCursor.wordSize ? 1 : RunCursor.word(base)
    self.target = target
    targetEnd = target + run.target.count
  }

  /// Eight bytes, the first highest, with the sentinel in place of the last bit: 63 bits are there.
  @inline(__always)
  private static func word(_ source: UnsafePointer<UInt8>) -> UInt64 {
    UInt64(bigEndian: UnsafeRawPointer(source).loadUnaligned(as: UInt64.self)) | 1
  }

  /// At least 56 bits, wherever the last refill ended. Needs eight bytes from where the bits are.
  @inline(__always)
  private mutating func refill() {
    let used = bits.trailingZeroBitCount
    next += used &>> 3
    bits = RunCursor.word(next) &<< UInt64(truncatingIfNeeded: used & 7)
  }

  /// How many rounds of a refill and its look-ups are safe: in one, at most seven bytes are used up.
  @inline(__always)
  private func rounds(_ table: some SymbolLookUp) -> Int {
    let input = (end - next - RunCursor.wordSize) / 7
    let output = (targetEnd - target - table.storedBytes) / (table.lookUps * table.mostSymbols)
    return min(input, output)
  }

  /// Decodes as far as is safe without looking at the ends: four runs side by side, so that the processor has four
  /// chains to follow, then each alone.
  @inline(__always)
  static func advance<Table: SymbolLookUp>(_ cursors: inout [RunCursor], _ table: Table) {
    if cursors.count == 4 {
      var (a, b, c, d) = (cursors[0], cursors[1], cursors[2], cursors[3])
      while true {
        let rounds = min(min(a.rounds(table), b.rounds(table)), min(c.rounds(table), d.rounds(table)))
        guard rounds > 0 else { break }
        for _ in 0..<rounds {
          a.refill()
          b.refill()
          c.refill()
          d.refill()
          for _ in 0..<table.lookUps {
            table.step(&a.bits, &a.target)
            table.step(&b.bits, &b.target)
            table.step(&c.bits, &c.target)
            table.step(&d.bits, &d.target)
          }
        }
      }
      cursors = [a, b, c, d]
    }
    for index in cursors.indices {
      var cursor = cursors[index]
      while true {
        let rounds = cursor.rounds(table)
        guard rounds > 0 else { break }
        for _ in 0..<rounds {
          cursor.refill()
          for _ in 0..<table.lookUps { table.step(&cursor.bits, &cursor.target) }
        }
      }
      cursors[index] = cursor
    }
  }
}

// What is left to do with care.
extension RunCursor {
  var byteCount: Int { end - start }
  var symbolsLeft: Int { targetEnd - target }

  /// Bits used so far.
  var position: Int { (next - start) * 8 + bits.trailingZeroBitCount }

  /// At most 15 bits from a position on; zeros past the end.
  func bits(at position: Int, count: Int) -> Int {
    var window = 0
    for index in position / 8..<position / 8 + 3 {
      window = window << 8 | (index < byteCount ? Int(start[index]) : 0)
    }
    return window >> (24 - position % 8 - count) & (1 << count - 1)
  }

  mutating func append(_ symbol: UInt8) {
    target.storeBytes(of: symbol, as: UInt8.self)
    target += 1
  }
}
