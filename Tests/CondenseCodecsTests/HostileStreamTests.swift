import CondenseTensors
import Testing

@testable import CondenseCodecs

/// Streams that a program would not write, with a checksum that is right.
@Suite("Hostile streams")
struct HostileStreamTests {
  private static let huge = 1 << 40

  private static func stream(_ prologue: StreamPrologue, parts: [UInt8] = []) -> Bytes {
    var writer = ByteWriter()
    prologue.write(to: &writer)
    let body = Bytes(writer.finish().array + parts)
    return Bytes(body.array + withUnsafeBytes(of: CRC32.checksum(body).littleEndian) { [UInt8]($0) })
  }

  private static func prologue(
    _ shape: [Int], dtype: DType = .f32, placement: Placement = .dense, isMasked: Bool = false,
    _ payload: StreamPrologue.PayloadLayout = .plain, survivors: Int = 0, gaps: Int = 0
  ) throws -> StreamPrologue {
    StreamPrologue(
      dtype: dtype, shape: try Shape(shape), entropyCoded: true, placement: placement, isMasked: isMasked,
      payload: payload, survivorCount: survivors, gapCount: gaps)
  }

  private static func quantized(
    _ granularity: Granularity, type: QuantizedType = .int8, hasZeroPoints: Bool = false
  ) -> StreamPrologue.QuantizedLayout {
    StreamPrologue.QuantizedLayout(type: type, granularity: granularity, hasZeroPoints: hasZeroPoints)
  }

  @Test("An axis that holds no elements costs nothing, whatever hangs on it")
  func emptyAxes() throws {
    let payloads: [StreamPrologue.PayloadLayout] = [
      .quantized(Self.quantized(.channel)), .quantized(Self.quantized(.group(1), hasZeroPoints: true)),
      .indices(size: 0, channels: Self.huge, quantized: nil),
    ]
    for payload in payloads {
      let stream = Self.stream(try Self.prologue([Self.huge, 0], payload))
      #expect(try TensorCoder.decode(stream).expanded().bytes.isEmpty)
      #expect(try TensorCoder.describe(stream).shape.dimensions == [Self.huge, 0])
    }
  }

  @Test("A codebook for each channel of nothing is refused")
  func emptyChannelsCodebooks() throws {
    // Constant planes would make the 2^40 entries that are claimed.
    let constant: [UInt8] = [1, 0, 1, 0, 1, 0, 1, 0]
    for layout in [nil, Self.quantized(.channel)] {
      let stream = Self.stream(
        try Self.prologue([Self.huge, 0], .indices(size: 1, channels: Self.huge, quantized: layout)),
        parts: constant + constant)
      #expect(throws: DecodingError.self) { try TensorCoder.decode(stream) }
    }
    let scales = Self.stream(
      try Self.prologue([Self.huge, 0], .indices(size: 0, channels: Self.huge, quantized: Self.quantized(.channel))),
      parts: constant)
    #expect(throws: DecodingError.self) { try TensorCoder.decode(scales) }
  }

  @Test("Groups as large as a number can say", arguments: [1 << 62, 1 << 62 - 1, 1 << 61])
  func hugeGroups(size: Int) throws {
    let scale: [UInt8] = [0, 0, 0, 0x80, 0x3F].enumerated().flatMap { $0.offset == 0 ? [] : [0, $0.element] }
    let stream = Self.stream(
      try Self.prologue([1, 3], .quantized(Self.quantized(.group(size)))), parts: scale + [1, 5])
    #expect(try TensorCoder.decode(stream).expanded().floats == [5, 5, 5])
  }

  @Test("Groups beyond that are refused, written and read")
  func groupsBeyond() throws {
    let tensor = EncodedTensor(
      dtype: .f32, shape: Shape(vector: 1),
      payload: .elements(
        .quantized(Quantized(type: .int8, codes: Bytes([1]), granularity: .group(Int.max), scales: [1]))))
    #expect(throws: DecodingError.self) { try TensorCoder.encode(tensor) }
    let blob = Bytes(tensor.blobParts().flatMap(\.array))
    #expect(throws: DecodingError.self) { try EncodedTensor(blob: blob) }
    // The same prologue by hand: a granularity of 2^63 − 1.
    let number = [UInt8](repeating: 0xFF, count: 8) + [0x7F]
    let body = Bytes([1, 11, 1, 1, 1 << 4, 0] + number + [1, 0, 1, 0, 1, 0, 1, 0, 1, 1])
    let stream = Bytes(body.array + withUnsafeBytes(of: CRC32.checksum(body).littleEndian) { [UInt8]($0) })
    #expect(throws: DecodingError.self) { try TensorCoder.decode(stream) }
  }

