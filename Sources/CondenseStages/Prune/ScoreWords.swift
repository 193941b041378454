/// Comparisons of 64 scores at a time, as the 64 bits that a mask holds of them.
enum ScoreWords {
  /// Whether elements are float32 weights that stand for themselves.
  static func areScores<Element>(_ elements: UnsafePointer<Element>, _ scores: UnsafePointer<UInt32>) -> Bool {
    MemoryLayout<Element>.stride == MemoryLayout<UInt32>.stride
      && UnsafeRawPointer(elements) == UnsafeRawPointer(scores)
  }

  /// Which of 64 magnitudes are above a bar.
  @inline(__always)
  static func above(_ bar: SIMD16<Int32>, _ scores: UnsafePointer<UInt32>) -> UInt64 {
    var word: UInt64 = 0
    for part in 0..<4 {
      let bits = MagnitudeLanes.load(scores + 16 * part)
      word |= MagnitudeLanes.packed(MagnitudeLanes.isGreater(bits, than: bar)) << UInt64(16 * part)
    }
    return word
  }

  /// The same; `seen` collects in its lanes' top bits whether a value was not finite.
  @inline(__always)
  static func above(
    _ bar: SIMD16<Int32>, _ scores: UnsafePointer<UInt32>, seen: inout MagnitudeLanes.Bits
  ) -> UInt64 {
    var word: UInt64 = 0
    for part in 0..<4 {
      let bits = MagnitudeLanes.load(scores + 16 * part)
      seen |= bits &+ MagnitudeLanes.overflow
      word |= MagnitudeLanes.packed(MagnitudeLanes.isGreater(bits, than: bar)) << UInt64(16 * part)
    }
    return word
  }
}
