import CondenseTensors

/// Reads the coded parts of a stream whose prologue is known.
struct StreamReader {
  let prologue: StreamPrologue
  let byteLimit: Int

  func tensor(from reader: inout ByteReader) throws(DecodingError) -> EncodedTensor {
    let elements = prologue.shape.elementCount
    let (size, overflow) = elements.multipliedReportingOverflow(by: prologue.dtype.byteWidth)
    guard !overflow, size <= byteLimit else {
      throw reader.error("a tensor of \(prologue.shape) is larger than the limit of \(byteLimit) bytes")
    }
    var tensor = EncodedTensor(dtype: prologue.dtype, shape: prologue.shape, payload: .elements(.plain(Bytes())))
    switch prologue.payload {
    case .plain:
      let width = prologue.dtype.byteWidth
      let grid = try self.grid(width: width, from: &reader, zero: Array(repeating: 0, count: width))
      tensor.mask = grid.mask
      tensor.payload = .elements(.plain(grid.survivors))
    case .quantized(let layout):
      var quantized = try self.quantized(layout, parts: layout.partCount(prologue.shape), from: &reader)
      let grid = try self.grid(width: layout.type.codeWidth, from: &reader, zero: quantized.zeroCode)
      quantized.codes = grid.survivors
      tensor.mask = grid.mask
      tensor.payload = .elements(.quantized(quantized))
    case .indices(let size, let channels, let layout):
      let codebook = try self.codebook(size: size, channels: channels, layout, from: &reader)
      let shifts = prologue.isMasked && size <= 255
      let grid = try self.grid(width: 1, from: &reader, zero: shifts ? [0] : nil)
      let indices = shifts ? IndexShift.down(grid.survivors) : grid.survivors
      do {
        try ElementLoops.check(indices, below: size)
      } catch {
        throw reader.error(error.message)
      }
      tensor.mask = grid.mask
      tensor.payload = .indices(indices, codebook)
    }
    try checkEnd(reader)
    return tensor
  }

  /// Reads positions and elements; `zero` is what stands for zero among the elements.
  private func grid(
    width: Int, from reader: inout ByteReader, zero: [UInt8]?
  ) throws(DecodingError) -> ElementGrid {
    let count = prologue.shape.elementCount
    var mask: Bytes?
    switch prologue.placement {
    case .dense: break
    case .gaps:
      let gaps = try SymbolStream.read(prologue.gapCount, isExtended: prologue.isExtended, from: &reader)
      if !prologue.isMasked {
        // No mask is asked for: gaps lead to the elements' places without one.
        guard let zero else { throw reader.error("nothing stands for zero outside the mask") }
        let gapsEnd = reader.offset
        let grid = ElementGrid(
          width: width, zero: zero, elementCount: count, mask: nil,
          survivors: try planes(prologue.survivorCount, width: width, from: &reader))
        guard let full = grid.scattered(by: gaps) else {
          // The elements are read by now; what is wrong is before them.
          throw DecodingError(
            "the gaps do not lead to \(prologue.survivorCount) of \(count) elements", offset: gapsEnd)
        }
        return full
      }
      guard let found = GapList.mask(of: gaps, elementCount: count), found.count == prologue.survivorCount else {
        throw reader.error("the gaps do not lead to \(prologue.survivorCount) of \(count) elements")
      }
      mask = found.mask
    case .bitmap:
      let bitmap = try SymbolStream.read(Bitmap.byteCount(count), isExtended: prologue.isExtended, from: &reader)
      guard Bitmap.isWellFormed(bitmap, bitCount: count),
        Bitmap.popcount(bitmap, in: 0..<count) == prologue.survivorCount
      else { throw reader.error("the bitmap does not hold \(prologue.survivorCount) of \(count) elements") }
      mask = bitmap
    case .modelled:
      let coded = try reader.take(try reader.number("the positions' length"))
      let found = try PositionModel(prologue.shape).decoded(coded, survivorCount: prologue.survivorCount)
      guard found.count == prologue.survivorCount else {
        throw reader.error("the positions do not hold \(prologue.survivorCount) of \(count) elements")
      }
      mask = found.mask
    }
    let elements = try planes(prologue.survivorCount, width: width, from: &reader)
    let grid = ElementGrid(
      width: width, zero: zero, elementCount: count, mask: mask, survivors: elements)
    switch (prologue.isMasked, mask == nil) {
    case (true, true):
      guard let sparse = grid.withoutZeros else { throw reader.error("nothing stands for zero in a dense layout") }
      return sparse
    case (false, false):
      guard grid.zero != nil else { throw reader.error("nothing stands for zero outside the mask") }
      var full = grid
      full.survivors = grid.allElements
      full.mask = nil
      return full
    default: return grid
    }
  }

