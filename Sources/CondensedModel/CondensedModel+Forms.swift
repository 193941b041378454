import CondenseCodecs
import CondenseTensors

// Tensors in the form in which stages left them, for code that computes with codes or indices.
extension CondensedModel {
  /// A quantized tensor's codes with their scales. Where a codebook's entries are quantized, the elements' codes are looked
  /// up in it.
  ///
  /// - Throws: ``CondensedModelError`` where the tensor is not quantized (``TensorDescription/form`` says so before), there
  ///   is none of the name, it is damaged, or larger than the limit.
  public func quantizedTensor(named name: String) throws(CondensedModelError) -> QuantizedTensor {
    let (tensor, quantization) = try quantized(name)
    let codes = try withStream(name) { _ throws(DecodingError) in try tensor.codes() }
    return QuantizedTensor(dtype: tensor.dtype, shape: tensor.shape, codes: codes, quantization: quantization)
  }

  /// Decodes the codes of an int8 or int4 tensor to memory of a byte an element; gives what they stand for.
  ///
  /// - Throws: ``CondensedModelError`` as ``quantizedTensor(named:)``, and where the type is another or the memory has
  ///   another size.
  public func decodeInt8Codes(
    of name: String, into memory: UnsafeMutableBufferPointer<Int8>
  ) throws(CondensedModelError) -> Quantization {
    let (tensor, quantization) = try quantized(name)
    guard quantization.type == .int8 || quantization.type == .int4 else {
      throw error(.noSuchForm, "its codes are \(quantization.type.rawValue)", name)
    }
    guard memory.count == tensor.shape.elementCount else {
      throw error(.wrongSize, "\(tensor.shape.elementCount) codes do not take \(memory.count) bytes", name)
    }
    try withStream(name) { _ throws(DecodingError) in
      try tensor.putCodes(into: UnsafeMutableRawBufferPointer(memory))
    }
    return quantization
  }

  /// A clustered tensor's indices with the codebook.
  ///
  /// - Throws: ``CondensedModelError`` where the tensor is not clustered (``TensorDescription/form`` says so before), there
  ///   is none of the name, it is damaged, or larger than the limit.
  public func clusteredTensor(named name: String) throws(CondensedModelError) -> ClusteredTensor {
    let tensor = try encoded(name)
    let codebook = try codebook(of: tensor, name)
    let indices = try withStream(name) { _ throws(DecodingError) in
      if tensor.mask == nil, case .indices(let indices, _) = tensor.payload { return indices }
      return try Bytes(count: tensor.shape.elementCount) {
        (target: UnsafeMutableRawBufferPointer) throws(DecodingError) in _ = try tensor.putIndices(into: target)
      }
    }
    return ClusteredTensor(dtype: tensor.dtype, shape: tensor.shape, indices: indices, codebook: codebook)
  }

  /// Decodes the indices of a clustered tensor to memory of a byte an element; gives the codebook.
  ///
  /// - Throws: ``CondensedModelError`` as ``clusteredTensor(named:)``, and where the memory has another size.
  public func decodeIndices(
    of name: String, into memory: UnsafeMutableBufferPointer<UInt8>
  ) throws(CondensedModelError) -> ClusteredTensor.Codebook {
    let tensor = try encoded(name)
    let codebook = try codebook(of: tensor, name)
    guard memory.count == tensor.shape.elementCount else {
      throw error(.wrongSize, "\(tensor.shape.elementCount) indices do not take \(memory.count) bytes", name)
    }
    _ = try withStream(name) { _ throws(DecodingError) in
      try tensor.putIndices(into: UnsafeMutableRawBufferPointer(memory))
    }
    return codebook
  }

  private func encoded(_ name: String) throws(CondensedModelError) -> EncodedTensor {
    _ = try limited(name)
    return try withStream(name) { stream throws(DecodingError) in
      try TensorCoder.decode(stream, byteLimit: byteLimit)
    }
  }

  private func quantized(
    _ name: String
  ) throws(CondensedModelError) -> (tensor: EncodedTensor, quantization: Quantization) {
    let tensor = try encoded(name)
    guard let quantized = tensor.quantization else { throw error(.noSuchForm, "it is not quantized", name) }
    let quantization = Quantization(
      type: quantized.type, granularity: quantized.granularity, scales: quantized.scales,
      zeroPoints: quantized.zeroPoints)
    return (tensor, quantization)
  }

  private func codebook(
    of tensor: EncodedTensor, _ name: String
  ) throws(CondensedModelError) -> ClusteredTensor.Codebook {
    let values = try withStream(name) { _ throws(DecodingError) in try tensor.codebookFloats() }
    guard case .indices(_, let codebook) = tensor.payload, let values else {
      throw error(.noSuchForm, "it is not clustered", name)
    }
    return ClusteredTensor.Codebook(
      size: codebook.size, channels: codebook.channels, values: values, mask: tensor.mask)
  }
}
