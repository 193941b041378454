import CondenseTensors

// A stage's artifact: a safetensors file whose tensors' names are roles. The form is told by the roles and by
// `__metadata__`, so that it comes back exactly; any safetensors reader can open it.
//
// values              the elements: plain in the source's type, or quantized codes
// mask                one bit an element, least significant first
// codebook, indices   [channels, size] and one byte an element
// scale, zero_point   of the values, or of the codebook
// streams             an entropy-coded stream
extension EncodedTensor {
  /// The blob, in parts that follow each other; a plain tensor's bytes are not copied.
  public func blobParts() -> [Bytes] {
    var roles: [(name: String, dtype: DType, shape: Shape)] = []
    var parts: [Bytes] = []
    var metadata: [String: String] = [:]
    func add(_ name: String, _ dtype: DType, _ shape: Shape, _ bytes: Bytes) {
      roles.append((name, dtype, shape))
      parts.append(bytes)
    }
    func add(_ name: String, _ quantized: Quantized, shape: Shape?) {
      let codes = quantized.storedCodes
      let values = Shape(vector: codes.count / quantized.type.storedDType.byteWidth)
      add(
        name, quantized.type.storedDType, shape.flatMap { $0.elementCount == values.elementCount ? $0 : nil } ?? values,
        codes)
      if quantized.type.isScaled {
        add("scale", .f32, Shape(vector: quantized.scales.count), Bytes(elements: quantized.scales))
      }
      if let zeroPoints = quantized.zeroPoints {
        add("zero_point", .i32, Shape(vector: zeroPoints.count), Bytes(elements: zeroPoints))
      }
      metadata["quantized"] = quantized.type.rawValue
      metadata["granularity"] = quantized.granularity.text
      if quantized.type == .int4 { metadata["codes"] = String(quantized.codes.count) }
    }

    switch payload {
    case .stream(let stream):
      add("streams", .u8, Shape(vector: stream.count), stream)
    case .elements(.plain(let bytes)):
      if let mask {
        // The mask can be told from all elements, so the smaller of the two is kept.
        let saved = (shape.elementCount * dtype.byteWidth - bytes.count) - mask.count
        if saved > 0 {
          add("mask", .u8, Shape(vector: mask.count), mask)
          add("values", dtype, Shape(vector: bytes.count / dtype.byteWidth), bytes)
        } else if let full = try? expanded() {
          metadata["mask"] = "implied"
          add("values", dtype, shape, full.bytes)
        }
      } else {
        add("values", dtype, shape, bytes)
      }
    case .elements(.quantized(let quantized)):
      if let mask { add("mask", .u8, Shape(vector: mask.count), mask) }
      add("values", quantized, shape: mask == nil ? shape : nil)
    case .indices(let indices, let codebook):
      if let mask { add("mask", .u8, Shape(vector: mask.count), mask) }
      let codebookShape = try? Shape([codebook.channels, codebook.size])
      switch codebook.elements {
      case .plain(let bytes):
        add("codebook", dtype, codebookShape ?? Shape(vector: bytes.count / dtype.byteWidth), bytes)
      case .quantized(let quantized): add("codebook", quantized, shape: codebookShape)
      }
      add("indices", .u8, mask == nil ? shape : Shape(vector: indices.count), indices)
      metadata["codebook"] = "\(codebook.channels) \(codebook.size)"
    }
    // A plain tensor's blob says everything by itself and carries no metadata: it is the tensor's canonical form.
    let isPlain = mask == nil && metadata.isEmpty && roles.first?.name == "values"
    if !isPlain {
      metadata["dtype"] = dtype.rawValue
      metadata["shape"] = shape.dimensions.map(String.init).joined(separator: " ")
    }
    guard let header = try? SafetensorsHeader.laidOut(roles, metadata: metadata) else {
      preconditionFailure("tensors in memory fit in a file")
    }
    return [header.encoded()] + parts
  }

