import CondenseTensors

/// For every possible next bits the symbol that they begin with, and its length.
struct DecodingTable {
  /// Bits that index the table.
  private let width: UInt64
  /// Symbol in the high byte, length in the low one.
  private let entries: [UInt16]

  /// `code` must be complete, so that every index has an entry.
  init(_ code: CodeLengths) {
    let longest = code.longest
    width = UInt64(longest)
    var entries = [UInt16](repeating: 0, count: 1 << longest)
    for (symbol, (length, word)) in zip(code.lengths, code.words).enumerated() where length > 0 {
      let shift = longest - Int(length)
      let first = Int(word) << shift
      for index in first..<first + 1 << shift { entries[index] = UInt16(symbol) << 8 | UInt16(length) }
    }
    self.entries = entries
  }

  /// Decodes runs, four at a time where there are four; false where a run's symbols do not use up its bytes.
  func decode(_ runs: [HuffmanBlocks.Run]) -> Bool {
    entries.withUnsafeBufferPointer { entries in
      var cursors = runs.map { Cursor($0) }
      if cursors.count == 4 {
        decodeTogether(&cursors, entries)
      }
      return cursors.indices.allSatisfy { cursors[$0].finish(entries, width) }
    }
  }

  /// Follows four chains at once as long as all have eight bytes and four symbols to go.
  private func decodeTogether(_ cursors: inout [Cursor], _ entries: UnsafeBufferPointer<UInt16>) {
    var (a, b, c, d) = (cursors[0], cursors[1], cursors[2], cursors[3])
    let width = width
    while a.isRoomy && b.isRoomy && c.isRoomy && d.isRoomy {
      a.refill()
      b.refill()
      c.refill()
      d.refill()
      // After a refill there are at least 56 bits, and a word has at most 15 of them... so three are always there.
      for _ in 0..<3 {
        a.decodeOne(entries, width)
        b.decodeOne(entries, width)
        c.decodeOne(entries, width)
        d.decodeOne(entries, width)
      }
    }
    cursors = [a, b, c, d]
  }

  /// A place in a run: bits not yet used stand highest in `bits`.
  private struct Cursor {
    private let source: Bytes
    private let base: UnsafeRawPointer?
    private let end: Int
    private var next = 0
    private var bits: UInt64 = 0
    private var count: UInt64 = 0
    private let target: UnsafeMutableRawBufferPointer
    private var written = 0

    init(_ run: HuffmanBlocks.Run) {
      source = run.source
      // The bytes live as long as `source` does, which this holds.
      base = run.source.withUnsafeBytes { $0.baseAddress }
      end = run.source.count
      target = run.target
    }

    var isRoomy: Bool { next + 8 <= end && written + 3 <= target.count }

    /// Fills up to at least 56 bits. Needs eight bytes ahead.
    @inline(__always)
    mutating func refill() {
      guard let base else { return }
      let more = UInt64(bigEndian: base.loadUnaligned(fromByteOffset: next, as: UInt64.self))
      bits |= more >> count
      // Whole bytes that fitted; bits of a byte beyond them are read again next time, and or-ed onto themselves.
      let taken = (63 - count) >> 3
      next += Int(taken)
      count += taken << 3
    }

    @inline(__always)
    mutating func decodeOne(_ entries: UnsafeBufferPointer<UInt16>, _ width: UInt64) {
      let entry = entries[Int(bits >> (64 - width))]
      target[written] = UInt8(entry >> 8)
      written += 1
      let length = UInt64(entry & 0xFF)
      bits <<= length
      count -= length
    }

    /// Decodes the rest carefully; false unless the symbols end in the last byte and only zero bits follow.
    mutating func finish(_ entries: UnsafeBufferPointer<UInt16>, _ width: UInt64) -> Bool {
      // Bits beyond the count may hold parts of bytes that were not taken: start from a clean register.
      if count < 64 { bits = count == 0 ? 0 : (bits >> (64 - count)) << (64 - count) }
      while written < target.count {
        while count <= 56, next < end, let base {
          let byte = UInt64(base.load(fromByteOffset: next, as: UInt8.self))
          bits |= byte << (56 - count)
          count += 8
          next += 1
        }
        let entry = entries[Int(bits >> (64 - width))]
        let length = UInt64(entry & 0xFF)
        guard length <= count else { return false }
        target[written] = UInt8(entry >> 8)
        written += 1
        bits <<= length
        count -= length
      }
      return next == end && count < 8 && bits == 0
    }
  }
}
