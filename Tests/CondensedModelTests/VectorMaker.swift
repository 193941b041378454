import CondenseTensors
import Foundation
import TestSupport
import Testing

@testable import CondenseCodecs

/// Makes the files of Tests/Vectors/v3, every way of storing a tensor in small: `NAME.condensed`, and in
/// `NAME.safetensors` what it decodes to. They were recorded when the format's present version was finished, by
///
///     CONDENSE_RECORD_VECTORS=FOLDER swift test --filter VectorMaker
///
/// and are never made anew: what comes later gets a folder of its own.
@Suite("Making test vectors")
struct VectorMaker {
  private static let folder = ProcessInfo.processInfo.environment["CONDENSE_RECORD_VECTORS"]

  /// A tensor with its stream.
  struct Item {
    var name: String
    var stream: Bytes
    var tensor: Tensor

    init(_ name: String, _ encoded: EncodedTensor, _ coding: EntropyCoding?, _ layout: StreamLayout = .auto) throws {
      self.name = name
      stream =
        try coding.map { try TensorCoder.encode(encoded, layout: layout, coding: $0) } ?? TensorCoder.store(encoded)
      tensor = try encoded.expanded()
    }

    init(_ name: String, stream: Bytes, tensor: Tensor) {
      self.name = name
      self.stream = stream
      self.tensor = tensor
    }
  }

  @Test("Files are made anew where that is asked for", .enabled(if: folder != nil))
  func record() throws {
    let folder = URL(fileURLWithPath: try #require(Self.folder))
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, items) in try Self.files() {
      let condensed = CondensedHeader.laidOut(items.map { ($0.name, $0.stream.count) }, envelope: ["format": "pt"])
      let plain = try SafetensorsHeader.laidOut(items.map { ($0.name, $0.tensor.dtype, $0.tensor.shape) })
      for (header, parts, ending) in [
        (condensed.encoded(), items.map(\.stream), "condensed"),
        (plain.encoded(), items.map(\.tensor.bytes), "safetensors"),
      ] {
        try Data(([header] + parts).flatMap(\.array)).write(to: folder.appending(path: "\(name).\(ending)"))
      }
    }
  }

  static func files() throws -> [(name: String, items: [Item])] {
    var generator = SeededGenerator(seed: 3)
    let codings: [(String, EntropyCoding?)] = [
      ("stored", nil), ("huffman", .huffman), ("rans", EntropyCoding(coder: .rans)),
      ("range", EntropyCoding(coder: .range)),
    ]
    var files: [(String, [Item])] = []
    for (name, coding) in codings { files.append((name, try every(coding, using: &generator))) }
    files.append(("pairs", try pairs(using: &generator)))
    files.append(("earlier", try earlier(using: &generator)))
    return files
  }

