import CondenseCodecs
import CondenseTensors
import Testing

@Suite("Expanding tensors")
struct ExpansionTests {
  private static func tensor(
    _ payload: EncodedTensor.Payload, shape: [Int], mask: [UInt8]? = nil, dtype: DType = .f32
  ) throws -> EncodedTensor {
    EncodedTensor(dtype: dtype, shape: try Shape(shape), mask: mask.map { Bytes($0) }, payload: payload)
  }

  @Test("Masked elements go to their places")
  func masked() throws {
    let tensor = try Self.tensor(.elements(.plain(Bytes(elements: [Float(5), -6]))), shape: [3], mask: [0b101])
    #expect(try tensor.expanded().floats == [5, 0, -6])
  }

  @Test("Each channel looks up in its own codebook")
  func channelCodebooks() throws {
    let codebook = Codebook(size: 2, channels: 2, elements: .plain(Bytes(elements: [Float(1), 2, 10, 20])))
    let tensor = try Self.tensor(.indices(Bytes([1, 0, 1]), codebook), shape: [2, 2], mask: [0b1101])
    #expect(try tensor.expanded().floats == [2, 0, 10, 20])
  }

  @Test(
    "Codes are scaled from their zero point",
    arguments: [
      (QuantizedType.int8, [UInt8(bitPattern: -3), 2], nil as [Int32]?, [Float(-1.5), 1]),
      (.uint8, [125, 130], nil, [-1.5, 1]),
      (.uint8, [0, 12], [2], [-1, 5]),
      (.int4, [UInt8(bitPattern: -8), 7], [-8], [0, 7.5]),
      (.float8e4m3, [0x38, 0xB8], nil, [0.5, -0.5]),
    ])
  func quantized(type: QuantizedType, codes: [UInt8], zeroPoints: [Int32]?, values: [Float]) throws {
    let quantized = Quantized(
      type: type, codes: Bytes(codes), granularity: .tensor, scales: [0.5], zeroPoints: zeroPoints)
    #expect(try Self.tensor(.elements(.quantized(quantized)), shape: [2]).expanded().floats == values)
  }

  @Test("A group's scale is its elements', also where a mask leaves some out")
  func groups() throws {
    let quantized = Quantized(
      type: .int8, codes: Bytes([1, 1, 1, 1]), granularity: .group(2), scales: [1, 10, 100, 1000])
    // Two channels of three: groups of two and one.
    let tensor = try Self.tensor(.elements(.quantized(quantized)), shape: [2, 3], mask: [0b110101])
    #expect(try tensor.expanded().floats == [1, 0, 10, 0, 100, 1000])
  }

  @Test("Parts that do not fit are refused")
  func misfits() throws {
    let plain = EncodedTensor.Payload.elements(.plain(Bytes(elements: [Float(1)])))
    let codebook = Codebook(size: 1, channels: 1, elements: .plain(Bytes(elements: [Float(1)])))
    let misfits = [
      try Self.tensor(plain, shape: [2]),
      try Self.tensor(plain, shape: [2], mask: [0b11]),
      try Self.tensor(plain, shape: [2], mask: [0b101]),
      try Self.tensor(plain, shape: [2], mask: [0b01, 0]),
      try Self.tensor(.indices(Bytes([1]), codebook), shape: [1]),
      try Self.tensor(.indices(Bytes([0, 0]), codebook), shape: [1]),
      try Self.tensor(.indices(Bytes([0]), Codebook(size: 1, channels: 3, elements: codebook.elements)), shape: [1]),
      try Self.tensor(.stream(Bytes([1, 2, 3])), shape: [1]),
    ]
    for misfit in misfits { #expect(throws: DecodingError.self) { try misfit.expanded() } }
  }

  @Test("A container's header keeps names, order and envelope, and notices damage")
  func container() throws {
    let header = CondensedHeader.laidOut(
      [("a\"b\n", 5), ("condensed", 0), ("ü", 7)], envelope: ["format": "pt", "condensed": "x", "": "empty"])
    let encoded = header.encoded()
    let json = encoded[8..<encoded.count]
    let read = try SafetensorsHeader(json: json, dataByteCount: 12)
    #expect(try CondensedHeader(read) == header)
    var damaged = read
    damaged.metadata["source.format"] = "tf"
    #expect(throws: DecodingError.self) { try CondensedHeader(damaged) }
    damaged.metadata["condensed"] = "2"
    let error = #expect(throws: DecodingError.self) { try CondensedHeader(damaged) }
    #expect(error?.message.contains("version '2'") == true)
  }
}
