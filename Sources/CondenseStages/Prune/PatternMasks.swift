import CLanes
import CondenseCodecs
import CondenseTensors

/// Keeps the `n` largest magnitudes of each `m` neighbours along the last axis, of equal ones those that come first.
/// What is left over at a row's end keeps its share, rounded up.
enum PatternMasks {
  static func nOfM(_ values: FloatInput, n: Int, m: Int, shape: Shape) -> Bytes {
    let rowLength = shape.dimensions.last ?? 1
    return Bytes(count: Bitmap.byteCount(values.count)) { target in
      values.withBits { bits in
        guard !bits.isEmpty else { return }
        var groups = Groups(bits, mask: target, capacity: m)
        // Rows that are whole groups are like one long row.
        let length = rowLength % m == 0 ? bits.count : rowLength
        for row in stride(from: 0, to: bits.count, by: length) {
          let end = row + length / m * m
          groups.keep(n, of: m, in: row..<end)
          let left = row + length - end
          if left > 0 { groups.keep((left * n + m - 1) / m, of: left, in: end..<row + length) }
        }
        groups.finish()
      }
    }
  }

  /// Writes the mask of one group after the other.
  private struct Groups {
    private let scores: UnsafeBufferPointer<UInt32>
    private var mask: MaskWriter
    /// The indices of a large group.
    private var order: [Int] = []
    /// Four groups that are copied because something else is read, or nothing can be, where they end.
    private var copy: [UInt32]

    init(_ scores: UnsafeBufferPointer<UInt32>, mask: UnsafeMutableRawBufferPointer, capacity: Int) {
      self.scores = scores
      self.mask = MaskWriter(mask)
      copy = Array(repeating: 0, count: 4 * Int(CLANES_LARGEST_GROUP) + 3)
      if capacity > Int(CLANES_LARGEST_GROUP) { order.reserveCapacity(capacity) }
    }

    /// All groups in a range, which they fill.
    mutating func keep(_ kept: Int, of size: Int, in range: Range<Int>) {
      guard let start = scores.baseAddress, !range.isEmpty else { return }
      guard size <= Int(CLANES_LARGEST_GROUP) else {
        for group in stride(from: range.lowerBound, to: range.upperBound, by: size) {
          keepSorted(kept, of: group..<group + size)
        }
        return
      }
      var index = range.lowerBound
      while index + 4 * size <= range.upperBound && index + 4 * size + 3 <= scores.count {
        append(PatternMasks.largest(kept, start + index, size: size), count: 4, size: size)
        index += 4 * size
      }
      while index < range.upperBound {
        let end = min(index + 4 * size, range.upperBound)
        for place in index..<end { copy[place - index] = scores[place] }
        append(PatternMasks.largest(kept, copy, size: size), count: (end - index) / size, size: size)
        index = end
      }
    }

    private mutating func append(_ bits: SIMD4<UInt32>, count: Int, size: Int) {
      for group in 0..<count { mask.append(UInt64(bits[group]), count: size) }
    }

    /// One group of any size.
    private mutating func keepSorted(_ kept: Int, of range: Range<Int>) {
      order.removeAll(keepingCapacity: true)
      order.append(contentsOf: range)
      order.sort { a, b in
        let (x, y) = (scores[a] & MagnitudeLanes.signless, scores[b] & MagnitudeLanes.signless)
        return x == y ? a < b : x > y
      }
      order.removeSubrange(kept...)
      order.removeAll { scores[$0] & MagnitudeLanes.signless == 0 }
      order.sort()
      var rest = order[...]
      for begin in stride(from: range.lowerBound, to: range.upperBound, by: 32) {
        let end = min(begin + 32, range.upperBound)
        var bits: UInt64 = 0
        while let next = rest.first, next < end {
          bits |= 1 << UInt64(next - begin)
          rest = rest.dropFirst()
        }
        mask.append(bits, count: end - begin)
      }
    }

    mutating func finish() { mask.finish() }
  }

  /// Which of four groups' scores stay, a group a lane.
  @inline(__always)
  private static func largest(_ kept: Int, _ scores: UnsafePointer<UInt32>, size: Int) -> SIMD4<UInt32> {
    var bits = SIMD4<UInt32>()
    withUnsafeMutableBytes(of: &bits) { raw in
      guard let target = raw.bindMemory(to: UInt32.self).baseAddress else { return }
      clanes_largest_of_groups(scores, Int32(size), Int32(kept), target)
    }
    return bits
  }
}

/// Appends bits to a bitmap, the lowest first.
private struct MaskWriter {
  private let target: UnsafeMutableRawBufferPointer
  private var offset = 0
  private var word: UInt64 = 0
  private var filled: UInt64 = 0

  init(_ target: UnsafeMutableRawBufferPointer) { self.target = target }

  /// - Parameter count: of at most 32 bits.
  @inline(__always)
  mutating func append(_ bits: UInt64, count: Int) {
    word |= bits << filled
    filled &+= UInt64(count)
    guard filled >= 32 else { return }
    target.storeBytes(of: UInt32(truncatingIfNeeded: word).littleEndian, toByteOffset: offset, as: UInt32.self)
    offset += 4
    word >>= 32
    filled &-= 32
  }

  /// Writes what is left, in whole bytes.
  mutating func finish() {
    while offset < target.count {
      target[offset] = UInt8(truncatingIfNeeded: word)
      word >>= 8
      offset += 1
    }
  }
}
