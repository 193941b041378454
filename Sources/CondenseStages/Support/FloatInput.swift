import CondenseCodecs
import CondenseTensors

/// What lossy stages need of a tensor: its elements as float32, in their places or only those that a mask keeps.
struct FloatInput {
  /// Little-endian float32 values.
  let floats: Bytes
  let count: Int

  /// - Throws: ``StageError`` for non-floating elements.
  init(_ bytes: Bytes, dtype: DType) throws(StageError) {
    switch dtype {
    case .f64: floats = FloatInput.rounded(bytes)
    default:
      guard let values = dtype.floatBytes(bytes) else {
        throw StageError("\(dtype.rawValue) elements are no floating-point numbers")
      }
      floats = values
    }
    count = floats.count / 4
  }

  /// Float64 as float32; what is too small takes the least number that is not zero, so that only zeros are zeros.
  private static func rounded(_ bytes: Bytes) -> Bytes {
    Bytes(count: bytes.count / 2) { target in
      bytes.withElements(of: Double.self) { values in
        for index in 0..<values.count {
          var value = Float(values[index])
          if value == 0 && values[index] != 0 {
            value = values[index] < 0 ? -.leastNonzeroMagnitude : .leastNonzeroMagnitude
          }
          target.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
        }
      }
    }
  }

  /// Looks for a not-a-number or an infinity; a float64 that float32 has no number for is one.
  ///
  /// - Throws: ``StageError`` with the first one's place in the tensor, which for survivors the mask tells.
  func checkFinite(mask: Bytes? = nil) throws(StageError) {
    if withValues({ ValueRange.of($0) }) == nil { throw notFinite(mask: mask) }
  }

  /// The error for the first value that is not finite, for kernels that meet one on their way.
  func notFinite(mask: Bytes? = nil) -> StageError {
    let index = withBits { bits in
      bits.firstIndex { $0 & MagnitudeLanes.signless >= MagnitudeLanes.infinity } ?? 0
    }
    return StageError("the value is not finite", elementIndex: mask.map { Bitmap.position(of: index, in: $0) } ?? index)
  }

  /// Calls `body` with the values' bit patterns.
  func withBits<T, E: Error>(_ body: (UnsafeBufferPointer<UInt32>) throws(E) -> T) throws(E) -> T {
    try floats.withElements(of: UInt32.self, body)
  }

  func withValues<T, E: Error>(_ body: (UnsafeBufferPointer<Float>) throws(E) -> T) throws(E) -> T {
    try floats.withElements(of: Float.self, body)
  }
}

extension Bitmap {
  /// The position of the set bit that has `rank` set bits before it.
  static func position(of rank: Int, in mask: Bytes) -> Int {
    var seen = 0
    var found = 0
    Bitmap.forEachSet(mask) { position in
      if seen == rank { found = position }
      seen += 1
    }
    return found
  }
}

extension EncodedTensor {
  /// What earlier stages have made of it.
  var form: TensorForm {
    var form = TensorForm()
    form.isMasked = mask != nil
    switch payload {
    case .elements(.plain): break
    case .elements(.quantized): form.isQuantized = true
    case .indices(_, let codebook):
      form.isClustered = true
      if case .quantized = codebook.elements { form.isQuantized = true }
    case .stream: form.isCoded = true
    }
    return form
  }
}
