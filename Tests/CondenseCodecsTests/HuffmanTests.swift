import CondenseTensors
import Foundation
import TestSupport
import Testing

@testable import CondenseCodecs

@Suite("Huffman codes")
struct HuffmanTests {
  /// The bits of the best code without a limit: Huffman's own construction, the slow and obvious way.
  private static func bestCost(_ frequencies: [Int]) -> Int {
    var nodes = frequencies.filter { $0 > 0 }
    var cost = 0
    while nodes.count > 1 {
      nodes.sort(by: >)
      let sum = nodes.removeLast() + nodes.removeLast()
      cost += sum
      nodes.append(sum)
    }
    return cost
  }

  @Test("A code is as short as can be where its words are within the limit", arguments: UInt64(1)...30)
  func optimal(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var frequencies = [Int](repeating: 0, count: 256)
    for _ in 0..<Int.random(in: 2...256, using: &generator) {
      frequencies[Int.random(in: 0..<256, using: &generator)] = Int.random(in: 1...15, using: &generator)
    }
    guard frequencies.count(where: { $0 > 0 }) > 1 else { return }
    let code = CodeLengths(frequencies: frequencies)
    #expect(code.isComplete)
    #expect(code.longest <= CodeLengths.longestMade)
    #expect(code.cost(frequencies) == Self.bestCost(frequencies), "seed \(seed)")
  }

  @Test("Frequencies like Fibonacci's numbers reach the limit and stay complete")
  func skewed() {
    var frequencies = [Int](repeating: 0, count: 256)
    var (a, b) = (1, 1)
    for symbol in 0..<40 {
      frequencies[symbol * 3] = a
      (a, b) = (b, a + b)
    }
    let code = CodeLengths(frequencies: frequencies)
    #expect(code.longest == CodeLengths.usualLongest)
    #expect(code.isComplete)
  }

  @Test("Words are prefix-free and canonical")
  func words() {
    // RFC 1951, section 3.2.2: lengths of A to H, and their words.
    let code = CodeLengths(lengths: [3, 3, 3, 3, 3, 2, 4, 4])
    #expect(code.words == [0b010, 0b011, 0b100, 0b101, 0b110, 0b00, 0b1110, 0b1111])
  }

  @Test("Lengths come back from how they are written", arguments: UInt64(1)...30)
  func writtenLengths(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var frequencies = [Int](repeating: 0, count: 256)
    for _ in 0..<Int.random(in: 2...300, using: &generator) {
      frequencies[Int.random(in: 0..<256, using: &generator)] += 1 << Int.random(in: 0..<20, using: &generator)
    }
    guard frequencies.count(where: { $0 > 0 }) > 1 else { return }
    let code = CodeLengths(frequencies: frequencies)
    var writer = ByteWriter()
    code.write(to: &writer)
    var reader = ByteReader(writer.finish())
    #expect(try CodeLengths(from: &reader) == code, "seed \(seed)")
    #expect(reader.remaining == 0)
  }

