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

  static func write(_ symbols: SymbolPlane, code: CodeLengths, to writer: inout ByteWriter) {
    let table = EncodingTable(code, symbolCount: symbols.count)
    let longestRun = runs(min(symbols.count, blockSize))[0]
    let scratch = SymbolPlane.Scratch(count: longestRun)
    var start = 0
    while start < symbols.count {
      let counts = runs(min(blockSize, symbols.count - start))
      // Sizes come first but are known last: runs are written behind room for sizes of three bytes, which is what long
      // runs have, and moved where that was not so.
      let room = 3 * counts.count
      writer.append(capacity: room + counts.count * EncodingTable.capacity(longestRun)) { target in
        guard let base = target.baseAddress else { return 0 }
        var sizes = ByteWriter()
        var end = room
        for count in counts {
          let size = symbols.withSymbols(start..<start + count, scratch) { table.encode($0, into: base + end) }
          sizes.number(size)
          end += size
          start += count
        }
        if sizes.count != room { (base + sizes.count).copyMemory(from: base + room, byteCount: end - room) }
        sizes.withWritten { target.copyMemory(from: $0) }
        return sizes.count + end - room
      }
    }
  }

  static func read(
    _ count: Int, code: CodeLengths, from reader: inout ByteReader
  ) throws(DecodingError) -> Bytes {
    // Each symbol takes a bit at least, so a small stream cannot ask for much memory.
    guard count / 8 <= reader.remaining else { throw reader.error("\(count) symbols cannot be in what is left") }
    var local = reader
    let symbols = try Bytes(count: count) { (target: UnsafeMutableRawBufferPointer) throws(DecodingError) in
      try read(code: code, from: &local, into: target)
    }
    reader = local
    return symbols
  }

  /// Fills `target` with symbols.
  static func read(
    code: CodeLengths, from reader: inout ByteReader, into target: UnsafeMutableRawBufferPointer
  ) throws(DecodingError) {
    let table = DecodingTable(code, symbolCount: target.count)
    let careful = CarefulTable(code)
    var start = 0
    while start < target.count {
      let counts = runs(min(blockSize, target.count - start))
      var sizes: [Int] = []
      for _ in counts { sizes.append(try reader.number("a run's length")) }
      var runs: [Run] = []
      for (count, size) in zip(counts, sizes) {
        runs.append(
          Run(
            source: try reader.take(size),
            target: UnsafeMutableRawBufferPointer(rebasing: target[start..<start + count])))
        start += count
      }
      guard table.decode(runs, carefully: careful) else {
        throw reader.error("a run of symbols is longer or shorter than its bits")
      }
    }
  }

  /// A run's coded bytes and where its symbols go.
  struct Run {
    var source: Bytes
    var target: UnsafeMutableRawBufferPointer
  }
}
