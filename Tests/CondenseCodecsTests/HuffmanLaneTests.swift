import CondenseTensors
import TestSupport
import Testing

@testable import CondenseCodecs

/// Streams long enough for several blocks to be decoded together.
@Suite("Huffman codes of long streams")
struct HuffmanLaneTests {
  enum Kind: CaseIterable {
    case ones11, ones12, twoAtMost, threeAtMost, several, pairs

    var lengths: [UInt8] {
      switch self {
      case .ones11: [7, 7, 7, 7] + Array(repeating: 8, count: 247) + [9, 10, 11, 11]
      case .ones12: [7, 7, 7, 7] + Array(repeating: 8, count: 247) + [9, 10, 11, 12, 12]
      case .twoAtMost: Array(repeating: 5, count: 31) + [6, 7, 8, 9, 10, 11, 11]
      case .threeAtMost: Array(repeating: 5, count: 31) + [6, 7, 8, 9, 10, 11, 12, 12]
      case .several: Array(1...11) + [11]
      case .pairs: Array(repeating: 8, count: 256)
      }
    }
  }

  private static let blocks = 7

  /// As many symbols as make whole groups of blocks, blocks that are left over, and one that is not whole.
  private static func coded(_ kind: Kind, using generator: inout SeededGenerator) -> (
    symbols: Bytes, code: CodeLengths, pairs: SymbolPairs?, bytes: Bytes
  ) {
    let code = CodeLengths(lengths: kind.lengths)
    let pairs = kind == .pairs ? SymbolPairs(first: 3) : nil
    let distinct = kind == .pairs ? 16 : kind.lengths.count
    let some = (0..<40_009).map { _ in UInt8(Int.random(in: 0..<distinct, using: &generator) + (pairs == nil ? 0 : 3)) }
    let count = (blocks * HuffmanBlocks.blockSize + 12_345) * (pairs == nil ? 1 : 2) - 1
    let symbols = repeated(some, count: count)
    var writer = ByteWriter()
    HuffmanBlocks.write(SymbolPlane(symbols), code: code, pairs: pairs, to: &writer)
    return (symbols, code, pairs, writer.finish())
  }

  /// The same symbol by symbol, with a look at the ends at each; nil where that finds damage.
  private static func readCarefully(
    _ count: Int, _ code: CodeLengths, _ pairs: SymbolPairs?, _ bytes: Bytes
  ) -> Bytes? {
    let each = pairs == nil ? 1 : 2
    let wordCount = pairs == nil ? count : SymbolPairs.count(count)
    let careful = CarefulTable(code, pairs: pairs)
    var reader = ByteReader(bytes)
    var isSound = true
    let symbols = Bytes(count: wordCount * each) { target in
      target.initializeMemory(as: UInt8.self, repeating: 0)
      var start = 0
      while start < wordCount && isSound {
        let runs = try? HuffmanBlocks.Run.block(&start, of: wordCount, each: each, from: &reader, target)
        isSound = runs?.allSatisfy { RunCursor($0).map { careful.finish($0) } ?? false } ?? false
      }
    }
    return isSound ? symbols[0..<count] : nil
  }

  @Test(
    "Symbols come back, and damage is refused, or gives the other symbols that it stands for", arguments: Kind.allCases)
  func longStreams(kind: Kind) throws {
    var generator = SeededGenerator(seed: 7)
    let (symbols, code, pairs, coded) = Self.coded(kind, using: &generator)
    #expect(code.isComplete)
    try onEveryProcessor { () throws in
      var reader = ByteReader(coded)
      #expect(try HuffmanBlocks.read(symbols.count, code: code, pairs: pairs, from: &reader) == symbols)
      #expect(reader.remaining == 0)
    }
    for _ in 0..<3 {
      var damaged = coded.array
      for _ in 0..<Int.random(in: 1...2, using: &generator) {
        damaged[Int.random(in: 0..<damaged.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      }
      let careful = Self.readCarefully(symbols.count, code, pairs, Bytes(damaged))
      let cut = coded[0..<Int.random(in: 0..<coded.count, using: &generator)]
      onEveryProcessor {
        var reader = ByteReader(Bytes(damaged))
        #expect((try? HuffmanBlocks.read(symbols.count, code: code, pairs: pairs, from: &reader)) == careful)
        reader = ByteReader(cut)
        #expect(throws: DecodingError.self) {
          try HuffmanBlocks.read(symbols.count, code: code, pairs: pairs, from: &reader)
        }
      }
    }
  }

  @Test("A run in the midst that has hardly any bytes is refused", arguments: Kind.allCases)
  func shortRun(kind: Kind) throws {
    var generator = SeededGenerator(seed: 8)
    let (symbols, code, pairs, coded) = Self.coded(kind, using: &generator)
    var reader = ByteReader(coded)
    var first: [Int] = []
    for _ in 0..<4 { first.append(try reader.number("a run's length")) }
    // The second run's bytes go to the third: sizes still add up.
    for left in [0, 1, 7, 8, 15] {
      var writer = ByteWriter()
      for size in [first[0], left, first[2] + first[1] - left, first[3]] { writer.number(size) }
      writer.append(coded[reader.offset..<coded.count])
      var damaged = ByteReader(writer.finish())
      #expect(throws: DecodingError.self) {
        try HuffmanBlocks.read(symbols.count, code: code, pairs: pairs, from: &damaged)
      }
    }
  }

  @Test("Tables are what the cases are called")
  func tables() {
    for kind in Kind.allCases where kind != .pairs {
      let table = DecodingTable(CodeLengths(lengths: kind.lengths), symbolCount: 1 << 21)
      let found: Kind? =
        switch table {
        case .one(_, width: 11): .ones11
        case .one(_, width: 12): .ones12
        case .twoAtMost: .twoAtMost
        case .threeAtMost: .threeAtMost
        case .several: .several
        default: nil
        }
      #expect(found == kind)
    }
  }
}
