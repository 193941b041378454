import CondenseTensors

/// Codes bits, each with a probability: writes what it is given, or ignores that and says what was written. So one model
/// serves both ways and cannot differ between them.
protocol BinaryCoder {
  /// - Parameter probability: of a one, in 1/4096, 1 to 4,095.
  mutating func code(_ bit: Int, probability: Int) -> Int
}

/// A range coder with carries, as in LZMA (Igor Pavlov; after G. N. N. Martin, "Range encoding", 1979).
///
/// A range of 32 bits is divided in proportion to the probabilities; bytes that can no longer change are written.
struct RangeEncoder: BinaryCoder {
  private(set) var bytes: [UInt8] = []
  private var low: UInt64 = 0
  private var range: UInt32 = .max
  /// The last byte that a carry may still change, and how many bytes of 255 follow it; none at first.
  private var held: UInt8?
  private var heldOnes = 0

  @inline(__always)
  mutating func code(_ bit: Int, probability: Int) -> Int {
    let bound = (range >> 12) &* UInt32(truncatingIfNeeded: probability)
    if bit != 0 {
      range = bound
    } else {
      low &+= UInt64(bound)
      range &-= bound
    }
    while range < 1 << 24 {
      range <<= 8
      shift()
    }
    return bit
  }

  private mutating func shift() {
    if low < 0xFF00_0000 || low > 0xFFFF_FFFF {
      let carry = UInt8(truncatingIfNeeded: low >> 32)
      if let held { bytes.append(held &+ carry) }
      for _ in 0..<heldOnes { bytes.append(0xFF &+ carry) }
      heldOnes = 0
      held = UInt8(truncatingIfNeeded: low >> 24)
    } else {
      heldOnes += 1
    }
    low = (low & 0x00FF_FFFF) << 8
  }

  /// Everything written, without zeros at the end: a decoder reads zeros there.
  mutating func finish() -> Bytes {
    for _ in 0..<5 { shift() }
    while bytes.last == 0 { bytes.removeLast() }
    return Bytes(bytes)
  }
}

/// Reads what ``RangeEncoder`` wrote.
struct RangeDecoder: BinaryCoder {
  private let source: Bytes
  private let start: UnsafePointer<UInt8>?
  private let count: Int
  private var next = 0
  private var code: UInt32 = 0
  private var range: UInt32 = .max

  init(_ source: Bytes) {
    // The bytes live as long as `source` does, which this holds.
    self.source = source
    start = source.withUnsafeBytes { $0.baseAddress?.assumingMemoryBound(to: UInt8.self) }
    count = source.count
    for _ in 0..<4 { code = code << 8 | nextByte() }
  }

  /// Whether all bytes were needed.
  var isAtEnd: Bool { next >= count }

  @inline(__always)
  private mutating func nextByte() -> UInt32 {
    defer { next &+= 1 }
    guard next < count, let start else { return 0 }
    return UInt32(start[next])
  }

  @inline(__always)
  mutating func code(_: Int, probability: Int) -> Int {
    let bound = (range >> 12) &* UInt32(truncatingIfNeeded: probability)
    let isOne = code < bound
    if isOne {
      range = bound
    } else {
      code &-= bound
      range &-= bound
    }
    while range < 1 << 24 {
      range <<= 8
      code = code << 8 | nextByte()
    }
    return isOne ? 1 : 0
  }
}