  @Test("Runs are the words one after the other, on every processor", arguments: UInt64(1)...20)
  func runs(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    // Pairs; symbols near each other, of which two are looked up at a time; and all others, with words of up to 12 bits.
    let kind = seed % 3
    let distinct = kind == 0 ? 16 : kind == 1 ? 30 : 256
    let least = kind == 2 ? 0 : UInt8.random(in: 0..<200, using: &generator)
    let count = Int.random(in: 1...9000, using: &generator)
    let symbols = (0..<count).map { _ in
      let bound = Int.random(in: 1...distinct, using: &generator)
      return least + UInt8(Int.random(in: 0..<Int.random(in: 1...bound, using: &generator), using: &generator))
    }
    let pairs = kind == 0 ? SymbolPairs(first: least) : nil
    var frequencies = Frequencies.bytes(Bytes(symbols))
    if let pairs {
      for symbol in 0..<16 { frequencies[Int(least) + symbol] += 1 }
      frequencies = pairs.frequencies(frequencies)
    } else {
      // Two symbols at least, and the rarest as rare as can be.
      frequencies[Int(least)] += 1 << 16
      frequencies[Int(least) + 1] += 1
    }
    let code = CodeLengths(frequencies: frequencies, longest: kind == 2 ? CodeLengths.longestMade : 11)
    var bits = BitWriter()
    func write(_ word: UInt8) { bits.write(UInt32(code.words[Int(word)]), count: Int(code.lengths[Int(word)])) }
    for position in stride(from: 0, to: count, by: pairs == nil ? 1 : 2) {
      if let pairs {
        write(pairs.pair(symbols[position], position + 1 < count ? symbols[position + 1] : least))
      } else {
        write(symbols[position])
      }
    }
    bits.finish()
    let table = EncodingTable(code, symbolCount: 1 << 20, pairs: pairs)
    onEveryProcessor {
      let run = [UInt8](unsafeUninitializedCapacity: EncodingTable.capacity(count)) { target, size in
        guard let base = target.baseAddress else { return }
        size = symbols.withUnsafeBufferPointer { table.encode($0, into: base) }
      }
      #expect(run == bits.bytes, "seed \(seed)")
    }
  }

