import CondenseTensors
import TestSupport
import Testing

@testable import CondenseCodecs

@Suite("Coding beyond Huffman")
struct EntropyCodingTests {
  private static let codings: [EntropyCoding] =
    EntropyCoding.Coder.allCases.map { EntropyCoding(coder: $0) }
    + EntropyCoding.Preference.allCases.map { EntropyCoding(preference: $0) }

  @Test("Every form of tensor comes back as it went in, from every coder and layout", arguments: UInt64(1)...20)
  func roundTrips(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<2 {
      let tensor = try EncodedTensor.random(using: &generator)
      for coding in Self.codings { try expectRoundTrips(of: tensor, coding, "seed \(seed)") }
    }
  }

  /// A pruned, clustered tensor, some of whose columns are all zero and some rows fuller than others.
  private static func uneven(_ rows: Int, _ columns: Int, seed: UInt64) throws -> EncodedTensor {
    var generator = SeededGenerator(seed: seed)
    var mask = [UInt8](repeating: 0, count: Bitmap.byteCount(rows * columns))
    var indices: [UInt8] = []
    for position in 0..<rows * columns {
      let (row, column) = position.quotientAndRemainder(dividingBy: columns)
      guard column % 3 != 0, Int.random(in: 0..<(row % 5 == 0 ? 4 : 20), using: &generator) == 0 else { continue }
      mask[position / 8] |= 1 << (position % 8)
      indices.append(UInt8(Int.random(in: 0..<8, using: &generator) * Int.random(in: 0..<3, using: &generator) / 2))
    }
    let codebook = Codebook(size: 15, channels: 1, elements: .plain(Bytes(elements: (0..<15).map { Float($0) - 7.5 })))
    return EncodedTensor(
      dtype: .f32, shape: try Shape([rows, columns]), mask: Bytes(mask), payload: .indices(Bytes(indices), codebook))
  }

  @Test("Uneven zeros are coded from their neighbours, and described so")
  func contexts() throws {
    let tensor = try Self.uneven(100, 90, seed: 1)
    let huffman = try TensorCoder.encode(tensor)
    let small = try TensorCoder.encode(tensor, coding: EntropyCoding(preference: .size))
    #expect(small.count < huffman.count * 97 / 100, "\(small.count) of \(huffman.count)")
    #expect(try TensorCoder.decode(small) == tensor)
    #expect(try TensorCoder.describe(small).coding == "entropy, sparse by context, 15 centroids")
    let fast = try TensorCoder.encode(tensor, coding: EntropyCoding(preference: .speed))
    #expect(try !TensorCoder.describe(fast).coding.contains("context"))
  }

  @Test("A part of a large tensor decides whether the rest is coded from contexts", arguments: [true, false])
  func probes(beginsUneven: Bool) throws {
    // Half is uneven, half is not: what the first of them says counts.
    let uneven = try Self.uneven(100, 90, seed: 1)
    let even = try Self.even(100, 90, seed: 2)
    let tensor = try Self.joined(beginsUneven ? [uneven, even] : [even, uneven])
    var coding = SymbolCoding(EntropyCoding(coder: .range))
    coding.positionProbe = 2_003
    coding.symbolProbe = 100
    let stream = try StreamWriter(tensor: tensor, layout: .sparse, coding: coding).stream()
    #expect(try TensorCoder.decode(stream) == tensor)
    #expect(try TensorCoder.describe(stream).coding.contains("by context") == beginsUneven)
    // As many as the probe looks at, and all: nothing is tried first, everything is coded.
    coding.positionProbe = 200 * 90
    let whole = try StreamWriter(tensor: tensor, layout: .sparse, coding: coding).stream()
    #expect(try TensorCoder.decode(whole) == tensor)
    #expect(try TensorCoder.describe(whole).coding.contains("by context"))
  }

