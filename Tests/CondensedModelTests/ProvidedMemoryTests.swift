import CondenseTensors
import CondensedModel
import Foundation
import Testing

@Suite("Memory that an app provides")
struct ProvidedMemoryTests {
  private let model: CondensedModel
  private let plain: [String: Tensor]

  init() throws {
    model = try CondensedModel(contentsOf: RecordedTensorTests.folder.appending(path: "rans.condensed"))
    plain = try RecordedTensorTests.plain("rans")
  }

  private static let name = "clustered.1x16.0.1.plain"
  private static let quantized = "int8.channel.0.5"

  @Test("It must have the tensor's size", arguments: [-1, 1])
  func size(difference: Int) throws {
    let count = 42 + difference
    var floats = [Float](repeating: 0, count: count)
    var halves = [UInt16](repeating: 0, count: count)
    var codes = [Int8](repeating: 0, count: count)
    var indices = [UInt8](repeating: 0, count: count)
    let errors = [
      #expect(throws: CondensedModelError.self) {
        try floats.withUnsafeMutableBytes { try model.decode(Self.name, into: $0) }
      },
      #expect(throws: CondensedModelError.self) {
        try floats.withUnsafeMutableBufferPointer { try model.decodeFloats(of: Self.name, into: $0) }
      },
      #expect(throws: CondensedModelError.self) {
        try halves.withUnsafeMutableBufferPointer { try model.decodeFloat16Bits(of: Self.name, into: $0) }
      },
      #expect(throws: CondensedModelError.self) {
        try codes.withUnsafeMutableBufferPointer { try model.decodeInt8Codes(of: Self.quantized, into: $0) }
      },
      #expect(throws: CondensedModelError.self) {
        try indices.withUnsafeMutableBufferPointer { try model.decodeIndices(of: Self.name, into: $0) }
      },
    ]
    for error in errors { #expect(error?.code == .wrongSize && error?.tensor != nil) }
  }

  @Test("It gets what is had without it")
  func contents() throws {
    var codes = [Int8](repeating: 0, count: 42)
    let quantization = try codes.withUnsafeMutableBufferPointer {
      try model.decodeInt8Codes(of: Self.quantized, into: $0)
    }
    let quantized = try model.quantizedTensor(named: Self.quantized)
    #expect(quantized.codes.elements(of: Int8.self) == codes && quantized.quantization == quantization)
    var indices = [UInt8](repeating: 0, count: 42)
    let codebook = try indices.withUnsafeMutableBufferPointer { try model.decodeIndices(of: Self.name, into: $0) }
    let clustered = try model.clusteredTensor(named: Self.name)
    #expect(clustered.indices.array == indices && clustered.codebook == codebook)
  }

  @Test("Codes of other types than int8 are not had as such")
  func otherCodes() {
    for name in ["uint8.tensor.1.0", "float16.tensor.1.0", "float8_e4m3.tensor.1.0"] {
      var codes = [Int8](repeating: 0, count: 42)
      let error = #expect(throws: CondensedModelError.self) {
        try codes.withUnsafeMutableBufferPointer { try model.decodeInt8Codes(of: name, into: $0) }
      }
      #expect(error?.code == .noSuchForm)
    }
  }

  @Test("Spans do as well")
  func spans() throws {
    var floats = [Float](repeating: 0, count: 42)
    var span = floats.mutableSpan
    try model.decodeFloats(of: Self.name, into: &span)
    #expect(floats == plain[Self.name]?.floats)
    var halves = [UInt16](repeating: 0, count: 42)
    var halfSpan = halves.mutableSpan
    try model.decodeFloat16Bits(of: Self.name, into: &halfSpan)
    #expect(try halves == model.float16Bits(of: Self.name))
    var bytes = [UInt8](repeating: 0, count: 168)
    var byteSpan = bytes.mutableSpan
    var rawSpan = byteSpan.mutableBytes
    try model.decode(Self.name, into: &rawSpan)
    #expect(bytes == plain[Self.name]?.bytes.array)
  }

  @Test("A tensor beyond the limit is refused before memory is asked for")
  func limit() throws {
    var limited = model
    limited.byteLimit = 167
    for name in [Self.name, Self.quantized] {
      let errors = [
        #expect(throws: CondensedModelError.self) { try limited.tensor(named: name) },
        #expect(throws: CondensedModelError.self) { try limited.floats(of: name) },
        #expect(throws: CondensedModelError.self) { try limited.quantizedTensor(named: name) },
      ]
      for error in errors { #expect(error?.code == .tooLarge) }
    }
  }
}
