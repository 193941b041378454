import CondenseTensors

extension EncodedTensor {
  /// The tensor that this stands for: decoded, looked up, dequantized, with zeros where the mask says, in the source's
  /// type and shape.
  ///
  /// - Throws: ``DecodingError`` where the parts do not fit together.
  public func expanded() throws(DecodingError) -> Tensor {
    if case .stream(let stream) = payload {
      let decoded = try TensorCoder.decode(stream)
      guard decoded.dtype == dtype, decoded.shape == shape else {
        throw DecodingError(
          "the stream holds \(decoded.dtype.rawValue) \(decoded.shape), not \(dtype.rawValue) \(shape)")
      }
      return try decoded.expanded()
    }
    let bytes = try expandedBytes()
    do {
      return try Tensor(dtype: dtype, shape: shape, bytes: bytes)
    } catch {
      throw DecodingError("\(error)")
    }
  }

  /// How many elements the payload has: all, or those that the mask keeps.
  ///
  /// - Throws: ``DecodingError`` where the mask is not one of the shape, or no memory could hold the elements.
  public func survivorCount() throws(DecodingError) -> Int {
    // From here on, a number of elements times any width is a number of bytes.
    guard shape.elementCount <= Int.max / EncodedTensor.widestElement else {
      throw DecodingError("a tensor of \(shape) has too many elements")
    }
    guard let mask else { return shape.elementCount }
    guard Bitmap.isWellFormed(mask, bitCount: shape.elementCount) else {
      throw DecodingError("the mask has \(mask.count) bytes and does not fit \(shape)")
    }
    return Bitmap.popcount(mask, in: 0..<shape.elementCount)
  }

  private static let widestElement = 8

  private func expandedBytes() throws(DecodingError) -> Bytes {
    guard let bytes = try elements(inPlace: true) else { throw DecodingError("a stream cannot hold a stream") }
    return bytes
  }

  /// The elements that the mask keeps (all, where there is none) in the source's type and in order; nil where they are
  /// in a stream.
  ///
  /// - Throws: ``DecodingError`` where the parts do not fit together.
  package func keptElements() throws(DecodingError) -> Bytes? { try elements(inPlace: false) }

  private func elements(inPlace isInPlace: Bool) throws(DecodingError) -> Bytes? {
    let count = try survivorCount()
    switch payload {
    case .stream: return nil
    case .elements(.plain(let bytes)):
      guard bytes.count == count * dtype.byteWidth else {
        throw DecodingError(
          "\(count) elements of \(dtype.rawValue) take \(count * dtype.byteWidth) bytes, not \(bytes.count)")
      }
      return isInPlace ? inPlace(bytes) : bytes
    case .elements(.quantized(let quantized)):
      let kept = try quantized.dequantized(counts: survivorCounts(quantized.granularity), dtype: dtype)
      return isInPlace ? inPlace(kept) : kept
    case .indices(let indices, let codebook):
      guard indices.count == count else {
        throw DecodingError("there are \(indices.count) indices for \(count) elements")
      }
      return try lookedUp(indices, codebook, inPlace: isInPlace)
    }
  }

  /// Kept elements in their places among zeros.
  private func inPlace(_ survivors: Bytes) -> Bytes {
    guard let mask else { return survivors }
    return ElementGrid(
      width: dtype.byteWidth, zero: Array(repeating: 0, count: dtype.byteWidth), elementCount: shape.elementCount,
      mask: mask, survivors: survivors
    ).allElements
  }

  /// For each part, how many of its elements are kept. Without elements there are no channels and no groups.
  private func survivorCounts(_ granularity: Granularity) -> [Int] {
    if shape.elementCount == 0 { return granularity == .tensor ? [0] : [] }
    let parts = ElementParts(granularity, shape: shape)
    return (0..<parts.count).map { part in
      mask.map { Bitmap.popcount($0, in: parts[part]) } ?? parts[part].count
    }
  }

  private func lookedUp(
    _ indices: Bytes, _ codebook: Codebook, inPlace isInPlace: Bool
  ) throws(DecodingError) -> Bytes {
    let entries = try codebook.entryCount(for: shape)
    let table = try codebook.entries(dtype: dtype)
    guard table.count == entries * dtype.byteWidth else {
      throw DecodingError("the codebook has \(table.count) bytes for \(entries) entries of \(dtype.rawValue)")
    }
    try ElementLoops.check(indices, below: codebook.size)
    switch dtype.byteWidth {
    case 1: return lookedUp(UInt8.self, indices, codebook, table, isInPlace)
    case 2: return lookedUp(UInt16.self, indices, codebook, table, isInPlace)
    case 4: return lookedUp(UInt32.self, indices, codebook, table, isInPlace)
    default: return lookedUp(UInt64.self, indices, codebook, table, isInPlace)
    }
  }

  private func lookedUp<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, _ indices: Bytes, _ codebook: Codebook, _ table: Bytes, _ isInPlace: Bool
  ) -> Bytes {
    // An entry of the only table goes to its place at once.
    if isInPlace, codebook.channels == 1, let mask {
      return ElementLoops.scattered(type, indices, table, mask, shape.elementCount)
    }
    let counts = survivorCounts(codebook.channels == 1 ? .tensor : .channel)
    let kept = ElementLoops.lookedUp(type, indices, table, counts: counts, size: codebook.size)
    return isInPlace ? inPlace(kept) : kept
  }
}

extension Codebook {
  /// How many entries a codebook of this shape has in all.
  ///
  /// - Throws: ``DecodingError`` where a tensor of `shape` can have no such codebook. One without elements has no
  ///   channels to speak of: memory must not follow an axis that holds nothing.
  func entryCount(for shape: Shape) throws(DecodingError) -> Int {
    let fits = channels == 1 || channels == shape.channelCount && (shape.elementCount > 0 || size == 0)
    let (entries, overflow) = size.multipliedReportingOverflow(by: channels)
    guard (0...256).contains(size), fits, !overflow, entries <= Int.max / 8 else {
      throw DecodingError("a codebook of \(channels) × \(size) does not fit \(shape)")
    }
    return entries
  }

  /// The entries in the source's type, channel by channel. Needs a checked ``entryCount(for:)``.
  func entries(dtype: DType) throws(DecodingError) -> Bytes {
    switch elements {
    case .plain(let bytes): return bytes
    case .quantized(let quantized):
      if size == 0 { return Bytes() }
      let counts =
        quantized.granularity == .channel ? Array(repeating: size, count: channels) : [size * channels]
      return try quantized.dequantized(counts: counts, dtype: dtype)
    }
  }
}
