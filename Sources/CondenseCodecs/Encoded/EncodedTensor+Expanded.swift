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
    let survivors = try survivorBytes()
    let bytes = mask.map { scatter(survivors, mask: $0) } ?? survivors
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

  private func survivorBytes() throws(DecodingError) -> Bytes {
    let count = try survivorCount()
    switch payload {
    case .stream: throw DecodingError("a stream cannot hold a stream")
    case .elements(.plain(let bytes)):
      guard bytes.count == count * dtype.byteWidth else {
        throw DecodingError(
          "\(count) elements of \(dtype.rawValue) take \(count * dtype.byteWidth) bytes, not \(bytes.count)")
      }
      return bytes
    case .elements(.quantized(let quantized)):
      return try sourceBytes(quantized.dequantized(counts: survivorCounts(quantized.granularity)))
    case .indices(let indices, let codebook):
      guard indices.count == count else {
        throw DecodingError("there are \(indices.count) indices for \(count) elements")
      }
      return try lookedUp(indices, codebook)
    }
  }

  /// For each part, how many of its elements are kept. Without elements there are no channels and no groups.
  private func survivorCounts(_ granularity: Granularity) -> [Int] {
    if shape.elementCount == 0 { return granularity == .tensor ? [0] : [] }
    let parts = ElementParts(granularity, shape: shape)
    return (0..<parts.count).map { part in
      mask.map { Bitmap.popcount($0, in: parts[part]) } ?? parts[part].count
    }
  }

  private func sourceBytes(_ values: [Float]) throws(DecodingError) -> Bytes {
    guard let bytes = dtype.bytes(values) else {
      throw DecodingError("\(dtype.rawValue) holds no floating-point numbers")
    }
    return bytes
  }

  private func lookedUp(_ indices: Bytes, _ codebook: Codebook) throws(DecodingError) -> Bytes {
    let entries = try codebook.entryCount(for: shape)
    let table = try codebook.entries(dtype: dtype)
    guard table.count == entries * dtype.byteWidth else {
      throw DecodingError("the codebook has \(table.count) bytes for \(entries) entries of \(dtype.rawValue)")
    }
    if let worst = indices.withUnsafeBytes({ $0.max() }), Int(worst) >= codebook.size {
      throw DecodingError("index \(worst) is beyond a codebook of \(codebook.size)")
    }
    let counts = survivorCounts(codebook.channels == 1 ? .tensor : .channel)
    switch dtype.byteWidth {
    case 1: return Self.gather(UInt8.self, indices, table, counts: counts, size: codebook.size)
    case 2: return Self.gather(UInt16.self, indices, table, counts: counts, size: codebook.size)
    case 4: return Self.gather(UInt32.self, indices, table, counts: counts, size: codebook.size)
    default: return Self.gather(UInt64.self, indices, table, counts: counts, size: codebook.size)
    }
  }

  private static func gather<T: BitwiseCopyable>(
    _ type: T.Type, _ indices: Bytes, _ table: Bytes, counts: [Int], size: Int
  ) -> Bytes {
    Bytes(count: indices.count * MemoryLayout<T>.stride) { raw in
      let target = raw.bindMemory(to: T.self)
      indices.withUnsafeBytes { indices in
        table.withElements(of: type) { table in
          var next = 0
          for (channel, count) in counts.enumerated() {
            let base = counts.count == 1 ? 0 : channel * size
            for position in next..<next + count {
              target.initializeElement(at: position, to: table[base + Int(indices[position])])
            }
            next += count
          }
        }
      }
    }
  }

  /// Puts kept elements in their places among zeros.
  private func scatter(_ survivors: Bytes, mask: Bytes) -> Bytes {
    switch dtype.byteWidth {
    case 1: Self.scatter(UInt8.self, survivors, mask: mask, count: shape.elementCount)
    case 2: Self.scatter(UInt16.self, survivors, mask: mask, count: shape.elementCount)
    case 4: Self.scatter(UInt32.self, survivors, mask: mask, count: shape.elementCount)
    default: Self.scatter(UInt64.self, survivors, mask: mask, count: shape.elementCount)
    }
  }

  private static func scatter<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, _ survivors: Bytes, mask: Bytes, count: Int
  ) -> Bytes {
    Bytes(count: count * MemoryLayout<T>.stride) { raw in
      let target = raw.bindMemory(to: T.self)
      target.initialize(repeating: 0)
      survivors.withElements(of: type) { source in
        var next = 0
        Bitmap.forEachSet(mask) { position in
          target[position] = source[next]
          next += 1
        }
      }
    }
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
      guard let bytes = dtype.bytes(try quantized.dequantized(counts: counts)) else {
        throw DecodingError("\(dtype.rawValue) holds no floating-point numbers")
      }
      return bytes
    }
  }
}

extension Quantized {
  /// The numbers that the codes stand for; `counts` says how many codes belong to each part.
  func dequantized(counts: [Int]) throws(DecodingError) -> [Float] {
    let count = counts.reduce(0, +)
    guard codes.count == count * type.codeWidth else {
      throw DecodingError("\(count) codes of \(type.rawValue) take \(count * type.codeWidth) bytes, not \(codes.count)")
    }
    guard type.isScaled else {
      return type == .float16
        ? codes.elements(of: UInt16.self).map { Half.float(from: $0) }
        : codes.elements(of: UInt16.self).map { BFloat16.float(from: $0) }
    }
    guard scales.count == counts.count, zeroPoints.map({ $0.count == counts.count }) ?? true else {
      throw DecodingError("there are \(scales.count) scales for \(counts.count) parts")
    }
    return codes.withUnsafeBytes { codes in
      [Float](unsafeUninitializedCapacity: count) { target, initialized in
        var next = 0
        for part in counts.indices {
          let scale = scales[part]
          let zero = zeroPoints?[part] ?? type.symmetricZeroPoint
          for position in next..<next + counts[part] {
            let value: Float =
              switch type {
              case .float8e4m3: Float8E4M3.float(from: codes[position])
              case .uint8: Float(Int32(codes[position]) &- zero)
              default: Float(Int32(Int8(bitPattern: codes[position])) &- zero)
              }
            target.initializeElement(at: position, to: value * scale)
          }
          next += counts[part]
        }
        initialized = count
      }
    }
  }
}

extension QuantizedType {
  /// The code that stands for zero where quantization is symmetric.
  public var symmetricZeroPoint: Int32 { self == .uint8 ? 128 : 0 }
}
