import CondenseTensors
import Foundation
import TestSupport
import Testing

@testable import CondenseCodecs

@Suite("Asymmetric numeral systems")
struct ANSTests {
  private static func random(_ count: Int, _ distinct: Int, using generator: inout SeededGenerator) -> Bytes {
    Bytes(
      (0..<count).map { index in
        let bound = Int.random(in: 1...distinct, using: &generator)
        return index < 2 ? UInt8(index) : UInt8(Int.random(in: 0..<bound, using: &generator))
      })
  }

  @Test(
    "Symbols come back at every length around the states' turns", arguments: [2, 3, 7, 8, 9, 15, 16, 17, 1000, 4099],
    [2, 16, 256])
  func roundTrips(count: Int, distinct: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count * distinct))
    let symbols = Self.random(count, distinct, using: &generator)
    let frequencies = Frequencies.bytes(symbols)
    for bits in [8, SymbolShares.usualBits, SymbolShares.mostBits] {
      let shares = SymbolShares(frequencies: frequencies, bits: bits)
      #expect(shares.shares.reduce(0, +) == 1 << bits)
      var writer = ByteWriter()
      shares.write(to: &writer)
      WideANSBlocks.write(SymbolPlane(symbols), shares, to: &writer)
      writer.append(EarlierANS.block(symbols.array, shares: shares.shares, bits: shares.bits))
      var reader = ByteReader(writer.finish())
      #expect(try SymbolShares(from: &reader) == shares)
      #expect(try WideANSBlocks.read(count, shares, from: &reader) == symbols)
      #expect(try ANSBlocks.read(count, shares, from: &reader) == symbols)
      #expect(reader.remaining == 0)
    }
  }

  @Test("Pairs come back at every length around the states' turns", arguments: [1, 2, 3, 31, 32, 33, 34, 1001, 20_001])
  func pairs(count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count))
    let symbols = Bytes((0..<count).map { _ in UInt8(Int.random(in: 240...255, using: &generator)) })
    let pairs = SymbolPairs(first: 240)
    let shares = SymbolShares(
      frequencies: pairs.frequencies([Int](repeating: 0, count: 240) + [Int](repeating: 9, count: 16)),
      bits: SymbolShares.pairBits)
    var writer = ByteWriter()
    WideANSBlocks.write(SymbolPlane(symbols), shares, pairs: pairs, to: &writer)
    var reader = ByteReader(writer.finish())
    #expect(try WideANSBlocks.read(count, shares, pairs: pairs, from: &reader) == symbols)
    #expect(reader.remaining == 0)
  }

  @Test(
    "More symbols than a block holds come back, within a five-hundredth of their entropy", arguments: [16, 32, 256])
  func severalBlocks(distinct: Int) throws {
    var generator = SeededGenerator(seed: 9)
    let symbols = Self.random(WideANSBlocks.blockSize + 50_003, distinct, using: &generator)
    let frequencies = Frequencies.bytes(symbols)
    var writer = ByteWriter()
    SymbolStream.write(symbols, SymbolCoding(EntropyCoding(coder: .rans)), to: &writer)
    let entropy = frequencies.reduce(0.0) { sum, frequency in
      frequency == 0 ? sum : sum - Double(frequency) * log2(Double(frequency) / Double(symbols.count)) / 8
    }
    #expect(Double(writer.count) < entropy * 1.002)
    var reader = ByteReader(writer.finish())
    #expect(try SymbolStream.read(symbols.count, isExtended: true, from: &reader) == symbols)
  }

  /// The same step by step, with a look at the words at each; nil where that finds damage.
  private static func readCarefully(
    _ count: Int, _ shares: SymbolShares, _ pairs: SymbolPairs?, _ bytes: Bytes
  ) -> Bytes? {
    let slots = shares.shares.enumerated().flatMap { repeatElement($0, count: $1) }
    let starts = shares.starts
    let bits = UInt64(shares.bits)
    var stepsLeft = pairs == nil ? count : SymbolPairs.count(count)
    var reader = ByteReader(bytes)
    var symbols: [UInt8] = []
    while stepsLeft > 0 {
      guard let wordCount = try? reader.number("a number of words"), let first = try? reader.take(64),
        let words = try? reader.take(4 * wordCount).elements(of: UInt32.self)
      else { return nil }
      var states = first.elements(of: UInt64.self)
      guard states.allSatisfy({ $0 >= WideANSBlocks.lowest }) else { return nil }
      var next = 0
      let steps = min(stepsLeft, WideANSBlocks.blockSize)
      for step in 0..<steps {
        let index = step / 2 % WideANSBlocks.stateCount
        let slot = states[index] & (1 << bits - 1)
        let symbol = slots[Int(slot)]
        states[index] = UInt64(shares.shares[symbol]) * (states[index] >> bits) + slot - UInt64(starts[symbol])
        if let pairs {
          let both = pairs.symbols(UInt8(symbol))
          symbols += [UInt8(both & 0xFF), UInt8(both >> 8)]
        } else {
          symbols.append(UInt8(symbol))
        }
        if (step % 2 == 1 || step == steps - 1) && states[index] < WideANSBlocks.lowest {
          guard next < words.count else { return nil }
          states[index] = states[index] << 32 | UInt64(words[next])
          next += 1
          guard states[index] >= WideANSBlocks.lowest else { return nil }
        }
      }
      guard next == words.count, states.allSatisfy({ $0 == WideANSBlocks.lowest }) else { return nil }
      stepsLeft -= steps
    }
    return Bytes(symbols)[0..<count]
  }

  @Test(
    "Long streams come back, and damage is refused, or gives the other symbols that it stands for",
    arguments: UInt64(1)...12)
  func longStreams(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let pairs = seed % 3 == 0 ? SymbolPairs(first: 5) : nil
    let widths = [7, SymbolShares.usualBits, SymbolShares.mostBits]
    let bits = pairs == nil ? widths[Int(seed / 3) % 3] : SymbolShares.pairBits
    // Some are nearly all the same, so that there are hardly any words; one has several blocks.
    let likely = [0.3, 0.9, 0.9999].randomElement(using: &generator) ?? 0.5
    let count = Int.random(in: 1...9000, using: &generator) + (seed == 4 ? 2 * WideANSBlocks.blockSize : 0)
    let distinct = pairs == nil ? 1 << min(bits - 1, 8) : 16
    var symbols = (0..<count).map { _ -> UInt8 in
      let isLikely = Double.random(in: 0..<1, using: &generator) < likely
      return UInt8((isLikely ? 3 : Int.random(in: 0..<distinct, using: &generator)) + (pairs == nil ? 0 : 5))
    }
    symbols[0] = pairs == nil ? 1 : 6
    var frequencies = Frequencies.bytes(Bytes(symbols))
    for symbol in 0..<distinct { frequencies[symbol + (pairs == nil ? 0 : 5)] += 1 }
    let shares = SymbolShares(frequencies: pairs.map { $0.frequencies(frequencies) } ?? frequencies, bits: bits)
    var writer = ByteWriter()
    WideANSBlocks.write(SymbolPlane(Bytes(symbols)), shares, pairs: pairs, to: &writer)
    let coded = writer.finish()
    try onEveryProcessor { () throws in
      var reader = ByteReader(coded)
      #expect(try WideANSBlocks.read(count, shares, pairs: pairs, from: &reader) == Bytes(symbols), "seed \(seed)")
      #expect(reader.remaining == 0)
    }
    for round in 0..<10 {
      var damaged = coded.array
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        damaged[Int.random(in: 0..<damaged.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      }
      // Some are cut short as well: then words, or whole blocks, are missing.
      let bytes = Bytes(damaged)[0..<(round < 6 ? damaged.count : Int.random(in: 0..<damaged.count, using: &generator))]
      let careful = Self.readCarefully(count, shares, pairs, bytes)
      onEveryProcessor {
        var reader = ByteReader(bytes)
        #expect((try? WideANSBlocks.read(count, shares, pairs: pairs, from: &reader)) == careful, "seed \(seed)")
      }
    }
  }

  // Blocks that are decoded together, blocks that are left over, and one that is not whole: as the last of a group, or alone.
  @Test(
    "Streams of many blocks come back, and damage gives the same everywhere",
    arguments: [3 << 18 + 190_003, 4 << 18 + 9], [0, SymbolShares.usualBits, SymbolShares.mostBits])
  func manyBlocks(steps: Int, bits: Int) throws {
    var generator = SeededGenerator(seed: UInt64(steps + bits))
    let pairs = bits == 0 ? SymbolPairs(first: 5) : nil
    let some = Self.random(40_009, pairs == nil ? 256 : 16, using: &generator).array.map { $0 + (pairs == nil ? 0 : 5) }
    let count = pairs == nil ? steps : 2 * steps - 1
    let symbols = repeated(some, count: count)
    let frequencies = Frequencies.bytes(symbols)
    let shares = SymbolShares(
      frequencies: pairs.map { $0.frequencies(frequencies) } ?? frequencies,
      bits: pairs == nil ? bits : SymbolShares.pairBits)
    var writer = ByteWriter()
    WideANSBlocks.write(SymbolPlane(symbols), shares, pairs: pairs, to: &writer)
    let coded = writer.finish()
    var found: [Bytes?] = []
    try onEveryProcessor { () throws in
      var reader = ByteReader(coded)
      #expect(try WideANSBlocks.read(count, shares, pairs: pairs, from: &reader) == symbols)
      #expect(reader.remaining == 0)
      var damage = SeededGenerator(seed: 11)
      var damaged = coded.array
      damaged[Int.random(in: 0..<damaged.count, using: &damage)] ^= 1 << UInt8.random(in: 0..<8, using: &damage)
      for bytes in [Bytes(damaged), Bytes(damaged)[0..<Int.random(in: 0..<damaged.count, using: &damage)]] {
        reader = ByteReader(bytes)
        found.append(try? WideANSBlocks.read(count, shares, pairs: pairs, from: &reader))
      }
    }
    for (index, symbols) in found.enumerated() { #expect(symbols == found[index % 2], "seed 11, damage \(index % 2)") }
  }

  @Test("Very rare symbols get more slots to be rare in")
  func skewed() throws {
    var frequencies = [Int](repeating: 1, count: 256)
    frequencies[0] = 1_000_000
    let plan = SymbolStream.plan(frequencies, SymbolCoding(EntropyCoding(coder: .rans)))
    guard case .ans(let shares, nil) = plan.way else {
      Issue.record("not coded")
      return
    }
    #expect(shares.bits == SymbolShares.mostBits)
  }

  @Test("Shares in proportion cannot be bettered by moving a slot", arguments: UInt64(1)...10)
  func bestShares(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let frequencies = (0..<20).map { _ in Int.random(in: 1...100_000, using: &generator) }
    func cost(_ shares: [Int]) -> Double {
      zip(frequencies, shares).reduce(0.0) { $0 + Double($1.0) * (12 - log2(Double($1.1))) }
    }
    let shares = SymbolShares(frequencies: frequencies, bits: 12).shares
    for from in shares.indices where shares[from] > 1 {
      for to in shares.indices where to != from {
        var moved = shares
        moved[from] -= 1
        moved[to] += 1
        #expect(cost(moved) > cost(shares) * 0.99999, "seed \(seed)")
      }
    }
  }

  @Test("Logarithms are right to the last place but one", arguments: [1, 2, 3, 5, 1000, 4095, 4096, 32767])
  func logarithms(value: Int) {
    #expect(abs(Double(SymbolShares.binaryLogarithm(value)) / 65536 - log2(Double(value))) < 2.0 / 65536)
  }

  @Test("Shares that do not fill the slots are refused")
  func misfits() {
    for bytes in [[12, 0, 0, 0], [0, 0, 1, 0, 0], [16, 0, 1, 0, 0], [1, 0, 0, 0xF1, 0], [2, 1, 0, 0, 0]] as [[UInt8]] {
      var reader = ByteReader(Bytes(bytes))
      #expect(throws: DecodingError.self) { try SymbolShares(from: &reader) }
    }
  }

  @Test("A range coder gives back bits of any probability, with carries", arguments: UInt64(1)...20)
  func rangeCoder(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let extreme = seed % 3
    let bits = (0..<5000).map { _ -> (bit: Int, probability: Int) in
      let probability =
        extreme == 0
        ? 4095
        : extreme == 1
          ? [1, 4095].randomElement(using: &generator) ?? 1
          : Int.random(in: 1...4095, using: &generator)
      let isLikely = Int.random(in: 0..<4096, using: &generator) < probability
      return (isLikely ? 1 : 0, probability)
    }
    var encoder = RangeEncoder()
    for bit in bits { _ = encoder.code(bit.bit, probability: bit.probability) }
    let bytes = encoder.finish()
    #expect(bytes.isEmpty || bytes[bytes.count - 1] != 0)
    var decoder = RangeDecoder(bytes)
    #expect(bits.allSatisfy { decoder.code(0, probability: $0.probability) == $0.bit }, "seed \(seed)")
    #expect(decoder.isAtEnd)
  }

  @Test("Positions and symbols from contexts come back", arguments: UInt64(1)...8)
  func models(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let shapes = [[1], [7], [1, 9], [9, 1], [30, 40], [5, 4, 3, 3], [2, 66_000]]
    let shape = try Shape(shapes.randomElement(using: &generator) ?? [1])
    let density = [0.01, 0.1, 0.9].randomElement(using: &generator) ?? 0.5
    var bits = [UInt8](repeating: 0, count: Bitmap.byteCount(shape.elementCount))
    for position in 0..<shape.elementCount where Double.random(in: 0..<1, using: &generator) < density {
      bits[position / 8] |= 1 << (position % 8)
    }
    let mask = Bytes(bits)
    let count = Bitmap.popcount(mask, in: 0..<shape.elementCount)
    let model = PositionModel(shape)
    let decoded = try model.decoded(model.encoded(mask, survivorCount: count), survivorCount: count)
    #expect(decoded.mask == mask && decoded.count == count, "seed \(seed)")
    for distinct in [2, 17, 256] {
      let symbols = Self.random(700, distinct, using: &generator)
      let coded = symbols.withElements(of: UInt8.self) { SymbolModel.encoded($0) }
      #expect(try SymbolModel.decoded(coded.bytes, bitCount: Int(coded.bitCount), count: 700) == symbols)
    }
  }

  @Test("A few bytes cannot ask for much time")
  func bombs() throws {
    let shape = try Shape([1 << 20, 1 << 10])
    #expect(throws: DecodingError.self) { try PositionModel(shape).decoded(Bytes([1, 2, 3]), survivorCount: 5) }
    #expect(throws: DecodingError.self) { try SymbolModel.decoded(Bytes([1]), bitCount: 8, count: 1 << 30) }
    #expect(throws: DecodingError.self) { try SymbolModel.decoded(Bytes([1]), bitCount: 9, count: 1) }
    let shares = SymbolShares(frequencies: [1, 1], bits: 12)
    var reader = ByteReader(Bytes([UInt8](repeating: 0, count: 100)))
    #expect(throws: DecodingError.self) { try ANSBlocks.read(1 << 30, shares, from: &reader) }
    #expect(throws: DecodingError.self) { try WideANSBlocks.read(1 << 30, shares, from: &reader) }
  }
}
