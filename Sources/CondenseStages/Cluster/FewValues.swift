/// Numbers of which only a few are different: each is a centroid.
enum FewValues {
  /// Writes each value's rank among the different ones into `indices` and returns those, ascending; nil, with nothing
  /// of use written, where there are more than `limit`. `bits` tells values apart.
  @inline(__always)
  static func indexed<Value: Comparable>(
    _ values: UnsafeBufferPointer<Value>, atMost limit: Int, into indices: UnsafeMutableRawBufferPointer,
    bits: (Value) -> UInt64
  ) -> [Value]? {
    // Open addressing, at most a quarter full.
    let slotBits = (4 * limit).bitWidth - (4 * limit).leadingZeroBitCount
    var slots = [UInt16](repeating: 0, count: 1 << slotBits)
    var found: [Value] = []
    for index in 0..<values.count {
      let value = values[index]
      var slot = Int(truncatingIfNeeded: (bits(value) &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - slotBits))
      // A slot holds a number from 1 among those found.
      while slots[slot] != 0 && bits(found[Int(slots[slot]) - 1]) != bits(value) {
        slot = (slot + 1) & (slots.count - 1)
      }
      if slots[slot] == 0 {
        guard found.count < limit else { return nil }
        found.append(value)
        slots[slot] = UInt16(found.count)
      }
      indices[index] = UInt8(truncatingIfNeeded: slots[slot] - 1)
    }
    let order = found.indices.sorted { found[$0] < found[$1] }
    var ranks = [UInt8](repeating: 0, count: 256)
    for (rank, number) in order.enumerated() { ranks[number] = UInt8(rank) }
    for index in 0..<values.count { indices[index] = ranks[Int(indices[index])] }
    return order.map { found[$0] }
  }
}
