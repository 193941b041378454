import CondenseTensors

// The same to spans, where a compiler watches over the memory.
extension CondensedModel {
  /// Decodes a tensor's elements, in row-major order and little-endian, to a span of ``TensorDescription/byteCount`` bytes.
  ///
  /// - Throws: as ``decode(_:into:)-(_,UnsafeMutableRawBufferPointer)``.
  public func decode(_ name: String, into memory: inout MutableRawSpan) throws(CondensedModelError) {
    try memory.withUnsafeMutableBytes { (memory: UnsafeMutableRawBufferPointer) throws(CondensedModelError) in
      try decode(name, into: memory)
    }
  }

  /// Decodes a tensor's elements as float32 to a span of as many.
  ///
  /// - Throws: as ``decodeFloats(of:into:)-(_,UnsafeMutableBufferPointer<Float>)``.
  public func decodeFloats(of name: String, into memory: inout MutableSpan<Float>) throws(CondensedModelError) {
    try memory.withUnsafeMutableBufferPointer {
      (memory: UnsafeMutableBufferPointer<Float>) throws(CondensedModelError) in
      try decodeFloats(of: name, into: memory)
    }
  }

  /// Decodes a tensor's elements as the bits of float16 to a span of as many.
  ///
  /// - Throws: as ``decodeFloats(of:into:)-(_,UnsafeMutableBufferPointer<Float>)``.
  public func decodeFloat16Bits(of name: String, into memory: inout MutableSpan<UInt16>) throws(CondensedModelError) {
    try memory.withUnsafeMutableBufferPointer {
      (memory: UnsafeMutableBufferPointer<UInt16>) throws(CondensedModelError) in
      try decodeFloat16Bits(of: name, into: memory)
    }
  }
}