  @Test("Describing costs nothing, decoding is refused by the limit, whatever a few bytes claim")
  func bombs() throws {
    let constant: [UInt8] = [1, 7]
    let bombs = [
      // Elements, and positions of none of them.
      Self.stream(try Self.prologue([Self.huge], dtype: .u8), parts: constant),
      Self.stream(try Self.prologue([Self.huge], dtype: .u8, placement: .gaps)),
      Self.stream(try Self.prologue([Self.huge], dtype: .u8, placement: .bitmap), parts: [1, 0]),
      Self.stream(try Self.prologue([Self.huge], placement: .gaps, isMasked: true, survivors: 9, gaps: Self.huge)),
      // Within the limit as a tensor, but not its parts: codes, scales, codebooks.
      Self.stream(
        try Self.prologue([1 << 20], dtype: .f8e4m3, .quantized(Self.quantized(.tensor, type: .float16))),
        parts: constant + constant),
      Self.stream(
        try Self.prologue([1 << 20], dtype: .f8e4m3, .quantized(Self.quantized(.group(1)))),
        parts: constant + constant + constant + constant + constant),
      Self.stream(
        try Self.prologue([1 << 18, 1], .indices(size: 256, channels: 1 << 18, quantized: nil)),
        parts: constant + constant + constant + constant + constant),
    ]
    for (index, bomb) in bombs.enumerated() {
      #expect(bomb.count < 64)
      #expect(try TensorCoder.describe(bomb).byteCount == bomb.count)
      let error = #expect(throws: DecodingError.self, "bomb \(index)") {
        try TensorCoder.decode(bomb, byteLimit: 1 << 20)
      }
      #expect(error?.message.contains("limit") == true, "bomb \(index): \(error?.message ?? "")")
    }
  }

  @Test("Tensors in memory whose numbers make no sense are refused")
  func misfits() throws {
    let vast = try Shape([Int.max])
    let payloads: [EncodedTensor.Payload] = [
      .elements(.plain(Bytes())),
      .elements(.quantized(Quantized(type: .float16, codes: Bytes(), granularity: .tensor, scales: []))),
      .indices(Bytes(), Codebook(size: 256, channels: Int.max, elements: .plain(Bytes()))),
      .indices(
        Bytes(),
        Codebook(
          size: Int.max, channels: Int.max,
          elements: .quantized(Quantized(type: .int8, codes: Bytes(), granularity: .channel, scales: [])))),
    ]
    for payload in payloads {
      for shape in [vast, Shape(vector: 0)] where shape == vast || payload != payloads[0] && payload != payloads[1] {
        let tensor = EncodedTensor(dtype: .f32, shape: shape, payload: payload)
        #expect(throws: DecodingError.self) { try TensorCoder.encode(tensor) }
        #expect(throws: DecodingError.self) { try tensor.expanded() }
      }
    }
    let metadata = ["dtype": "F64", "shape": "\(Int.max)", "mask": "implied"]
    let header = try SafetensorsHeader.laidOut([("values", .f64, Shape(vector: 0))], metadata: metadata)
    #expect(throws: DecodingError.self) { try EncodedTensor(blob: header.encoded()) }
  }

  @Test("Zero points at the end of their range wrap around instead of trapping", arguments: [Int32.min, .max])
  func zeroPoints(zeroPoint: Int32) throws {
    let quantized = Quantized(
      type: .int8, codes: Bytes([0x7F, 0x80]), granularity: .tensor, scales: [1], zeroPoints: [zeroPoint])
    let tensor = EncodedTensor(dtype: .f32, shape: Shape(vector: 2), payload: .elements(.quantized(quantized)))
    let codes: [Int32] = [127, -128]
    #expect(try tensor.expanded().floats == codes.map { Float($0 &- zeroPoint) })
  }
}