  /// Writes the tensor that the parts stand for to memory of just its size.
  func expand(
    from reader: inout ByteReader, into target: UnsafeMutableRawBufferPointer
  ) throws(DecodingError) {
    guard case .plain = prologue.payload, prologue.placement == .dense, !prologue.isMasked else {
      return try tensor(from: &reader).expand(into: target)
    }
    // Nothing is to be looked up or put in places, so the elements need not be put together elsewhere first.
    let planes = try separatePlanes(prologue.survivorCount, width: prologue.dtype.byteWidth, from: &reader)
    try checkEnd(reader)
    SymbolPlane.join(planes, into: target)
  }

  private func checkEnd(_ reader: ByteReader) throws(DecodingError) {
    guard reader.remaining == 0 else { throw reader.error("\(reader.remaining) bytes follow the tensor") }
  }

  /// Elements by byte planes.
  private func planes(_ count: Int, width: Int, from reader: inout ByteReader) throws(DecodingError) -> Bytes {
    SymbolPlane.joined(try separatePlanes(count, width: width, from: &reader))
  }

  /// The limit holds for each part, before memory is asked for.
  private func separatePlanes(
    _ count: Int, width: Int, from reader: inout ByteReader
  ) throws(DecodingError) -> [Bytes] {
    guard count <= byteLimit / width else {
      throw reader.error("\(count) elements of \(width) bytes are beyond the limit of \(byteLimit) bytes")
    }
    var planes: [Bytes] = []
    for _ in 0..<width { planes.append(try SymbolStream.read(count, isExtended: prologue.isExtended, from: &reader)) }
    return planes
  }

  private func quantized(
    _ layout: StreamPrologue.QuantizedLayout, parts: Int, from reader: inout ByteReader
  ) throws(DecodingError) -> Quantized {
    let scales = try planes(parts, width: 4, from: &reader).elements(of: Float.self)
    var zeroPoints: [Int32]?
    if layout.hasZeroPoints {
      zeroPoints = try planes(parts, width: 2, from: &reader).elements(of: Int16.self).map(Int32.init)
    }
    return Quantized(
      type: layout.type, codes: Bytes(), granularity: layout.granularity, scales: scales, zeroPoints: zeroPoints)
  }

  private func codebook(
    size: Int, channels: Int, _ layout: StreamPrologue.QuantizedLayout?, from reader: inout ByteReader
  ) throws(DecodingError) -> Codebook {
    // The prologue has checked that this fits.
    let entries = size * channels
    guard let layout else {
      let bytes = try planes(entries, width: prologue.dtype.byteWidth, from: &reader)
      return Codebook(size: size, channels: channels, elements: .plain(bytes))
    }
    let parts = !layout.type.isScaled ? 0 : layout.granularity == .channel ? channels : 1
    var quantized = try self.quantized(layout, parts: parts, from: &reader)
    quantized.codes = try planes(entries, width: layout.type.codeWidth, from: &reader)
    return Codebook(size: size, channels: channels, elements: .quantized(quantized))
  }
}
