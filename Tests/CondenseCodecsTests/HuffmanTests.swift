import CondenseTensors
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
      frequencies[Int.random(in: 0..<256, using: &generator)] = Int.random(in: 1...60, using: &generator)
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
    #expect(code.longest == CodeLengths.longestMade)
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
    var reader = ByteReader(Bytes(writer.bytes))
    #expect(try CodeLengths(from: &reader) == code, "seed \(seed)")
    #expect(reader.remaining == 0)
  }

  @Test("Symbols come back at every length around a cut", arguments: [1, 2, 3, 7, 1023, 1024, 1025, 1027, 4099])
  func symbols(count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count))
    for distinct in [1, 2, 5, 256] {
      let symbols = Bytes((0..<count).map { _ in UInt8(Int.random(in: 0..<distinct, using: &generator) / 2) })
      var writer = ByteWriter()
      SymbolStream.write(symbols, entropyCoded: true, to: &writer)
      var reader = ByteReader(Bytes(writer.bytes))
      #expect(try SymbolStream.read(count, from: &reader) == symbols)
      #expect(reader.remaining == 0)
      #expect(writer.bytes.count <= count + 1)
    }
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
}
