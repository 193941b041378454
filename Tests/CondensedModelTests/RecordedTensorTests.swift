import CondenseTensors
import CondensedModel
import Foundation
import Testing

/// Tests/Vectors/v3: every way in which the present version stores a tensor.
@Suite("Recorded tensors")
struct RecordedTensorTests {
  static let folder = URL(fileURLWithPath: #filePath).appending(path: "../../Vectors/v3").standardized
  static let names = ["stored", "huffman", "rans", "range", "pairs", "earlier"]

  /// The tensors of a safetensors file.
  static func plain(_ name: String) throws -> [String: Tensor] {
    let bytes = Bytes(try Data(contentsOf: folder.appending(path: "\(name).safetensors")))
    let length = try SafetensorsHeader.jsonByteCount(prefix: bytes, fileByteCount: bytes.count)
    let data = bytes[8 + length..<bytes.count]
    let header = try SafetensorsHeader(json: bytes[8..<8 + length], dataByteCount: data.count)
    return try Dictionary(
      uniqueKeysWithValues: header.entries.map {
        ($0.name, try Tensor(dtype: $0.dtype, shape: $0.shape, bytes: data[$0.range]))
      })
  }

  @Test("Every tensor of a file is what was recorded, in memory of its own and in an app's", arguments: names)
  func decode(name: String) throws {
    let model = try CondensedModel(contentsOf: Self.folder.appending(path: "\(name).condensed"))
    let expected = try Self.plain(name)
    #expect(Set(model.tensorNames) == Set(expected.keys))
    for (tensor, plain) in expected {
      #expect(try model.tensor(named: tensor) == plain, "\(tensor)")
      let description = try model.description(of: tensor)
      #expect(description.dtype == plain.dtype && description.shape == plain.shape, "\(tensor)")
      #expect(description.byteCount == plain.bytes.count, "\(tensor)")
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: plain.bytes.count + 1, alignment: 16)
      defer { memory.deallocate() }
      for start in 0...1 {
        let part = UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + plain.bytes.count])
        try model.decode(tensor, into: part)
        #expect(Bytes(copying: UnsafeRawBufferPointer(part)) == plain.bytes, "\(tensor) from \(start) on")
      }
    }
  }

  @Test("Floating-point tensors are had as float32 and float16, others are not", arguments: names)
  func floats(name: String) throws {
    let model = try CondensedModel(contentsOf: Self.folder.appending(path: "\(name).condensed"))
    for (tensor, plain) in try Self.plain(name) {
      guard let floats = plain.floats else {
        let error = #expect(throws: CondensedModelError.self) { try model.floats(of: tensor) }
        #expect(error?.code == .noSuchForm && error?.tensor == tensor)
        continue
      }
      #expect(try model.floats(of: tensor).map(\.bitPattern) == floats.map(\.bitPattern), "\(tensor)")
      let halves = plain.dtype == .f16 ? plain.bytes.elements(of: UInt16.self) : floats.map { Half.bits(from: $0) }
      #expect(try model.float16Bits(of: tensor) == halves, "\(tensor)")
    }
  }

  @Test("Codes and indices stand for the elements", arguments: names)
  func forms(name: String) throws {
    let model = try CondensedModel(contentsOf: Self.folder.appending(path: "\(name).condensed"))
    for (tensor, plain) in try Self.plain(name) {
      let floats = plain.floats ?? []
      switch try model.description(of: tensor).form {
      case .plain:
        #expect(throws: CondensedModelError.self) { try model.quantizedTensor(named: tensor) }
        #expect(throws: CondensedModelError.self) { try model.clusteredTensor(named: tensor) }
      case .quantized(let type):
        let quantized = try model.quantizedTensor(named: tensor)
        #expect(quantized.quantization.type == type)
        #expect(rounded(values(quantized), to: plain.dtype) == floats, "\(tensor)")
        #expect(throws: CondensedModelError.self) { try model.clusteredTensor(named: tensor) }
      case .clustered(let size, let channels, let codebookType):
        let clustered = try model.clusteredTensor(named: tensor)
        #expect(clustered.codebook.size == size && clustered.codebook.channels == channels)
        #expect(values(clustered) == floats, "\(tensor)")
        guard codebookType != nil else { continue }
        #expect(values(try model.quantizedTensor(named: tensor)) == floats, "\(tensor)")
      }
    }
  }

  private func rounded(_ values: [Float], to dtype: DType) -> [Float]? {
    dtype.bytes(values).flatMap { dtype.floats($0) }
  }

  /// What codes stand for, as the format says.
  private func values(_ tensor: QuantizedTensor) -> [Float] {
    let quantization = tensor.quantization
    let elements = tensor.shape.elementsPerChannel
    return (0..<tensor.shape.elementCount).map { index in
      let part =
        switch quantization.granularity {
        case .tensor: 0
        case .channel: index / elements
        case .group(let size): index / elements * ((elements + size - 1) / size) + index % elements / size
        }
      let zero = quantization.zeroPoints?[part] ?? (quantization.type == .uint8 ? 128 : 0)
      switch quantization.type {
      case .float16: return Half.float(from: tensor.codes.elements(of: UInt16.self)[index])
      case .bfloat16: return BFloat16.float(from: tensor.codes.elements(of: UInt16.self)[index])
      case .float8e4m3: return Float8E4M3.float(from: tensor.codes[index]) * quantization.scales[part]
      case .uint8: return Float(Int32(tensor.codes[index]) - zero) * quantization.scales[part]
      case .int8, .int4:
        return Float(Int32(Int8(bitPattern: tensor.codes[index])) - zero) * quantization.scales[part]
      }
    }
  }

  private func values(_ tensor: ClusteredTensor) -> [Float] {
    let codebook = tensor.codebook
    return (0..<tensor.shape.elementCount).map { index in
      if let mask = codebook.mask, mask[index / 8] >> (index % 8) & 1 == 0 { return 0 }
      let channel = codebook.channels == 1 ? 0 : index / tensor.shape.elementsPerChannel
      return codebook.values[channel * codebook.size + Int(tensor.indices[index])]
    }
  }
}
