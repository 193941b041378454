import CondenseCodecs
import CondenseTensors

/// Keeps the `n` largest magnitudes of each `m` neighbours along the last axis, of equal ones those that come first.
/// What is left over at a row's end keeps its share, rounded up.
enum PatternMasks {
  static func nOfM(_ values: FloatInput, n: Int, m: Int, shape: Shape) -> Bytes {
    let rowLength = shape.dimensions.last ?? 1
    return Bytes(count: Bitmap.byteCount(values.count)) { target in
      target.initializeMemory(as: UInt8.self, repeating: 0)
      guard rowLength > 0 else { return }
      values.withBits { bits in
        var group = Group(capacity: m)
        for row in stride(from: 0, to: bits.count, by: rowLength) {
          for start in stride(from: row, to: row + rowLength, by: m) {
            let end = min(start + m, row + rowLength)
            let kept = end - start == m ? n : ((end - start) * n + m - 1) / m
            group.keep(kept, of: UnsafeBufferPointer(rebasing: bits[start..<end]), at: start, in: target)
          }
        }
      }
    }
  }

  /// Scratch for one group.
  private struct Group {
    private var order: [Int] = []

    init(capacity: Int) { order.reserveCapacity(capacity) }

    mutating func keep(
      _ kept: Int, of bits: UnsafeBufferPointer<UInt32>, at start: Int, in mask: UnsafeMutableRawBufferPointer
    ) {
      func set(_ index: Int, _ stays: Bool) {
        let position = start + index
        let isNonzero = bits[index] & MagnitudeLanes.signless != 0
        mask[position >> 3] |= (stays && isNonzero ? 1 : 0) << UInt8(position & 7)
      }
      if bits.count <= 16 {
        // How many come before it: no branch depends on the weights.
        for index in 0..<bits.count {
          let magnitude = bits[index] & MagnitudeLanes.signless
          var before = 0
          for other in 0..<index { before += bits[other] & MagnitudeLanes.signless >= magnitude ? 1 : 0 }
          for other in index + 1..<max(index + 1, bits.count) {
            before += bits[other] & MagnitudeLanes.signless > magnitude ? 1 : 0
          }
          set(index, before < kept)
        }
        return
      }
      order.removeAll(keepingCapacity: true)
      order.append(contentsOf: 0..<bits.count)
      order.sort { a, b in
        let (x, y) = (bits[a] & MagnitudeLanes.signless, bits[b] & MagnitudeLanes.signless)
        return x == y ? a < b : x > y
      }
      for index in order.prefix(kept) { set(index, true) }
    }
  }
}
