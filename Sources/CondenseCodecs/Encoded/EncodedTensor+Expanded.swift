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
    // Before memory is asked for.
    try checkPayload()
    let bytes: Bytes
    if mask == nil, case .elements(.plain(let all)) = payload {
      bytes = all
    } else {
      bytes = try Bytes(count: shape.elementCount * dtype.byteWidth) {
        (target: UnsafeMutableRawBufferPointer) throws(DecodingError) in try expand(into: target)
      }
    }
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

  /// - Throws: ``DecodingError`` where there are not as many elements as the shape and the mask say.
  func checkPayload() throws(DecodingError) {
    let count = try survivorCount()
    switch payload {
    case .stream: throw DecodingError("a stream cannot hold a stream")
    case .elements(.plain(let bytes)):
      guard bytes.count == count * dtype.byteWidth else {
        throw DecodingError(
          "\(count) elements of \(dtype.rawValue) take \(count * dtype.byteWidth) bytes, not \(bytes.count)")
      }
    case .elements(.quantized(let quantized)):
      guard quantized.codes.count == count * quantized.type.codeWidth else {
        throw DecodingError(
          "\(count) codes of \(quantized.type.rawValue) take \(count * quantized.type.codeWidth) bytes, not "
            + "\(quantized.codes.count)")
      }
    case .indices(let indices, _):
      guard indices.count == count else {
        throw DecodingError("there are \(indices.count) indices for \(count) elements")
      }
    }
  }

  /// Writes what ``expanded()`` gives to memory of just its size, aligned for the elements.
  ///
  /// - Throws: ``DecodingError`` where the parts do not fit together; the memory holds anything then.
  func expand(into target: UnsafeMutableRawBufferPointer) throws(DecodingError) {
    try checkPayload()
    precondition(target.count == shape.elementCount * dtype.byteWidth, "memory of another size")
    switch payload {
    case .stream: throw DecodingError("a stream cannot hold a stream")
    case .elements(.plain(let bytes)): put(bytes, into: target)
    case .elements(.quantized(let quantized)):
      let counts = survivorCounts(quantized.granularity)
      guard mask != nil else { return try quantized.dequantize(counts: counts, dtype: dtype, into: target) }
      put(try quantized.dequantized(counts: counts, dtype: dtype), into: target)
    case .indices(let indices, let codebook): try lookUp(indices, codebook, into: target, inPlace: true)
    }
  }

  /// The elements that the mask keeps (all, where there is none) in the source's type and in order; nil where they are
  /// in a stream.
  ///
  /// - Throws: ``DecodingError`` where the parts do not fit together.
  package func keptElements() throws(DecodingError) -> Bytes? {
    if case .stream = payload { return nil }
    try checkPayload()
    switch payload {
    case .stream: return nil
    case .elements(.plain(let bytes)): return bytes
    case .elements(.quantized(let quantized)):
      return try quantized.dequantized(counts: survivorCounts(quantized.granularity), dtype: dtype)
    case .indices(let indices, let codebook):
      return try Bytes(count: indices.count * dtype.byteWidth) {
        (target: UnsafeMutableRawBufferPointer) throws(DecodingError) in
        try lookUp(indices, codebook, into: target, inPlace: false)
      }
    }
  }

  /// Kept elements to their places among zeros.
  private func put(_ survivors: Bytes, into target: UnsafeMutableRawBufferPointer) {
    ElementGrid(
      width: dtype.byteWidth, zero: Array(repeating: 0, count: dtype.byteWidth), elementCount: shape.elementCount,
      mask: mask, survivors: survivors
    ).putAllElements(into: target)
  }

  /// For each part, how many of its elements are kept. Without elements there are no channels and no groups.
  func survivorCounts(_ granularity: Granularity) -> [Int] {
    if shape.elementCount == 0 { return granularity == .tensor ? [0] : [] }
    let parts = ElementParts(granularity, shape: shape)
    return (0..<parts.count).map { part in
      mask.map { Bitmap.popcount($0, in: parts[part]) } ?? parts[part].count
    }
  }

  /// - Parameter isInPlace: whether elements go to their places among zeros.
  private func lookUp(
    _ indices: Bytes, _ codebook: Codebook, into target: UnsafeMutableRawBufferPointer, inPlace isInPlace: Bool
  ) throws(DecodingError) {
    let entries = try codebook.entryCount(for: shape)
    let table = try codebook.entries(dtype: dtype)
    guard table.count == entries * dtype.byteWidth else {
      throw DecodingError("the codebook has \(table.count) bytes for \(entries) entries of \(dtype.rawValue)")
    }
    try ElementLoops.check(indices, below: codebook.size)
    switch dtype.byteWidth {
    case 1: lookUp(UInt8.self, indices, codebook, table, into: target, isInPlace)
    case 2: lookUp(UInt16.self, indices, codebook, table, into: target, isInPlace)
    case 4: lookUp(UInt32.self, indices, codebook, table, into: target, isInPlace)
    default: lookUp(UInt64.self, indices, codebook, table, into: target, isInPlace)
    }
  }

  private func lookUp<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, _ indices: Bytes, _ codebook: Codebook, _ table: Bytes, into target: UnsafeMutableRawBufferPointer,
    _ isInPlace: Bool
  ) {
    if isInPlace, codebook.channels == 1, let mask {
      return ElementLoops.lookUp(type, indices, table, mask, into: target)
    }
    let counts = survivorCounts(codebook.channels == 1 ? .tensor : .channel)
    guard isInPlace, mask != nil else {
      return ElementLoops.lookUp(type, indices, table, counts: counts, size: codebook.size, into: target)
    }
    let survivors = Bytes(count: indices.count * (T.bitWidth / 8)) {
      ElementLoops.lookUp(type, indices, table, counts: counts, size: codebook.size, into: $0)
    }
    put(survivors, into: target)
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
