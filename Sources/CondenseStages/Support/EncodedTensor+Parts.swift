import CondenseCodecs
import CondenseTensors

extension EncodedTensor {
  /// Checks that mask, elements and codebook have the sizes that the shape asks for.
  ///
  /// A stage is public, so what it is given may be anything; behind this check its loops need none.
  ///
  /// - Throws: ``StageError`` where the parts do not fit together.
  func checkParts() throws(StageError) {
    let count: Int
    do { count = try survivorCount() } catch { throw StageError(error.message) }
    switch payload {
    case .stream: return
    case .elements(let elements): try check(elements, count: count, of: "\(count) elements")
    case .indices(let indices, let codebook):
      guard indices.count == count else { throw StageError("there are \(indices.count) indices for \(count) elements") }
      let (entries, overflow) = codebook.size.multipliedReportingOverflow(by: codebook.channels)
      guard (0...256).contains(codebook.size), codebook.channels == 1 || codebook.channels == shape.channelCount,
        !overflow
      else { throw StageError("a codebook of \(codebook.channels) × \(codebook.size) does not fit \(shape)") }
      try check(codebook.elements, count: entries, of: "\(entries) codebook entries")
    }
  }

  private func check(_ elements: Elements, count: Int, of what: String) throws(StageError) {
    let (bytes, width) =
      switch elements {
      case .plain(let bytes): (bytes, dtype.byteWidth)
      case .quantized(let quantized): (quantized.codes, quantized.type.codeWidth)
      }
    // Divided, not multiplied: a shape's count times a width may overflow.
    guard bytes.count % width == 0, bytes.count / width == count else {
      throw StageError("\(bytes.count) bytes are not \(what)")
    }
  }
}
