/// A histogram's used slots cut finer, for values that are close together for where they lie: each used slot of the
/// first gets slots of its own for the bits below.
struct RefinedHistogram {
  /// For each slot of the first histogram, where its own slots begin.
  private let bases: [Int32]
  private let coarseShift: UInt32
  /// Bits that a slot leaves out; none where there is room for all.
  private let shift: UInt32
  private var counts: [UInt32]
  private let positiveCount: Int
  private var rest: UInt32

  private static let mostSlots = 1 << 21

  init(_ coarse: ValueHistogram, _ values: UnsafeBufferPointer<UInt32>) {
    let used = max(1, coarse.counts.count { $0 > 0 })
    var fineBits = coarse.shift
    while used << Int(fineBits) > RefinedHistogram.mostSlots { fineBits -= 1 }
    var bases = [Int32](repeating: 0, count: coarse.counts.count)
    var next: Int32 = 0
    var positiveCount: Int32 = 0
    for slot in bases.indices {
      if slot == bases.count / 2 { positiveCount = next }
      bases[slot] = next
      if coarse.counts[slot] > 0 { next += 1 << Int32(fineBits) }
    }
    self.bases = bases
    self.positiveCount = Int(positiveCount)
    coarseShift = coarse.shift
    shift = coarse.shift - fineBits
    rest = coarse.union & ((1 << shift) - 1)
    counts = [UInt32](repeating: 0, count: Int(next))
    let slot = slotFinder
    counts.withUnsafeMutableBufferPointer { counts in
      bases.withUnsafeBufferPointer { bases in
        for bits in values { counts[slot.slot(bits, bases)] &+= 1 }
      }
    }
  }

  private var slotFinder: SlotFinder {
    SlotFinder(coarseShift: coarseShift, shift: shift, mask: (1 << (coarseShift - shift)) - 1)
  }

  private struct SlotFinder {
    var coarseShift: UInt32
    var shift: UInt32
    var mask: UInt32

    @inline(__always)
    func slot(_ bits: UInt32, _ bases: UnsafeBufferPointer<Int32>) -> Int {
      Int(bases[Int(bits >> coarseShift)]) + Int(bits >> shift & mask)
    }
  }

  /// In ascending order of value.
  var bins: ValueBins {
    var bins = ValueBins()
    // A slot's values have in common what its place and its base's place say.
    var values = [UInt32](repeating: 0, count: counts.count)
    let fine = 1 << Int(coarseShift - shift)
    for (slot, base) in bases.enumerated() {
      let end = slot + 1 < bases.count ? Int(bases[slot + 1]) : counts.count
      guard end > Int(base) else { continue }
      for offset in 0..<fine { values[Int(base) + offset] = UInt32(slot) << coarseShift | UInt32(offset) << shift }
    }
    func append(_ slot: Int) {
      guard counts[slot] > 0 else { return }
      bins.append(
        weight: Double(counts[slot]), mean: Double(Float(bitPattern: values[slot] | rest >> 1)), isSingle: rest == 0,
        slot: slot)
    }
    for slot in stride(from: counts.count - 1, through: positiveCount, by: -1) { append(slot) }
    for slot in 0..<positiveCount { append(slot) }
    return bins
  }

  /// Looks each value's slot up in `clusters`.
  func assign(
    _ values: UnsafeBufferPointer<UInt32>, clusters: [UInt8], into indices: UnsafeMutableRawBufferPointer
  ) {
    let slot = slotFinder
    bases.withUnsafeBufferPointer { bases in
      clusters.withUnsafeBufferPointer { clusters in
        for index in 0..<values.count { indices[index] = clusters[slot.slot(values[index], bases)] }
      }
    }
  }

  var slotCount: Int { counts.count }
}
