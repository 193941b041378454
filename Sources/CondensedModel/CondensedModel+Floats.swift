import CondenseTensors

// Tensors as floating-point numbers, whatever floating-point type they had: rounded to nearest even where the type that
// is asked for is smaller, by way of float32.
extension CondensedModel {
  /// Decodes a tensor's elements as float32, in row-major order.
  ///
  /// - Throws: ``CondensedModelError`` where the tensor holds no floating-point numbers, there is none of the name, it is
  ///   damaged, or larger than the limit.
  public func floats(of name: String) throws(CondensedModelError) -> [Float] { try elements(of: name, as: .f32) }

  /// Decodes a tensor's elements as float32 to memory of as many.
  ///
  /// - Throws: ``CondensedModelError`` where the tensor has another number of elements or holds no floating-point numbers,
  ///   there is none of the name, or it is damaged; in the last case the memory holds anything.
  public func decodeFloats(
    of name: String, into memory: UnsafeMutableBufferPointer<Float>
  ) throws(CondensedModelError) {
    try decode(name, as: .f32, into: UnsafeMutableRawBufferPointer(memory))
  }

  /// Decodes a tensor's elements as the bits of float16 (IEEE 754 binary16), in row-major order.
  ///
  /// - Throws: as ``floats(of:)``.
  public func float16Bits(of name: String) throws(CondensedModelError) -> [UInt16] {
    try elements(of: name, as: .f16)
  }

  /// Decodes a tensor's elements as the bits of float16 to memory of as many.
  ///
  /// - Throws: as ``decodeFloats(of:into:)-(_,UnsafeMutableBufferPointer<Float>)``.
  public func decodeFloat16Bits(
    of name: String, into memory: UnsafeMutableBufferPointer<UInt16>
  ) throws(CondensedModelError) {
    try decode(name, as: .f16, into: UnsafeMutableRawBufferPointer(memory))
  }

  private func elements<Element: BitwiseCopyable>(
    of name: String, as dtype: DType
  ) throws(CondensedModelError) -> [Element] {
    let description = try limited(name)
    // Before memory is asked for.
    guard description.dtype.isFloatingPoint else {
      throw error(.noSuchForm, "\(description.dtype.rawValue) holds no floating-point numbers", name)
    }
    let count = description.shape.elementCount
    // The array's own initializer throws no typed errors.
    var failure: CondensedModelError?
    let elements = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(CondensedModelError) {
        let memory = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
        try decode(name, as: dtype, into: memory)
        initialized = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return elements
  }
}
