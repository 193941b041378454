import CondenseTensors

extension ErrorSums {
  /// Sums over a result that is zero but where a mask has a bit set; there it has the elements of `kept`, in their order.
  ///
  /// What was zeroed is summed where it stands, in lanes as elsewhere; the others' sources are gathered, and held to what
  /// became of them a block at a time. So nothing is expanded, and the source is read once.
  ///
  /// - Parameter mask: a bitmap of the source's elements with as many bits set as `kept` has elements.
  init(_ source: UnsafeBufferPointer<Float>, kept: UnsafeBufferPointer<Float>, mask: UnsafeRawBufferPointer) {
    self = withUnsafeTemporaryAllocation(of: Float.self, capacity: MaskedSums.block + 64) { gathered in
      guard let base = UnsafeRawPointer(source.baseAddress), let place = gathered.baseAddress else {
        return ErrorSums()
      }
      var sums = MaskedSums(gathered: place, kept: kept)
      let words = source.count / 64
      for word in 0..<words {
        sums.add(
          base + 256 &* word, UInt64(littleEndian: mask.loadUnaligned(fromByteOffset: 8 &* word, as: UInt64.self)))
      }
      // Zeros on both sides add nothing.
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 64) { last in
        last.initialize(repeating: 0)
        for index in 64 * words..<source.count { last[index - 64 * words] = source[index] }
        var bits: UInt64 = 0
        for index in 8 * words..<mask.count { bits |= UInt64(mask[index]) << UInt64(8 * (index - 8 * words)) }
        if let last = last.baseAddress { sums.add(UnsafeRawPointer(last), bits) }
      }
      return sums.finish()
    }
  }
}

private struct MaskedSums {
  /// Few enough elements to stay in the first-level cache; a word's more fit behind them.
  static let block = 1024

  private let gathered: UnsafeMutablePointer<Float>
  private let kept: UnsafeBufferPointer<Float>
  private var count = 0
  private var done = 0
  private var sums = ErrorSums()
  /// ΣW² over what was zeroed, and the largest |W|.
  private var energy = SIMD4<Double>.zero
  private var largest = SIMD4<Float>.zero

  init(gathered: UnsafeMutablePointer<Float>, kept: UnsafeBufferPointer<Float>) {
    self.gathered = gathered
    self.kept = kept
  }

  /// Adds 64 elements, of which those are kept whose bit is set.
  @inline(__always)
  mutating func add(_ elements: UnsafeRawPointer, _ bits: UInt64) {
    addZeroed(elements, besides: UInt32(truncatingIfNeeded: bits))
    addZeroed(elements + 128, besides: UInt32(truncatingIfNeeded: bits &>> 32))
    var rest = bits
    var next = gathered + count
    while rest != 0 {
      next.initialize(
        to: elements.loadUnaligned(fromByteOffset: rest.trailingZeroBitCount &* 4, as: Float.self))
      next += 1
      rest &= rest &- 1
    }
    count = count &+ bits.nonzeroBitCount
    if count >= MaskedSums.block { compare() }
  }

  @inline(__always)
  private mutating func addZeroed(_ elements: UnsafeRawPointer, besides bits: UInt32) {
    var bits = SIMD4<UInt32>(repeating: bits)
    for index in 0..<8 {
      let w = elements.loadUnaligned(fromByteOffset: 16 &* index, as: SIMD4<UInt32>.self)
      let u = w.replacing(with: 0, where: bits & SIMD4(1, 2, 4, 8) .!= 0)
      let zeroed = unsafeBitCast(u, to: SIMD4<Float>.self)
      let wide = SIMD4(Double(zeroed[0]), Double(zeroed[1]), Double(zeroed[2]), Double(zeroed[3]))
      energy += wide * wide
      let magnitude = unsafeBitCast(u & 0x7FFF_FFFF, to: SIMD4<Float>.self)
      largest.replace(with: magnitude, where: magnitude .> largest)
      bits = bits &>> 4
    }
  }

  /// Holds what was gathered to what became of it.
  private mutating func compare() {
    let end = min(kept.count, done + count)
    sums += ErrorSums(
      UnsafeBufferPointer(start: gathered, count: count), UnsafeBufferPointer(rebasing: kept[done..<end]))
    (done, count) = (end, 0)
  }

  mutating func finish() -> ErrorSums {
    compare()
    sums.add(zeroed: energy[0] + energy[1] + energy[2] + energy[3], largest: Double(largest.max()))
    return sums
  }
}
