import CondenseCodecs
import CondenseTensors

/// What lossy stages need of a tensor: its elements as float32, in their places or only those that a mask keeps.
struct FloatInput {
  /// Little-endian float32 values.
  let floats: Bytes
  let count: Int

  /// - Throws: ``StageError`` for non-floating elements, and for a not-a-number or an infinity, naming its element.
  init(_ bytes: Bytes, dtype: DType, mask: Bytes? = nil) throws(StageError) {
    if dtype == .f32 {
      floats = bytes
    } else {
      guard let values = dtype.floats(bytes) else {
        throw StageError("\(dtype.rawValue) elements are no floating-point numbers")
      }
      floats = Bytes(elements: values)
    }
    count = floats.count / 4
    // Float64 can overflow when it is rounded, so the rounded values are what is looked at.
    if let index = FloatInput.firstNotFinite(floats) {
      let place = mask.map { Bitmap.position(of: index, in: $0) } ?? index
      throw StageError("the value is not finite", elementIndex: place)
    }
  }

  /// Calls `body` with the values' bit patterns.
  func withBits<T, E: Error>(_ body: (UnsafeBufferPointer<UInt32>) throws(E) -> T) throws(E) -> T {
    try floats.withElements(of: UInt32.self, body)
  }

  func withValues<T, E: Error>(_ body: (UnsafeBufferPointer<Float>) throws(E) -> T) throws(E) -> T {
    try floats.withElements(of: Float.self, body)
  }

  private static func firstNotFinite(_ floats: Bytes) -> Int? {
    floats.withElements(of: UInt32.self) { bits in
      // The largest magnitude first: one look at a register instead of a branch for each element.
      var largest: UInt32 = 0
      for value in bits { largest = max(largest, value & 0x7FFF_FFFF) }
      return largest < 0x7F80_0000 ? nil : bits.firstIndex { $0 & 0x7FFF_FFFF >= 0x7F80_0000 }
    }
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

  /// The tensor with a mask of its non-zero elements, taken from plain elements.
  ///
  /// Negative zeros become zeros. Returns the tensor as it is if it has a mask or no zero.
  func masked() -> EncodedTensor {
    guard mask == nil, case .elements(.plain(let bytes)) = payload else { return self }
    let mask = NonzeroMask.mask(bytes, dtype: dtype)
    guard mask.count < shape.elementCount else { return self }
    return EncodedTensor(
      dtype: dtype, shape: shape, mask: mask.bits,
      payload: .elements(.plain(Survivors.gathered(bytes, mask: mask.bits, count: mask.count, width: dtype.byteWidth))))
  }
}

/// Finds elements that are not zero.
enum NonzeroMask {
  static func mask(_ bytes: Bytes, dtype: DType) -> (bits: Bytes, count: Int) {
    switch dtype.byteWidth {
    case 1: mask(bytes, UInt8.self)
    case 2: mask(bytes, UInt16.self)
    case 4: mask(bytes, UInt32.self)
    default: mask(bytes, UInt64.self)
    }
  }

  private static func mask<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ bytes: Bytes, _ type: T.Type
  ) -> (bits: Bytes, count: Int) {
    // The sign bit does not make a zero anything else.
    let magnitude = T.max >> 1
    return bytes.withElements(of: type) { elements in
      var count = 0
      let bits = Bytes(count: Bitmap.byteCount(elements.count)) { target in
        for index in 0..<target.count {
          var byte: UInt8 = 0
          for bit in 0..<min(8, elements.count - index * 8) where elements[index * 8 + bit] & magnitude != 0 {
            byte |= 1 << UInt8(bit)
          }
          target[index] = byte
          count += byte.nonzeroBitCount
        }
      }
      return (bits, count)
    }
  }
}

/// Copies the elements that a mask keeps.
enum Survivors {
  static func gathered(_ bytes: Bytes, mask: Bytes, count: Int, width: Int) -> Bytes {
    switch width {
    case 1: gathered(bytes, mask, count, UInt8.self)
    case 2: gathered(bytes, mask, count, UInt16.self)
    case 4: gathered(bytes, mask, count, UInt32.self)
    default: gathered(bytes, mask, count, UInt64.self)
    }
  }

  private static func gathered<T: BitwiseCopyable>(
    _ bytes: Bytes, _ mask: Bytes, _ count: Int, _ type: T.Type
  ) -> Bytes {
    Bytes(count: count * MemoryLayout<T>.stride) { raw in
      let target = raw.bindMemory(to: T.self)
      bytes.withElements(of: type) { source in
        var next = 0
        Bitmap.forEachSet(mask) { position in
          target.initializeElement(at: next, to: source[position])
          next += 1
        }
      }
    }
  }
}