  @Test("Symbols whose neighbours tell of them are coded so, however many there are", arguments: [true, false])
  func symbolProbes(beginsRegular: Bool) throws {
    var generator = SeededGenerator(seed: 5)
    let regular = (0..<4000).map { UInt8(truncatingIfNeeded: $0 % 7) }
    let random = (0..<4000).map { _ in UInt8.random(in: 0..<7, using: &generator) }
    let symbols = Bytes(beginsRegular ? regular + random : random + regular)
    var coding = SymbolCoding(EntropyCoding(coder: .range))
    coding.symbolProbe = 500
    var writer = ByteWriter()
    SymbolStream.write(symbols, coding, to: &writer)
    let coded = writer.finish()
    #expect((coded[0] == SymbolStream.Kind.modelled.rawValue) == beginsRegular)
    var reader = ByteReader(coded)
    #expect(try SymbolStream.read(symbols.count, isExtended: true, from: &reader) == symbols)
  }

  /// The same without any pattern, and fuller: one element in eight.
  private static func even(_ rows: Int, _ columns: Int, seed: UInt64) throws -> EncodedTensor {
    var generator = SeededGenerator(seed: seed)
    var tensor = try uneven(rows, columns, seed: seed)
    var mask = [UInt8](repeating: 0, count: Bitmap.byteCount(rows * columns))
    for position in 0..<rows * columns where Int.random(in: 0..<8, using: &generator) == 0 {
      mask[position / 8] |= 1 << (position % 8)
    }
    guard case .indices(_, let codebook) = tensor.payload else { return tensor }
    let count = Bitmap.popcount(Bytes(mask), in: 0..<rows * columns)
    tensor.mask = Bytes(mask)
    tensor.payload = .indices(Bytes((0..<count).map { _ in UInt8.random(in: 0..<15, using: &generator) }), codebook)
    return tensor
  }

  /// One below the other; each has a whole number of bytes in its mask.
  private static func joined(_ tensors: [EncodedTensor]) throws -> EncodedTensor {
    var joined = tensors[0]
    joined.shape = try Shape([tensors.reduce(0) { $0 + $1.shape.channelCount }, tensors[0].shape.elementsPerChannel])
    joined.mask = Bytes(tensors.flatMap { $0.mask?.array ?? [] })
    var indices: [UInt8] = []
    for tensor in tensors {
      guard case .indices(let some, let codebook) = tensor.payload else { continue }
      indices += some.array
      joined.payload = .indices(Bytes(indices), codebook)
    }
    return joined
  }

  @Test("Where contexts do not help, hardly anything is lost", arguments: UInt64(1)...6)
  func noContexts(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let bound = Int.random(in: 2...40, using: &generator)
    let symbols = (0..<8_000).map { _ in
      UInt8(Int.random(in: 0..<bound, using: &generator) * Int.random(in: 0..<bound, using: &generator) / bound)
    }
    let tensor = EncodedTensor(
      dtype: .u8, shape: try Shape([40, 200]), payload: .elements(.plain(Bytes(symbols))))
    let ans = try TensorCoder.encode(tensor, coding: EntropyCoding(coder: .rans)).count
    let range = try TensorCoder.encode(tensor, coding: EntropyCoding(coder: .range)).count
    #expect(range <= ans + ans / 200 + 64, "seed \(seed)")
  }

