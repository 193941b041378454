import CondenseTensors

/// Symbols, or pairs of them, coded with one Huffman code, in blocks of at most 2^18 words.
///
/// A block's words are cut into four runs, coded apart, so that a decoder has four independent chains to follow at
/// once; a small block is one run. Each run starts on a byte; its bits stand first bit highest.
enum HuffmanBlocks {
  static let blockSize = 1 << 18
  /// Blocks below this are not cut: the run lengths would cost more than they help.
  static let smallestCut = 1024

  /// How many words each run of a block has.
  static func runs(_ count: Int) -> [Int] {
    guard count >= smallestCut else { return [count] }
    let run = (count + 3) / 4
    return [run, run, run, count - 3 * run]
  }

  /// Room that writing so many symbols takes at most beyond what they come to: without it, memory is grown at the end.
  static func room(_ symbolCount: Int) -> Int {
    4 * EncodingTable.capacity(min(symbolCount, 2 * blockSize) / 4 + 2) + 12
  }

  static func write(
    _ symbols: SymbolPlane, code: CodeLengths, pairs: SymbolPairs? = nil, to writer: inout ByteWriter
  ) {
    let table = EncodingTable(code, symbolCount: symbols.count, pairs: pairs)
    let each = pairs == nil ? 1 : 2
    let wordCount = pairs == nil ? symbols.count : SymbolPairs.count(symbols.count)
    let longestRun = runs(min(wordCount, blockSize))[0] * each
    let scratch = SymbolPlane.Scratch(count: longestRun)
    var start = 0
    while start < symbols.count {
      let counts = runs(min(blockSize, wordCount - start / each))
      // Sizes come first but are known last: runs are written behind room for sizes of three bytes, which is what long
      // runs have, and moved where that was not so.
      let room = 3 * counts.count
      writer.append(capacity: room + counts.count * EncodingTable.capacity(longestRun)) { target in
        guard let base = target.baseAddress else { return 0 }
        var sizes = ByteWriter()
        var end = room
        for count in counts {
          let next = min(start + count * each, symbols.count)
          let size = symbols.withSymbols(start..<next, scratch) { table.encode($0, into: base + end) }
          sizes.number(size)
          end += size
          start = next
        }
        if sizes.count != room { (base + sizes.count).copyMemory(from: base + room, byteCount: end - room) }
        sizes.withWritten { target.copyMemory(from: $0) }
        return sizes.count + end - room
      }
    }
  }

  /// - Parameter pairs: what a word stands for, if for two symbols; then no word has more than 11 bits.
  static func read(
    _ count: Int, code: CodeLengths, pairs: SymbolPairs? = nil, from reader: inout ByteReader
  ) throws(DecodingError) -> Bytes {
    let each = pairs == nil ? 1 : 2
    let wordCount = pairs == nil ? count : SymbolPairs.count(count)
    // Each word takes a bit at least, so a small stream cannot ask for much memory.
    guard wordCount / 8 <= reader.remaining else { throw reader.error("\(count) symbols cannot be in what is left") }
    let table = DecodingTable(code, symbolCount: count, pairs: pairs)
    let careful = CarefulTable(code, pairs: pairs)
    var local = reader
    // An odd number of symbols leaves half a pair behind.
    let symbols = try Bytes(count: wordCount * each) { (target: UnsafeMutableRawBufferPointer) throws(DecodingError) in
      var start = 0
      while start < wordCount {
        let together = table.blocksTogether
        var runs: [Run] = []
        for _ in 0..<(wordCount - start >= together * blockSize ? together : 1) {
          runs += try Run.block(&start, of: wordCount, each: each, from: &local, target)
        }
        guard table.decode(runs, carefully: careful) else {
          throw local.error("a run of symbols is longer or shorter than its bits")
        }
      }
    }
    reader = local
    return symbols[0..<count]
  }

  /// A run's coded bytes and where its symbols go.
  struct Run {
    var source: Bytes
    var target: UnsafeMutableRawBufferPointer

    /// The runs of the block whose first word is `start`, which moves on to the next block's.
    static func block(
      _ start: inout Int, of wordCount: Int, each: Int, from reader: inout ByteReader,
      _ target: UnsafeMutableRawBufferPointer
    ) throws(DecodingError) -> [Run] {
      let counts = HuffmanBlocks.runs(min(blockSize, wordCount - start))
      var sizes: [Int] = []
      for _ in counts { sizes.append(try reader.number("a run's length")) }
      var runs: [Run] = []
      for (count, size) in zip(counts, sizes) {
        let range = start * each..<(start + count) * each
        runs.append(
          Run(source: try reader.take(size), target: UnsafeMutableRawBufferPointer(rebasing: target[range])))
        start += count
      }
      return runs
    }
  }
}
