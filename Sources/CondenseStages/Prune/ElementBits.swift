/// Bits of elements that are not zero.
enum ElementBits {
  /// Sets the bits of the elements in `range` that are not zero.
  static func setNonzero(
    _ scores: UnsafePointer<UInt32>, _ range: Range<Int>, in mask: UnsafeMutableRawBufferPointer
  ) {
    var position = range.lowerBound
    while position < range.upperBound && position % 8 != 0 {
      mask[position >> 3] |= (scores[position] & MagnitudeLanes.signless == 0 ? 0 : 1) << UInt8(position & 7)
      position += 1
    }
    let zero = SIMD16<Int32>(repeating: 0)
    while position + 64 <= range.upperBound {
      mask.storeBytes(
        of: ScoreWords.above(zero, scores + position).littleEndian, toByteOffset: position / 8, as: UInt64.self)
      position += 64
    }
    while position < range.upperBound {
      mask[position >> 3] |= (scores[position] & MagnitudeLanes.signless == 0 ? 0 : 1) << UInt8(position & 7)
      position += 1
    }
  }
}
