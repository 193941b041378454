import CondenseTensors

// A quantized tensor's codes, one for each element, as inference on small integers takes them.
extension EncodedTensor {
  /// What the codes of ``codes()`` stand for, without them; nil where neither the elements nor a codebook's entries are
  /// quantized.
  package var quantization: Quantized? {
    switch payload {
    case .stream, .elements(.plain): return nil
    case .elements(.quantized(var quantized)):
      quantized.codes = Bytes()
      return quantized
    case .indices(_, let codebook):
      guard case .quantized(var quantized) = codebook.elements else { return nil }
      quantized.codes = Bytes()
      quantized.granularity = quantized.granularity == .channel && codebook.channels > 1 ? .channel : .tensor
      return quantized
    }
  }

  /// A code for each element: looked up where there is a codebook, that of zero where the mask leaves the element out.
  /// Needs a ``quantization``.
  ///
  /// - Throws: ``DecodingError`` where the parts do not fit together.
  package func codes() throws(DecodingError) -> Bytes {
    try checkPayload()
    if mask == nil, case .elements(.quantized(let quantized)) = payload { return quantized.codes }
    return try Bytes(count: shape.elementCount * (quantization?.type.codeWidth ?? 0)) {
      (target: UnsafeMutableRawBufferPointer) throws(DecodingError) in try putCodes(into: target)
    }
  }

  /// Writes ``codes()`` to memory of just their size, aligned for codes.
  package func putCodes(into target: UnsafeMutableRawBufferPointer) throws(DecodingError) {
    try checkPayload()
    guard var quantization else { throw DecodingError("the tensor is not quantized") }
    precondition(target.count == shape.elementCount * quantization.type.codeWidth, "memory of another size")
    switch payload {
    case .indices(let indices, let codebook):
      guard mask != nil else { return try lookUpCodes(indices, codebook, into: target) }
      quantization.codes = try Bytes(count: indices.count * quantization.type.codeWidth) {
        (target: UnsafeMutableRawBufferPointer) throws(DecodingError) in
        try lookUpCodes(indices, codebook, into: target)
      }
    case .elements(.quantized(let quantized)): quantization.codes = quantized.codes
    case .stream, .elements(.plain): return
    }
    guard let mask, quantization.zeroCode == nil else {
      ElementGrid(
        width: quantization.type.codeWidth, zero: quantization.zeroCode, elementCount: shape.elementCount, mask: mask,
        survivors: quantization.codes
      ).putAllElements(into: target)
      return
    }
    // Each part has a zero of its own, which is its zero point.
    let parts = ElementParts(quantization.granularity, shape: shape)
    for (part, zeroPoint) in (quantization.zeroPoints ?? []).enumerated() where part < parts.count {
      target[parts[part]].initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: zeroPoint))
    }
    quantization.codes.withUnsafeBytes { codes in
      var next = 0
      Bitmap.forEachSet(mask) { position in
        target[position] = codes[next]
        next &+= 1
      }
    }
  }

  private func lookUpCodes(
    _ indices: Bytes, _ codebook: Codebook, into target: UnsafeMutableRawBufferPointer
  ) throws(DecodingError) {
    let entries = try codebook.entryCount(for: shape)
    guard case .quantized(let table) = codebook.elements, table.codes.count == entries * table.type.codeWidth else {
      throw DecodingError("the codebook does not have \(entries) entries")
    }
    try ElementLoops.check(indices, below: codebook.size)
    let counts = survivorCounts(codebook.channels == 1 ? .tensor : .channel)
    if table.type.codeWidth == 1 {
      ElementLoops.lookUp(UInt8.self, indices, table.codes, counts: counts, size: codebook.size, into: target)
    } else {
      ElementLoops.lookUp(UInt16.self, indices, table.codes, counts: counts, size: codebook.size, into: target)
    }
  }
}

extension EncodedTensor {
  /// For each element the index of its codebook entry, 0 where the mask leaves the element out, to memory of a byte an
  /// element; false where there are no indices.
  ///
  /// - Throws: ``DecodingError`` where the parts do not fit together.
  package func putIndices(into target: UnsafeMutableRawBufferPointer) throws(DecodingError) -> Bool {
    guard case .indices(let indices, _) = payload else { return false }
    try checkPayload()
    precondition(target.count == shape.elementCount, "memory of another size")
    ElementGrid(width: 1, zero: [0], elementCount: shape.elementCount, mask: mask, survivors: indices)
      .putAllElements(into: target)
    return true
  }

  /// The codebook's entries as float32, channel by channel; nil where there is none, or not of floating-point numbers.
  package func codebookFloats() throws(DecodingError) -> [Float]? {
    guard case .indices(_, let codebook) = payload else { return nil }
    _ = try codebook.entryCount(for: shape)
    return dtype.floats(try codebook.entries(dtype: dtype))
  }
}
