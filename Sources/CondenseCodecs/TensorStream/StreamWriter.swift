import CondenseTensors

/// Writes one tensor's stream: picks the placement, then writes prologue, parts and checksum.
struct StreamWriter {
  let tensor: EncodedTensor
  let layout: StreamLayout
  let coding: SymbolCoding

  func stream() throws(DecodingError) -> Bytes {
    let grid = try tensor.grid()
    let placed = place(grid)
    var prologue = StreamPrologue(
      dtype: tensor.dtype, shape: tensor.shape, entropyCoded: !coding.isNone, isExtended: coding.isExtended,
      placement: placed.placement, isMasked: tensor.mask != nil, payload: try tensor.payloadLayout(),
      survivorCount: placed.count, gapCount: 0)
    if placed.placement == .gaps { prologue.gapCount = placed.positions.count }
    var writer = ByteWriter(capacity: placed.cost + 1024 + HuffmanBlocks.room(placed.count))
    prologue.write(to: &writer)
    switch tensor.payload {
    case .elements(.quantized(let quantized)): write(scales: quantized, to: &writer)
    case .indices(_, let codebook): write(codebook, to: &writer)
    case .elements(.plain), .stream: break
    }
    if let plan = placed.positionsPlan {
      SymbolStream.write(SymbolPlane(placed.positions), plan, coding, to: &writer)
    } else if placed.placement == .modelled {
      writer.number(placed.positions.count)
      writer.append(placed.positions)
    }
    // Only the winner's elements are put together.
    let elements = placed.elements()
    for (index, plan) in placed.plans.enumerated() {
      SymbolStream.write(SymbolPlane(elements, width: grid.width, index: index), plan, coding, to: &writer)
    }
    writer.checksum()
    return writer.finish()
  }

  private func write(planesOf elements: Bytes, width: Int, to writer: inout ByteWriter) {
    for (index, frequencies) in Frequencies.planes(of: elements, width: width).enumerated() {
      let plan = SymbolStream.plan(frequencies, coding)
      SymbolStream.write(SymbolPlane(elements, width: width, index: index), plan, coding, to: &writer)
    }
  }

  private func write(_ codebook: Codebook, to writer: inout ByteWriter) {
    switch codebook.elements {
    case .plain(let bytes): write(planesOf: bytes, width: tensor.dtype.byteWidth, to: &writer)
    case .quantized(let quantized):
      write(scales: quantized, to: &writer)
      write(planesOf: quantized.codes, width: quantized.type.codeWidth, to: &writer)
    }
  }

  private func write(scales quantized: Quantized, to writer: inout ByteWriter) {
    write(planesOf: Bytes(elements: quantized.scales), width: 4, to: &writer)
    if let zeroPoints = quantized.zeroPoints {
      write(planesOf: Bytes(elements: zeroPoints.map { Int16(truncatingIfNeeded: $0) }), width: 2, to: &writer)
    }
  }
}

extension EncodedTensor {
  /// The payload's elements as a stream places them.
  fileprivate func grid() throws(DecodingError) -> ElementGrid {
    let count = try survivorCount()
    var grid: ElementGrid
    switch payload {
    case .stream: throw DecodingError("the tensor is entropy-coded already")
    case .elements(.plain(let bytes)):
      let width = dtype.byteWidth
      grid = ElementGrid(
        width: width, zero: Array(repeating: 0, count: width), elementCount: shape.elementCount, mask: mask,
        survivors: bytes)
    case .elements(.quantized(let quantized)):
      grid = ElementGrid(
        width: quantized.type.codeWidth, zero: quantized.zeroCode, elementCount: shape.elementCount, mask: mask,
        survivors: quantized.codes)
    case .indices(let indices, let codebook):
      // With a mask, 0 stands for zero and the indices move up by one, if there is room.
      let shifts = mask != nil && codebook.size <= 255
      grid = ElementGrid(
        width: 1, zero: shifts ? [0] : nil, elementCount: shape.elementCount, mask: mask,
        survivors: shifts ? IndexShift.up(indices) : indices)
    }
    guard grid.survivors.count == count * grid.width else {
      throw DecodingError("\(count) elements take \(count * grid.width) bytes, not \(grid.survivors.count)")
    }
    return grid
  }

  fileprivate func payloadLayout() throws(DecodingError) -> StreamPrologue.PayloadLayout {
    switch payload {
    case .stream: throw DecodingError("the tensor is entropy-coded already")
    case .elements(.plain): return .plain
    case .elements(.quantized(let quantized)):
      let layout = StreamPrologue.QuantizedLayout(quantized)
      try quantized.checkScales(layout.partCount(shape))
      return .quantized(layout)
    case .indices(_, let codebook):
      let entries = try codebook.entryCount(for: shape)
      var layout: StreamPrologue.QuantizedLayout?
      if case .quantized(let quantized) = codebook.elements {
        try quantized.checkScales(quantized.granularity == .channel ? codebook.channels : 1)
        layout = StreamPrologue.QuantizedLayout(quantized)
      }
      guard try codebook.entries(dtype: dtype).count == entries * dtype.byteWidth else {
        throw DecodingError("the codebook does not have \(codebook.channels) × \(codebook.size) entries")
      }
      return .indices(size: codebook.size, channels: codebook.channels, quantized: layout)
    }
  }
}

extension Quantized {
  fileprivate func checkScales(_ parts: Int) throws(DecodingError) {
    let expected = type.isScaled ? parts : 0
    guard scales.count == expected, zeroPoints.map({ $0.count == expected }) ?? true else {
      throw DecodingError("there are \(scales.count) scales for \(expected) parts")
    }
  }

  /// The code of zero, if it is the same everywhere.
  var zeroCode: [UInt8]? {
    guard type.codeWidth == 1 else { return [0, 0] }
    guard let zeroPoints else { return [UInt8(truncatingIfNeeded: type.symmetricZeroPoint)] }
    guard let first = zeroPoints.first, zeroPoints.allSatisfy({ $0 == first }) else { return nil }
    return [UInt8(truncatingIfNeeded: first)]
  }
}

/// Indices moved up by one, to make room for a zero, and back.
enum IndexShift {
  static func up(_ indices: Bytes) -> Bytes { moved(indices, by: 1) }
  static func down(_ indices: Bytes) -> Bytes { moved(indices, by: 255) }

  private static func moved(_ indices: Bytes, by amount: UInt8) -> Bytes {
    Bytes(count: indices.count) { raw in
      let target = raw.bindMemory(to: UInt8.self)
      indices.withUnsafeBytes { source in
        for index in 0..<target.count { target[index] = source[index] &+ amount }
      }
    }
  }
}