  // One coding, all types and forms, each densely and sparsely.
  private static func every(_ coding: EntropyCoding?, using generator: inout SeededGenerator) throws -> [Item] {
    var items: [Item] = []
    let shape = try Shape([3, 14])
    for dtype in DType.allCases {
      let elements = EncodedTensor(
        dtype: dtype, shape: shape, payload: .elements(.plain(skewed(42, dtype.byteWidth, using: &generator))))
      items.append(try Item("plain.\(dtype.rawValue)", elements, coding))
    }
    for type in QuantizedType.allCases {
      for granularity in type.isScaled ? [.tensor, .channel, .group(7)] : [Granularity.tensor] {
        for density in [1, 0.5, 0.02] {
          let name = "\(type.rawValue).\(granularity.text).\(density)"
          let dtype = [DType.f32, .f16, .bf16, .f64].randomElement(using: &generator) ?? .f32
          var tensor = masked(dtype, shape, density, using: &generator)
          let quantized = quantized(
            try tensor.survivorCount(), type, granularity, ElementParts(granularity, shape: shape).count,
            using: &generator)
          tensor.payload = .elements(.quantized(quantized))
          let layout: StreamLayout = density == 0.5 ? .sparse : .auto
          items.append(try Item(name, tensor, coding, coding == nil ? .auto : layout))
        }
      }
    }
    for (size, channels, density) in [(1, 1, 0.3), (16, 1, 1), (16, 1, 0.1), (256, 1, 0.5), (3, 3, 1), (3, 3, 0.6)] {
      for type in [nil, .uint8, .float16] as [QuantizedType?] {
        let name = "clustered.\(channels)x\(size).\(density).\(type?.rawValue ?? "plain")"
        var tensor = masked(.f32, shape, density, using: &generator)
        let count = size * channels
        let elements: Elements
        if let type {
          let granularity: Granularity = channels > 1 ? .channel : .tensor
          elements = .quantized(quantized(count, type, granularity, channels, using: &generator))
        } else {
          let values = (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
          elements = .plain(Bytes(elements: values))
        }
        let indices = (0..<(try tensor.survivorCount())).map { _ in
          UInt8(min(Int.random(in: 0..<size, using: &generator), Int.random(in: 0..<size, using: &generator)))
        }
        tensor.payload = .indices(Bytes(indices), Codebook(size: size, channels: channels, elements: elements))
        items.append(try Item(name, tensor, coding))
      }
    }
    // Zeros that lie together, which contexts find; without a mask of their own as well.
    let rows = try Shape([24, 20])
    var together = [UInt8](repeating: 0, count: 480)
    for index in together.indices where index % 20 >= 15 && index / 20 % 5 != 0 {
      together[index] = UInt8(index % 7 + 1)
    }
    var sparse = EncodedTensor(dtype: .u8, shape: rows, payload: .elements(.plain(Bytes(together))))
    for layout in StreamLayout.allCases { items.append(try Item("rows.\(layout)", sparse, coding, layout)) }
    sparse.mask = ElementGrid(width: 1, zero: [0], elementCount: 480, mask: nil, survivors: Bytes(together)).nonzeroMask
    sparse.payload = .elements(.plain(Bytes(together.filter { $0 != 0 })))
    for layout in StreamLayout.allCases { items.append(try Item("masked.\(layout)", sparse, coding, layout)) }
    for dimensions in [[], [0], [3, 0, 2], [1]] {
      let shape = try Shape(dimensions)
      let tensor = EncodedTensor(
        dtype: .f16, shape: shape, payload: .elements(.plain(skewed(shape.elementCount, 2, using: &generator))))
      items.append(try Item("shape.\(shape)", tensor, coding))
    }
    return items
  }

  /// Few symbols, and enough of them for a code of two at a time; of an odd number, the last has a word for itself.
  private static func pairs(using generator: inout SeededGenerator) throws -> [Item] {
    let symbols = (0..<8193).map { _ in
      UInt8(247 + [0, 0, 0, 0, 0, 0, 0, 1, 1, 2][Int.random(in: 0..<10, using: &generator)])
    }
    let tensor = EncodedTensor(dtype: .u8, shape: Shape(vector: 8193), payload: .elements(.plain(Bytes(symbols))))
    // Where the coder chooses, asymmetric numeral systems take pairs of many more symbols only.
    let few = Bytes(symbols[..<2049])
    let frequencies = Frequencies.bytes(few)
    let pairs = SymbolPairs(first: 247)
    let shares = SymbolShares(frequencies: pairs.frequencies(frequencies), bits: SymbolShares.pairBits)
    return [
      try Item("words", tensor, .huffman),
      try handmade("states", .pairedANS, few.array) { writer in
        writer.byte(pairs.first)
        shares.write(to: &writer)
        WideANSBlocks.write(SymbolPlane(few), shares, pairs: pairs, to: &writer)
      },
    ]
  }

  /// What is read for ever and not written any more: states of 32 bits.
  private static func earlier(using generator: inout SeededGenerator) throws -> [Item] {
    try [2, 9, 1000].map { count in
      let symbols = (0..<count).map { $0 < 2 ? UInt8($0) : UInt8.random(in: 0...20, using: &generator) }
      let shares = SymbolShares(frequencies: Frequencies.bytes(Bytes(symbols)), bits: count == 9 ? 15 : 12)
      return try handmade("states.\(count)", .ans, symbols) { writer in
        shares.write(to: &writer)
        writer.append(EarlierANS.block(symbols, shares: shares.shares, bits: shares.bits))
      }
    }
  }

  /// Bytes in a stream of one kind, which `code` writes.
  private static func handmade(
    _ name: String, _ kind: SymbolStream.Kind, _ symbols: [UInt8], _ code: (inout ByteWriter) -> Void
  ) throws -> Item {
    let shape = Shape(vector: symbols.count)
    var writer = ByteWriter()
    StreamPrologue(
      dtype: .u8, shape: shape, entropyCoded: true, isExtended: true, placement: .dense, isMasked: false,
      payload: .plain, survivorCount: symbols.count, gapCount: 0
    ).write(to: &writer)
    writer.byte(kind.rawValue)
    code(&writer)
    writer.checksum()
    return Item(name, stream: writer.finish(), tensor: try Tensor(dtype: .u8, shape: shape, bytes: Bytes(symbols)))
  }

  /// A tensor without a payload yet, with a mask unless the density is 1.
  private static func masked(
    _ dtype: DType, _ shape: Shape, _ density: Double, using generator: inout SeededGenerator
  ) -> EncodedTensor {
    var tensor = EncodedTensor(dtype: dtype, shape: shape, payload: .elements(.plain(Bytes())))
    guard density < 1 else { return tensor }
    var mask = [UInt8](repeating: 0, count: Bitmap.byteCount(shape.elementCount))
    for index in 0..<shape.elementCount where Double.random(in: 0..<1, using: &generator) < density {
      mask[index / 8] |= 1 << (index % 8)
    }
    tensor.mask = Bytes(mask)
    return tensor
  }

  /// Codes of which none is zero's, around it.
  private static func quantized(
    _ count: Int, _ type: QuantizedType, _ granularity: Granularity, _ parts: Int,
    using generator: inout SeededGenerator
  ) -> Quantized {
    let hasZeroPoints = granularity != .tensor && [.int8, .uint8, .int4].contains(type)
    let codes: [UInt8] = (0..<count * type.codeWidth).map { _ in
      let step = UInt8.random(in: 1...3, using: &generator) * UInt8.random(in: 1...2, using: &generator)
      return type.codeWidth == 2 ? step | 0x30 : type == .uint8 ? 128 + step : step
    }
    return Quantized(
      type: type, codes: Bytes(codes), granularity: granularity,
      scales: type.isScaled ? (0..<parts).map { _ in Float.random(in: 0.01...1, using: &generator) } : [],
      // The same everywhere for int8, so that it can be left out where elements are zero.
      zeroPoints: hasZeroPoints
        ? (0..<parts).map { type == .int8 ? -2 : Int32($0 % 3) + (type == .uint8 ? 100 : -7) } : nil)
  }

  /// Elements with bytes of which small ones are frequent.
  private static func skewed(_ count: Int, _ width: Int, using generator: inout SeededGenerator) -> Bytes {
    Bytes(
      (0..<count * width).map { _ in
        let limit = UInt8.random(in: 0...1, using: &generator) * UInt8.random(in: 0...40, using: &generator)
        return UInt8.random(in: 0...limit, using: &generator)
      })
  }
}