  @Test("Symbols come back at every length around a cut", arguments: [1, 2, 3, 7, 1023, 1024, 1025, 1027, 4099])
  func symbols(count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count))
    for distinct in [1, 2, 5, 256] {
      let symbols = Bytes((0..<count).map { _ in UInt8(Int.random(in: 0..<distinct, using: &generator) / 2) })
      var writer = ByteWriter()
      SymbolStream.write(symbols, .huffman, to: &writer)
      let size = writer.count
      var reader = ByteReader(writer.finish())
      #expect(try SymbolStream.read(count, from: &reader) == symbols)
      #expect(reader.remaining == 0)
      #expect(size <= count + 1)
    }
  }

  /// Blocks written symbol by symbol, as the format says.
  private static func slowBlocks(_ symbols: [UInt8], _ code: CodeLengths) -> Bytes {
    var writer = ByteWriter()
    let words = code.words
    var start = 0
    while start < symbols.count {
      var runs: [[UInt8]] = []
      for count in HuffmanBlocks.runs(min(HuffmanBlocks.blockSize, symbols.count - start)) {
        var bits = BitWriter()
        for symbol in symbols[start..<start + count] {
          bits.write(UInt32(words[Int(symbol)]), count: Int(code.lengths[Int(symbol)]))
        }
        bits.finish()
        runs.append(bits.bytes)
        start += count
      }
      for run in runs { writer.number(run.count) }
      for run in runs { writer.append(run) }
    }
    return writer.finish()
  }

  /// Few symbols that are likely, many that are not; all occur.
  private static func skewed(_ count: Int, distinct: Int, using generator: inout SeededGenerator) -> [UInt8] {
    (0..<count).map { index in
      if index < distinct { return UInt8(index) }
      let bound = Int.random(in: 1...distinct, using: &generator)
      return UInt8(Int.random(in: 0..<bound, using: &generator) * Int.random(in: 0..<bound, using: &generator) / bound)
    }
  }

  @Test(
    "Fast loops write and read what slow ones do",
    arguments: [2, 3, 16, 32, 33, 64, 256], [900, 5000, 20_001])
  func fastLoops(distinct: Int, count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(distinct * count))
    let symbols = Self.skewed(count, distinct: distinct, using: &generator)
    let code = CodeLengths(frequencies: Frequencies.bytes(Bytes(symbols)))
    var writer = ByteWriter()
    HuffmanBlocks.write(SymbolPlane(Bytes(symbols)), code: code, to: &writer)
    let coded = writer.finish()
    #expect(coded == Self.slowBlocks(symbols, code))
    var reader = ByteReader(coded)
    #expect(try HuffmanBlocks.read(count, code: code, from: &reader) == Bytes(symbols))
  }

  @Test(
    "Words of pairs are what slow loops write, and give the symbols back",
    arguments: [2, 5, 16], [1, 2, 900, 901, 2047, 9000, 20_001])
  func pairs(distinct: Int, count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(distinct * count))
    let symbols = Self.skewed(count, distinct: distinct, using: &generator).map { $0 + 240 }
    let pairs = SymbolPairs(first: 240)
    var frequencies = [Int](repeating: 0, count: 256)
    for symbol in 240..<240 + distinct { frequencies[symbol] = 1 + symbols.count { Int($0) == symbol } }
    let code = CodeLengths(frequencies: pairs.frequencies(frequencies))
    var writer = ByteWriter()
    HuffmanBlocks.write(SymbolPlane(Bytes(symbols)), code: code, pairs: pairs, to: &writer)
    let coded = writer.finish()
    let paired = stride(from: 0, to: count, by: 2).map { index in
      symbols[index] - 240 + (index + 1 < count ? (symbols[index + 1] - 240) * 16 : 0)
    }
    #expect(coded == Self.slowBlocks(paired, code))
    var reader = ByteReader(coded)
    #expect(try HuffmanBlocks.read(count, code: code, pairs: pairs, from: &reader) == Bytes(symbols))
    #expect(reader.remaining == 0)
  }

  @Test("Longer words are made where they save enough")
  func longerWords() {
    // What is too rare to matter gets words that are as long as can be, but not longer.
    let uneven = (0..<256).map { $0 < 2 ? 1_000_000 : 1 }
    #expect(CodeLengths.made(uneven).longest <= CodeLengths.usualLongest)
    let bell = (0..<256).map { index in Int(1e6 * exp(-0.5 * Double((index - 128) * (index - 128)) / 625)) }
    let code = CodeLengths.made(bell)
    #expect(code.longest == CodeLengths.longestMade && code.isComplete)
    #expect(code.cost(bell) < CodeLengths(frequencies: bell).cost(bell) * 399 / 400)
  }

  @Test("Words longer than this encoder makes are read", arguments: [12, 13, 14, 15], [700, 9000])
  func longWords(longest: Int, count: Int) throws {
    // 1, 2, 3 … and two of the longest: complete, and as uneven as can be.
    let code = CodeLengths(lengths: (1...longest).map { UInt8($0) } + [UInt8(longest)])
    #expect(code.isComplete)
    var generator = SeededGenerator(seed: UInt64(longest * count))
    let symbols = Self.skewed(count, distinct: longest + 1, using: &generator)
    var reader = ByteReader(Self.slowBlocks(symbols, code))
    #expect(try HuffmanBlocks.read(count, code: code, from: &reader) == Bytes(symbols))
    #expect(reader.remaining == 0)
  }

  @Test("Runs that are cut short, too long or padded with ones are refused", arguments: [200, 5000, 20_000])
  func damagedRuns(count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count))
    let symbols = Self.skewed(count, distinct: 16, using: &generator)
    let code = CodeLengths(frequencies: Frequencies.bytes(Bytes(symbols)))
    let coded = Self.slowBlocks(symbols, code).array
    for asked in [count / 2, count * 2] {
      var reader = ByteReader(Bytes(coded))
      let read = try? HuffmanBlocks.read(asked, code: code, from: &reader)
      #expect(read == nil || reader.remaining > 0, "\(asked) symbols of \(count)")
    }
    for _ in 0..<200 {
      var damaged = coded
      damaged[Int.random(in: 0..<coded.count, using: &generator)] = .random(in: 0...255, using: &generator)
      var reader = ByteReader(Bytes(damaged))
      // Other symbols or an error; never a crash, never more than was asked for.
      if let read = try? HuffmanBlocks.read(count, code: code, from: &reader) { #expect(read.count == count) }
    }
  }

  @Test("Byte planes are picked and joined", arguments: [1, 2, 4, 8], [0, 1, 7, 2047, 5001])
  func planes(width: Int, count: Int) {
    var generator = SeededGenerator(seed: UInt64(width * 10_000 + count))
    let elements = (0..<count * width).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let planes = (0..<width).map { SymbolPlane(Bytes(elements), width: width, index: $0) }
    let frequencies = Frequencies.planes(of: Bytes(elements), width: width)
    for (index, plane) in planes.enumerated() {
      let slow = (0..<count).map { elements[$0 * width + index] }
      #expect(plane.symbols == Bytes(slow))
      #expect(frequencies[index] == slow.reduce(into: [Int](repeating: 0, count: 256)) { $0[Int($1)] += 1 })
    }
    #expect(SymbolPlane.joined(planes.map(\.symbols)) == Bytes(elements))
  }

  @Test("CRC-32 is zlib's")
  func checksum() {
    #expect(CRC32.checksum(Bytes("123456789".utf8)) == 0xCBF4_3926)
    #expect(CRC32.checksum(Bytes()) == 0)
    #expect(CRC32.checksum(Bytes("The quick brown fox jumps over the lazy dog".utf8)) == 0x414F_A339)
  }

  @Test("Gaps of any length come back", arguments: [0, 1, 254, 255, 256, 509, 510, 511, 1020])
  func gaps(gap: Int) throws {
    let count = gap + 3
    var bytes = [UInt8](repeating: 0, count: Bitmap.byteCount(count))
    for position in [gap, gap + 2] { bytes[position / 8] |= 1 << (position % 8) }
    let mask = Bytes(bytes)
    let gaps = GapList.gaps(of: mask, survivorCount: 2, elementCount: count)
    #expect(gaps.count == gap / 255 + 2)
    let back = try #require(GapList.mask(of: gaps, elementCount: count))
    #expect(back.mask == mask && back.count == 2)
    #expect(GapList.mask(of: gaps, elementCount: count - 1) == nil, "gaps past the end")
  }

  @Test(
    "Gaps and what a mask keeps are what slow loops find",
    arguments: [0, 0.003, 0.1, 0.2, 0.5, 1], [1, 63, 64, 65, 200, 6401])
  func masks(density: Double, count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count) + UInt64(density * 1000))
    let elements = (0..<count).map { _ in UInt16.random(in: 0...UInt16.max, using: &generator) }
    let isSet = (0..<count).map { _ in Double.random(in: 0..<1, using: &generator) < density }
    var bytes = [UInt8](repeating: 0, count: Bitmap.byteCount(count))
    var kept: [UInt16] = []
    var gaps: [UInt8] = []
    var next = 0
    for position in 0..<count where isSet[position] {
      bytes[position / 8] |= 1 << (position % 8)
      kept.append(elements[position])
      gaps += [UInt8](repeating: 255, count: (position - next) / 255) + [UInt8((position - next) % 255)]
      next = position + 1
    }
    let mask = Bytes(bytes)
    #expect(ElementLoops.kept(UInt16.self, Bytes(elements: elements), mask) == Bytes(elements: kept))
    #expect(GapList.gaps(of: mask, survivorCount: kept.count, elementCount: count) == Bytes(gaps))
  }

  @Test("Bytes are counted, in parts of small ones too", arguments: [0, 1, 5000, 1 << 14, 100_000])
  func counts(count: Int) {
    var generator = SeededGenerator(seed: UInt64(count))
    // Small symbols for the most part, and some parts with larger ones.
    let symbols = (0..<count).map { index in
      UInt8.random(in: 0...(index / (1 << 14) % 3 == 2 ? 255 : 31), using: &generator)
    }
    let slow = symbols.reduce(into: [Int](repeating: 0, count: 256)) { $0[Int($1)] += 1 }
    #expect(Frequencies.bytes(Bytes(symbols)) == slow)
  }
}
