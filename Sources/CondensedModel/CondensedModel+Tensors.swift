import CondenseCodecs
import CondenseTensors

// Tensors in the type that they had in the source model.
extension CondensedModel {
  /// Decodes a tensor to the type and shape that it had in the source model. As always, its checksum is verified.
  ///
  /// - Throws: ``CondensedModelError`` where there is no tensor of the name, it is damaged, or larger than the limit.
  public func tensor(named name: String) throws(CondensedModelError) -> Tensor {
    let description = try limited(name)
    let bytes = try Bytes(count: description.byteCount) {
      (memory: UnsafeMutableRawBufferPointer) throws(CondensedModelError) in
      try decode(name, into: memory)
    }
    do {
      return try Tensor(dtype: description.dtype, shape: description.shape, bytes: bytes)
    } catch {
      throw self.error(.damaged, "\(error)", name)
    }
  }

  /// Decodes a tensor's elements, in row-major order and little-endian, to memory of ``TensorDescription/byteCount``
  /// bytes. Memory that is not aligned for the elements' type costs a copy.
  ///
  /// - Throws: ``CondensedModelError`` where the memory has another size, there is no tensor of the name, or it is damaged;
  ///   in the last case the memory holds anything.
  public func decode(_ name: String, into memory: UnsafeMutableRawBufferPointer) throws(CondensedModelError) {
    try decode(name, as: description(of: name).dtype, into: memory)
  }

  /// Decodes a tensor to a type, its own or one of floating-point numbers.
  func decode(
    _ name: String, as dtype: DType, into memory: UnsafeMutableRawBufferPointer
  ) throws(CondensedModelError) {
    let description = try description(of: name)
    guard dtype == description.dtype || description.dtype.isFloatingPoint else {
      throw error(.noSuchForm, "\(description.dtype.rawValue) holds no floating-point numbers", name)
    }
    let (byteCount, overflow) = description.shape.elementCount.multipliedReportingOverflow(by: dtype.byteWidth)
    guard !overflow, memory.count == byteCount else {
      throw error(
        .wrongSize,
        "\(dtype.rawValue) \(description.shape) does not take \(memory.count) bytes"
          + (overflow ? "" : " but \(byteCount)"),
        name)
    }
    let limit = max(byteLimit, byteCount)
    try withStream(name) { stream throws(DecodingError) in
      guard Int(bitPattern: memory.baseAddress) % dtype.byteWidth == 0 else {
        let aligned = try Bytes(count: memory.count) {
          (target: UnsafeMutableRawBufferPointer) throws(DecodingError) in
          try TensorCoder.decode(stream, as: dtype, into: target, byteLimit: limit)
        }
        return aligned.withUnsafeBytes { memory.copyMemory(from: $0) }
      }
      try TensorCoder.decode(stream, as: dtype, into: memory, byteLimit: limit)
    }
  }

  /// What a tensor is, if it is not too large to have memory asked for.
  func limited(_ name: String) throws(CondensedModelError) -> TensorDescription {
    let description = try description(of: name)
    // As float32 one may take more than in its own type.
    let width = max(description.dtype.byteWidth, 4)
    guard description.shape.elementCount <= byteLimit / width else {
      throw error(
        .tooLarge, "\(description.dtype.rawValue) \(description.shape) is larger than the limit of \(byteLimit) bytes",
        name)
    }
    return description
  }
}