  @Test("Damage never crashes, also where the checksum is right", arguments: UInt64(1)...30)
  func hostileStreams(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let tensor =
      seed % 2 == 0
      ? try EncodedTensor.random(using: &generator)
      : try Self.uneven(20, Int.random(in: 1...60, using: &generator), seed: seed)
    for coding in [EntropyCoding(coder: .rans), EntropyCoding(coder: .range), EntropyCoding(preference: .size)] {
      let body = try TensorCoder.encode(tensor, coding: coding).array.dropLast(4)
      for _ in 0..<30 {
        var damaged = Array(body)
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
          damaged[Int.random(in: 0..<damaged.count, using: &generator)] = .random(in: 0...255, using: &generator)
        }
        if Bool.random(using: &generator) { damaged.removeLast(Int.random(in: 0..<damaged.count, using: &generator)) }
        let checksum = CRC32.checksum(Bytes(damaged))
        let stream = Bytes(damaged + withUnsafeBytes(of: checksum.littleEndian) { [UInt8]($0) })
        // Some damage only makes another tensor; then it must be a sound one.
        if let decoded = try? TensorCoder.decode(stream, byteLimit: 1 << 20) { _ = try? decoded.expanded() }
        #expect(throws: DecodingError.self) { try TensorCoder.decode(Bytes(damaged)) }
      }
    }
  }

  /// Symbols of which there are few, as indices into a small codebook are.
  private static func fewSymbols(_ count: Int, seed: UInt64) throws -> EncodedTensor {
    var generator = SeededGenerator(seed: seed)
    let symbols = (0..<count).map { _ in
      UInt8(Int.random(in: 0..<13, using: &generator) * Int.random(in: 1...13, using: &generator) / 13)
    }
    return EncodedTensor(
      dtype: .u8, shape: try Shape([1, count]), payload: .elements(.plain(Bytes(symbols.map { $0 + 3 }))))
  }

  @Test("Few symbols are coded in pairs, which is smaller", arguments: [SymbolPairs.leastCount, 20_001, 600_001])
  func pairs(count: Int) throws {
    let tensor = try Self.fewSymbols(count, seed: UInt64(count))
    guard case .elements(.plain(let symbols)) = tensor.payload else { return }
    let frequencies = Frequencies.bytes(symbols)
    let single = CodeLengths(frequencies: frequencies).cost(frequencies) / 8
    for coding in [EntropyCoding.huffman, EntropyCoding(coder: .rans)] {
      let stream = try TensorCoder.encode(tensor, layout: .dense, coding: coding)
      #expect(try TensorCoder.decode(stream) == tensor)
      #expect(stream.count < single + 100, "\(stream.count) bytes, \(single) one by one")
    }
  }

  @Test("Damage of pairs never crashes, also where the checksum is right", arguments: UInt64(1)...20)
  func hostilePairs(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let tensor = try Self.fewSymbols(SymbolPairs.leastCount + Int(seed % 3), seed: seed)
    for coding in [EntropyCoding.huffman, EntropyCoding(coder: .rans)] {
      let body = try TensorCoder.encode(tensor, coding: coding).array.dropLast(4)
      for _ in 0..<20 {
        var damaged = Array(body)
        // Mostly among the first bytes, where codes and shares are.
        let reach = Bool.random(using: &generator) ? 200 : damaged.count
        damaged[Int.random(in: 0..<reach, using: &generator)] = .random(in: 0...255, using: &generator)
        let checksum = CRC32.checksum(Bytes(damaged))
        let stream = Bytes(damaged + withUnsafeBytes(of: checksum.littleEndian) { [UInt8]($0) })
        let decoded = try? TensorCoder.decode(stream, byteLimit: 1 << 20)
        #expect((decoded?.shape.elementCount ?? 0) <= 1 << 20, "seed \(seed)")
      }
    }
  }

  @Test("What a first reader does not know is only there where the flags say so")
  func flags() throws {
    let tensor = try Self.uneven(60, 100, seed: 3)
    let plain = try TensorCoder.encode(tensor, coding: EntropyCoding(coder: .huffman))
    #expect(plain == (try TensorCoder.encode(tensor)))
    var body = try TensorCoder.encode(tensor, coding: EntropyCoding(coder: .range)).array.dropLast(4)
    // Format, dtype, rank, two dimensions of a byte each, flags.
    #expect(body[5] & 64 != 0)
    body[5] &= ~64
    let checksum = CRC32.checksum(Bytes(body))
    let stream = Bytes(body + withUnsafeBytes(of: checksum.littleEndian) { [UInt8]($0) })
    #expect(throws: DecodingError.self) { try TensorCoder.decode(stream) }
    // The kinds of symbols are refused by themselves, too.
    for kind: UInt8 in [3, 4, 5] {
      var reader = ByteReader(Bytes([kind, 0, 0, 0, 0, 0]))
      #expect(throws: DecodingError.self) { try SymbolStream.read(1, from: &reader) }
    }
  }
}
