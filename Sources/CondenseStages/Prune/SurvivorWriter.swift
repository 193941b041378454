import CLanes
import CondenseCodecs

/// Puts the elements that masks keep one after the other.
struct SurvivorGatherer<Element: BitwiseCopyable> {
  private let target: UnsafeMutablePointer<Element>
  private var capacity: Int
  private(set) var count = 0
  /// Whether there was no room for all survivors.
  private(set) var isFull = false

  /// Elements that are written past the last survivor.
  static var slack: Int { Int(CLANES_SURVIVOR_SLACK) }

  /// `target` takes survivors and ``slack``; nil where it takes nothing.
  init?(_ target: UnsafeMutableRawBufferPointer) {
    let elements = target.bindMemory(to: Element.self)
    guard let start = elements.baseAddress else { return nil }
    self.target = start
    capacity = elements.count
  }

  /// Takes of up to 64 elements those that `word` says.
  @inline(__always)
  mutating func gather(_ word: UInt64, _ elements: UnsafePointer<Element>) {
    let total = word.nonzeroBitCount
    guard count + total + SurvivorGatherer.slack <= capacity else {
      overflow(total)
      return
    }
    var next = target + count
    count += total
    if word == .max {
      next.update(from: elements, count: 64)
      return
    }
    var word = word
    var left = total
    // Four at a time, so that there is a branch for four; what is too many is the first element and overwritten.
    while left > 0 {
      for offset in 0..<4 {
        next[offset] = elements[word.trailingZeroBitCount & 63]
        word &= word &- 1
      }
      next += 4
      left -= 4
    }
  }

  private mutating func overflow(_ total: Int) {
    guard total > 0 else { return }
    isFull = true
    // What comes later must not fit either.
    capacity = 0
  }

  /// Room for `total` elements that the caller may write; nil where they do not fit.
  @inline(__always)
  func room(_ total: Int) -> UnsafeMutableRawPointer? {
    count + total + SurvivorGatherer.slack <= capacity ? UnsafeMutableRawPointer(target + count) : nil
  }

  /// Takes `total` elements that the caller has written where there was room.
  @inline(__always)
  mutating func takeWritten(_ total: Int) { count += total }

  /// Lets `body` write 32-bit survivors behind those that are there.
  mutating func append<R>(_ body: (inout clanes_survivors) -> R) -> R {
    precondition(MemoryLayout<Element>.stride == MemoryLayout<UInt32>.stride, "survivors of another width")
    return target.withMemoryRebound(to: UInt32.self, capacity: capacity) { elements in
      var survivors = clanes_survivors(elements: elements, count: count, capacity: capacity, largest: 0)
      defer { count = survivors.count }
      return body(&survivors)
    }
  }
}

/// Writes a mask word by word, and the elements that it keeps.
struct SurvivorWriter<Element: BitwiseCopyable> {
  private let mask: UnsafeMutableRawBufferPointer
  private(set) var survivors: SurvivorGatherer<Element>

  static var slack: Int { SurvivorGatherer<Element>.slack }

  init?(mask: UnsafeMutableRawBufferPointer, target: UnsafeMutableRawBufferPointer) {
    guard let survivors = SurvivorGatherer<Element>(target) else { return nil }
    self.mask = mask
    self.survivors = survivors
  }

  var count: Int { survivors.count }

  /// 64 elements, of which `word` says which stay.
  @inline(__always)
  mutating func append(_ word: UInt64, at index: Int, of elements: UnsafePointer<Element>) {
    mask.storeBytes(of: word.littleEndian, toByteOffset: index / 8, as: UInt64.self)
    survivors.gather(word, elements + index)
  }

  /// Appends words of elements that are their own scores by what this processor has for it: lets `body` write them, and the
  /// words of the mask from an element on, the first of a word. Returns how many elements those were, and whether all were
  /// finite.
  mutating func appendWords(
    from index: Int, _ body: (UnsafeMutablePointer<UInt64>, inout clanes_survivors) -> Int
  ) -> (count: Int, areFinite: Bool) {
    guard let words = (mask.baseAddress.map { $0 + index / 8 })?.assumingMemoryBound(to: UInt64.self) else {
      return (0, true)
    }
    return survivors.append { survivors in
      let count = 64 * body(words, &survivors)
      return (count, survivors.largest < MagnitudeLanes.infinity)
    }
  }

  /// 64 elements whose survivors the caller has written where there was room.
  @inline(__always)
  mutating func appendWritten(_ word: UInt64, at index: Int, count: Int) {
    mask.storeBytes(of: word.littleEndian, toByteOffset: index / 8, as: UInt64.self)
    survivors.takeWritten(count)
  }

  /// The last elements, fewer than 64.
  mutating func appendLast(_ word: UInt64, at index: Int, of elements: UnsafePointer<Element>) {
    var rest = word
    for byte in index / 8..<mask.count {
      mask[byte] = UInt8(truncatingIfNeeded: rest)
      rest >>= 8
    }
    survivors.gather(word, elements + index)
  }
}
