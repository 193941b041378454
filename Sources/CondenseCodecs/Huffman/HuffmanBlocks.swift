import CondenseTensors

/// Symbols coded with one Huffman code, in blocks of at most 2^18 symbols.
///
/// A block's symbols are cut into four runs, coded apart, so that a decoder has four independent chains to follow at
/// once; a small block is one run. Each run starts on a byte; its bits stand first bit highest.
enum HuffmanBlocks {
  static let blockSize = 1 << 18
  /// Blocks below this are not cut: the run lengths would cost more than they help.
  static let smallestCut = 1024

  /// How many symbols each run of a block has.
  static func runs(_ count: Int) -> [Int] {
    guard count >= smallestCut else { return [count] }
    let run = (count + 3) / 4
    return [run, run, run, count - 3 * run]
  }

  static func write(_ symbols: Bytes, code: CodeLengths, to writer: inout ByteWriter) {
    let words = code.words
    // The word in the highest bits, its length in the lowest: one load gives both.
    let entries = (0..<256).map { symbol -> UInt32 in
      let length = symbol < code.lengths.count ? UInt32(code.lengths[symbol]) : 0
      return length == 0 ? 0 : UInt32(words[symbol]) << (32 - length) | length
    }
    var start = 0
    while start < symbols.count {
      let end = min(start + blockSize, symbols.count)
      var position = start
      let runs = runs(end - start).map { count in
        defer { position += count }
        return encode(symbols[position..<position + count], entries)
      }
      for run in runs.dropLast() { writer.number(run.count) }
      if let last = runs.last { writer.number(last.count) }
      for run in runs { writer.append(run) }
      start = end
    }
  }

  private static func encode(_ symbols: Bytes, _ entries: [UInt32]) -> Bytes {
    // A word has at most 15 bits; the last store may write past the end.
    Bytes(capacity: symbols.count * 2 + 16) { target in
      symbols.withUnsafeBytes { symbols in
        entries.withUnsafeBufferPointer { entries in
          var bits: UInt64 = 0
          var count: UInt64 = 0
          var written = 0
          for symbol in symbols {
            let entry = UInt64(entries[Int(symbol)])
            let length = entry & 0x1F
            bits |= ((entry & 0xFFFF_FFE0) << 32) >> count
            count += length
            if count >= 40 {
              target.storeBytes(of: bits.bigEndian, toByteOffset: written, as: UInt64.self)
              written += 5
              bits <<= 40
              count -= 40
            }
          }
          target.storeBytes(of: bits.bigEndian, toByteOffset: written, as: UInt64.self)
          return written + Int(count + 7) / 8
        }
      }
    }
  }

  static func read(
    _ count: Int, code: CodeLengths, from reader: inout ByteReader
  ) throws(DecodingError) -> Bytes {
    // Each symbol takes a bit at least, so a small stream cannot ask for much memory.
    guard count / 8 <= reader.remaining else { throw reader.error("\(count) symbols cannot be in what is left") }
    let table = DecodingTable(code)
    var local = reader
    let symbols = try Bytes(count: count) { (target: UnsafeMutableRawBufferPointer) throws(DecodingError) in
      var start = 0
      while start < count {
        let end = min(start + blockSize, count)
        let counts = runs(end - start)
        var sizes: [Int] = []
        for _ in counts { sizes.append(try local.number("a run's length")) }
        var runs: [Run] = []
        for (count, size) in zip(counts, sizes) {
          runs.append(
            Run(
              source: try local.take(size),
              target: UnsafeMutableRawBufferPointer(rebasing: target[start..<start + count])))
          start += count
        }
        guard table.decode(runs) else { throw local.error("a run of symbols is longer or shorter than its bits") }
      }
    }
    reader = local
    return symbols
  }

  /// A run's coded bytes and where its symbols go.
  struct Run {
    var source: Bytes
    var target: UnsafeMutableRawBufferPointer
  }
}
