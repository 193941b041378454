/// How many scores there are in each run of neighbouring ones that share their upper bits, and whether they are all the
/// same.
struct ScoreHistogram {
  /// Bits of a score that tell its bin's members apart.
  private let shift: UInt32
  /// A bin is one number, so that a score costs one look-up: from the lowest bit, which of the lower bits were ever set,
  /// which were ever not set, and the count.
  private var bins: [UInt64]

  /// - Parameter shift: at most 16.
  init(shift: UInt32) {
    self.shift = shift
    bins = Array(repeating: 0, count: 1 << (31 - Int(shift)))
  }

  private var lowBits: UInt64 { 1 << UInt64(shift) - 1 }
  private var countShift: UInt64 { 2 * UInt64(shift) }

  /// Counts scores, whose signs do not matter: in all fewer than fit above twice the bits left out, which are 2^32.
  mutating func add(_ scores: UnsafeBufferPointer<UInt32>) {
    let (shift, low) = (UInt64(shift), lowBits)
    let one: UInt64 = 1 << countShift
    bins.withUnsafeMutableBufferPointer { bins in
      for score in scores {
        let magnitude = UInt64(score & MagnitudeLanes.signless)
        let bin = Int(truncatingIfNeeded: magnitude &>> shift)
        let set = magnitude & low
        bins[bin] = (bins[bin] | set | (set ^ low) &<< shift) &+ one
      }
    }
  }

  /// The used bins, largest scores first. A bin whose scores differ has their middle, which depends on nothing but the bin.
  var entries: [MagnitudeSummary.Entry] {
    bins.indices.reversed().compactMap { bin in
      let count = Int(bins[bin] >> countShift)
      guard count > 0 else { return nil }
      let set = bins[bin] & lowBits
      let unset = bins[bin] >> UInt64(shift) & lowBits
      let low = set & unset == 0 ? UInt32(set) : 1 << (shift - 1)
      return MagnitudeSummary.Entry(score: UInt32(bin) << shift | low, count: count)
    }
  }
}