  /// Reads a blob.
  ///
  /// - Throws: ``DecodingError`` where it is none, or its parts do not fit together.
  public init(blob: Bytes) throws(DecodingError) {
    let reader = try BlobReader(blob)
    let metadata = reader.header.metadata
    guard !metadata.isEmpty else {
      guard let entry = reader.header.entries.first, reader.header.entries.count == 1, entry.name == "values" else {
        throw DecodingError("the artifact is no tensor")
      }
      self.init(
        dtype: entry.dtype, shape: entry.shape, payload: .elements(.plain(try reader.bytes("values", entry.dtype))))
      return
    }
    guard let dtype = metadata["dtype"].flatMap(DType.init), let shape = BlobReader.shape(metadata["shape"]) else {
      throw DecodingError("the artifact does not say its tensor's type and shape")
    }
    var mask = reader.has("mask") ? try reader.bytes("mask", .u8) : nil
    let payload: Payload
    if reader.has("streams") {
      payload = .stream(try reader.bytes("streams", .u8))
    } else if reader.has("indices") {
      let numbers = (metadata["codebook"] ?? "").split(separator: " ").compactMap { Int($0) }
      guard numbers.count == 2, numbers[0] >= 1, (0...256).contains(numbers[1]) else {
        throw DecodingError("the artifact does not say its codebook's size")
      }
      let elements: Elements =
        metadata["quantized"] == nil
        ? .plain(try reader.bytes("codebook", dtype)) : .quantized(try reader.quantized("codebook"))
      payload = .indices(
        try reader.bytes("indices", .u8), Codebook(size: numbers[1], channels: numbers[0], elements: elements))
    } else if metadata["quantized"] != nil {
      payload = .elements(.quantized(try reader.quantized("values")))
    } else {
      let values = try reader.bytes("values", dtype)
      if metadata["mask"] == "implied" {
        let (size, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.byteWidth)
        guard !overflow, values.count == size else {
          throw DecodingError("the artifact's values do not fill \(shape)")
        }
        let grid = ElementGrid(
          width: dtype.byteWidth, zero: Array(repeating: 0, count: dtype.byteWidth), elementCount: shape.elementCount,
          mask: nil, survivors: values
        ).withoutZeros
        mask = grid?.mask
        payload = .elements(.plain(grid?.survivors ?? values))
      } else {
        payload = .elements(.plain(values))
      }
    }
    self.init(dtype: dtype, shape: shape, mask: mask, payload: payload)
    try checkCounts()
  }

  /// That a read artifact's parts have the sizes that its shape asks for.
  private func checkCounts() throws(DecodingError) {
    let count = try survivorCount()
    let found: Int
    switch payload {
    case .stream: return
    case .elements(.plain(let bytes)): found = bytes.count / dtype.byteWidth
    case .elements(.quantized(let quantized)): found = quantized.codes.count / quantized.type.codeWidth
    case .indices(let indices, _): found = indices.count
    }
    guard found == count else { throw DecodingError("the artifact has \(found) elements, not \(count)") }
  }
}

/// A blob's roles.
private struct BlobReader {
  let header: SafetensorsHeader
  private let data: Bytes

  init(_ blob: Bytes) throws(DecodingError) {
    do {
      let length = try SafetensorsHeader.jsonByteCount(prefix: blob, fileByteCount: blob.count)
      let start = SafetensorsHeader.prefixByteCount + length
      data = blob[start..<blob.count]
      header = try SafetensorsHeader(
        json: blob[SafetensorsHeader.prefixByteCount..<start], dataByteCount: data.count)
    } catch {
      throw DecodingError("the artifact is no safetensors file: \(error.message)", offset: error.offset)
    }
  }

  func has(_ role: String) -> Bool { header.entries.contains { $0.name == role } }

  func bytes(_ role: String, _ dtype: DType) throws(DecodingError) -> Bytes {
    guard let entry = header.entries.first(where: { $0.name == role }), entry.dtype == dtype else {
      throw DecodingError("the artifact has no \(role) of \(dtype.rawValue)")
    }
    return data[entry.range]
  }

  func quantized(_ role: String) throws(DecodingError) -> Quantized {
    guard let type = header.metadata["quantized"].flatMap(QuantizedType.init),
      let granularity = Granularity(text: header.metadata["granularity"] ?? "")
    else { throw DecodingError("the artifact does not say how it is quantized") }
    let scales = type.isScaled ? try bytes("scale", .f32).elements(of: Float.self) : []
    let zeroPoints = has("zero_point") ? try bytes("zero_point", .i32).elements(of: Int32.self) : nil
    var codes = try bytes(role, type.storedDType)
    if type == .int4 {
      guard let count = header.metadata["codes"].flatMap({ Int($0) }), count >= 0,
        codes.count == count / 2 + count % 2
      else { throw DecodingError("the artifact does not say how many 4-bit codes it has") }
      codes = Nibbles.unpacked(codes, count: count)
    }
    return Quantized(type: type, codes: codes, granularity: granularity, scales: scales, zeroPoints: zeroPoints)
  }

  static func shape(_ text: String?) -> Shape? {
    guard let text else { return nil }
    let parts = text.split(separator: " ").map { Int($0) }
    let numbers = parts.compactMap { $0 }
    return numbers.count == parts.count ? try? Shape(numbers) : nil
  }
}
