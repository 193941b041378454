import CondenseTensors

// A tensor in another floating-point type than its own: the values are those of its own type, by way of float32 and
// rounded to nearest even.
extension EncodedTensor {
  /// Writes what ``expanded()`` gives, in another type, to memory of just that size.
  ///
  /// A codebook's few entries are converted rather than all elements, and codes go straight to the type that is wanted.
  ///
  /// - Throws: ``DecodingError`` where the parts do not fit together, or the tensor holds no floating-point numbers.
  func expand(as other: DType, into target: UnsafeMutableRawBufferPointer) throws(DecodingError) {
    guard dtype.isFloatingPoint, other.isFloatingPoint else {
      throw DecodingError("\(dtype.rawValue) holds no floating-point numbers")
    }
    var converted = self
    converted.dtype = other
    switch payload {
    case .stream: throw DecodingError("a stream cannot hold a stream")
    case .elements(.plain(let bytes)):
      if mask == nil, bytes.count == shape.elementCount * dtype.byteWidth {
        _ = dtype.convert(bytes, to: other, into: target)
        return
      }
      converted.payload = .elements(.plain(convert(bytes, to: other)))
    case .elements(.quantized):
      // Codes stand for float32 numbers, which only these two types hold as they are.
      guard dtype == .f32 || dtype == .f64 else {
        let own = try expanded()
        _ = dtype.convert(own.bytes, to: other, into: target)
        return
      }
    case .indices(let indices, var codebook):
      codebook.elements = .plain(convert(try codebook.entries(dtype: dtype), to: other))
      converted.payload = .indices(indices, codebook)
    }
    try converted.expand(into: target)
  }

  private func convert(_ bytes: Bytes, to other: DType) -> Bytes {
    Bytes(count: bytes.count / dtype.byteWidth * other.byteWidth) { _ = dtype.convert(bytes, to: other, into: $0) }
  }
}
