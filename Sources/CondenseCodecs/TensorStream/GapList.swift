import CondenseTensors

/// The set positions of a bitmap as the numbers of zeros before each, in bytes: 255 stands for 255 zeros and more to
/// come. Zeros after the last set position are not written.
enum GapList {
  private static let more = 255
  /// What stays in the first-level cache.
  private static let stretchByteCount = 16 << 10

  static func gaps(of mask: Bytes, survivorCount: Int, elementCount: Int) -> Bytes {
    Bytes(capacity: survivorCount + elementCount / more + 1) { raw in
      guard let start = raw.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return 0 }
      var target = start
      var next = 0
      let end = start + raw.count
      mask.withUnsafeBytes { mask in
        for base in stride(from: 0, to: 8 * mask.count, by: 64) {
          var word = Bitmap.word(mask, at: base / 8)
          guard word != 0 else { continue }
          let last = 63 - word.leadingZeroBitCount
          // Only a word's first can be far from the one before.
          let first = Bitmap.takeLowest(&word)
          var gap = base &+ first &- next
          while gap >= more {
            target.initialize(to: UInt8(more))
            target += 1
            gap &-= more
          }
          target.initialize(to: UInt8(truncatingIfNeeded: gap))
          target += 1
          var before = first &+ 1
          if end - target >= Bitmap.blindCount {
            let count = word.nonzeroBitCount
            for index in 0..<Bitmap.blindCount {
              let number = Bitmap.takeLowest(&word)
              (target + index).initialize(to: UInt8(truncatingIfNeeded: number &- before))
              before = number &+ 1
            }
            target += min(count, Bitmap.blindCount)
          }
          while word != 0 {
            let number = Bitmap.takeLowest(&word)
            target.initialize(to: UInt8(truncatingIfNeeded: number &- before))
            target += 1
            before = number &+ 1
          }
          next = base &+ last &+ 1
        }
      }
      return target - start
    }
  }

  /// Elements in the places that gaps lead to, `zero` in the others; nil unless there is a place for each.
  static func scattered<T: BitwiseCopyable>(
    _ elements: UnsafeBufferPointer<T>, _ gaps: Bytes, elementCount: Int, zero: T
  ) -> Bytes? {
    var isGood = true
    let all = Bytes(count: elementCount * MemoryLayout<T>.stride) { raw in
      let target = raw.bindMemory(to: T.self)
      gaps.withUnsafeBytes { gaps in
        guard let base = target.baseAddress, let source = elements.baseAddress, let gap = gaps.baseAddress else {
          isGood = gaps.isEmpty && elements.isEmpty
          return target.initialize(repeating: zero)
        }
        // Zeros come just before the elements among them, so that memory is gone through once.
        var filled = 0
        func fill(beyond position: Int) {
          guard position >= filled else { return }
          let end = min(target.count, position + stretchByteCount / MemoryLayout<T>.stride)
          (base + filled).initialize(repeating: zero, count: end - filled)
          filled = end
        }
        var place = Place()
        while place.gap < gaps.count {
          let groups = min(gaps.count - place.gap, elements.count - place.next) / groupSize
          fill(beyond: min(place.position + farthest, target.count - 1))
          let before = place.gap
          placeGroups(groups, gap, source, base, before: filled, at: &place)
          guard place.gap == before else { continue }
          // What is left needs a look at every step: gaps that go on, and the ends of all three.
          let number = Int(gaps[place.gap])
          place.gap += 1
          // No sum of bytes in memory overflows.
          place.position += number
          if number == more { continue }
          guard place.position < target.count, place.next < elements.count else { return isGood = false }
          fill(beyond: place.position)
          base[place.position] = source[place.next]
          place.next += 1
          place.position += 1
        }
        (base + filled).initialize(repeating: zero, count: target.count - filled)
        isGood = place.next == elements.count && gaps.last.map { Int($0) != more } ?? true
      }
    }
    return isGood ? all : nil
  }

  /// The next gap, the next element, and the position after the last one placed.
  private struct Place {
    var gap = 0
    var next = 0
    var position = 0
  }

  /// Gaps that are looked at together.
  private static let groupSize = 8
  /// How far a group of gaps that end reaches at most.
  private static let farthest = groupSize * more

  /// Places up to `count` groups of elements, until a gap in one goes on or the next may reach `end`.
  @inline(__always)
  private static func placeGroups<T: BitwiseCopyable>(
    _ count: Int, _ gaps: UnsafeRawPointer, _ elements: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>,
    before end: Int, at place: inout Place
  ) {
    var gap = gaps + place.gap
    var source = elements + place.next
    var position = place.position
    var left = count
    while left > 0, position + farthest < end {
      let group = gap.loadUnaligned(as: UInt64.self)
      // Whether a byte has all bits set: whether one of the others is zero.
      let others = ~group
      guard (others &- 0x0101_0101_0101_0101) & group & 0x8080_8080_8080_8080 == 0 else { break }
      for index in 0..<groupSize {
        position &+= Int(gap.load(fromByteOffset: index, as: UInt8.self))
        target[position] = source[index]
        position &+= 1
      }
      gap += groupSize
      source += groupSize
      left &-= 1
    }
    place = Place(gap: gap - gaps, next: source - elements, position: position)
  }

  /// The bitmap and how many positions it has set; nil where the gaps lead past the elements.
  static func mask(of gaps: Bytes, elementCount: Int) -> (mask: Bytes, count: Int)? {
    var count = 0
    var isGood = true
    let mask = Bytes(count: Bitmap.byteCount(elementCount)) { target in
      target.initializeMemory(as: UInt8.self, repeating: 0)
      gaps.withUnsafeBytes { gaps in
        guard let bits = target.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
          isGood = gaps.isEmpty
          return
        }
        var position = 0
        for gap in gaps {
          // No sum of bytes in memory overflows.
          position &+= Int(gap)
          if Int(gap) == more { continue }
          guard position < elementCount else {
            isGood = false
            return
          }
          bits[position &>> 3] |= 1 &<< UInt8(truncatingIfNeeded: position & 7)
          count &+= 1
          position &+= 1
        }
        if let last = gaps.last, Int(last) == more { isGood = false }
      }
    }
    return isGood ? (mask, count) : nil
  }
}
