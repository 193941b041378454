/// How many float32 values there are in each run of neighbouring bit patterns.
///
/// The upper bits of the raw pattern, sign included, are the slot: one shift a value, and again one for the look-up of
/// its cluster. Slots ascend with the magnitude, those of positive values come first.
struct ValueHistogram {
  /// Bits that a slot leaves out.
  let shift: UInt32
  private(set) var counts: [UInt32]
  /// All patterns or-ed: bits that are never set tell of values that come from a smaller type.
  private(set) var union: UInt32 = 0

  /// - Parameter values: fewer than 2^32.
  init(_ values: UnsafeBufferPointer<UInt32>, shift: UInt32) {
    self.shift = shift
    counts = [UInt32](repeating: 0, count: 1 << (32 - Int(shift)))
    var union: UInt32 = 0
    counts.withUnsafeMutableBufferPointer { counts in
      func add(_ bits: UInt32) { counts[Int(bits &>> shift)] &+= 1 }
      // From four places at a time: a processor fetches ahead in each.
      let quarter = values.count / 4
      for index in 0..<quarter {
        let (a, b) = (values[index], values[index &+ quarter])
        let (c, d) = (values[index &+ 2 &* quarter], values[index &+ 3 &* quarter])
        add(a)
        add(b)
        add(c)
        add(d)
        union |= (a | b) | (c | d)
      }
      for bits in values[(4 * quarter)...] {
        add(bits)
        union |= bits
      }
    }
    self.union = union
  }

  /// Writes for each value what `clusters` has for its slot.
  func assign(
    _ values: UnsafeBufferPointer<UInt32>, clusters: UnsafeBufferPointer<UInt8>,
    into indices: UnsafeMutableRawBufferPointer
  ) {
    // Eight to a store.
    let whole = values.count / 8 * 8
    for start in stride(from: 0, to: whole, by: 8) {
      var word: UInt64 = 0
      for index in 0..<8 {
        word |= UInt64(clusters[Int(values[start &+ index] &>> shift)]) &<< UInt64(8 &* index)
      }
      indices.storeBytes(of: word.littleEndian, toByteOffset: start, as: UInt64.self)
    }
    for index in whole..<values.count { indices[index] = clusters[Int(values[index] &>> shift)] }
  }

  private var signSlot: Int { counts.count / 2 }

  /// Whether there is a value that is not finite: their exponent has slots of its own.
  var hasNotFinite: Bool {
    let first = Int(MagnitudeLanes.infinity >> shift)
    return counts[first..<signSlot].contains { $0 > 0 } || counts[(signSlot + first)...].contains { $0 > 0 }
  }

  /// Whether a zero could be among the values.
  var mayHaveZero: Bool { counts[0] > 0 || counts[signSlot] > 0 }

  /// Takes zeros out that were counted.
  mutating func remove(positiveZeros: Int, negativeZeros: Int) {
    counts[0] -= UInt32(positiveZeros)
    counts[signSlot] -= UInt32(negativeZeros)
  }

  /// The slots that have values, as bins in ascending order of value.
  var bins: ValueBins {
    var bins = ValueBins()
    let used = counts.count { $0 > 0 }
    bins.reserveCapacity(used)
    // What the bits below a slot's are on average, if they are random where they are ever set.
    let rest = union & ((1 << shift) - 1)
    counts.withUnsafeBufferPointer { counts in
      // Most slots are empty: passing over them is most of the work.
      func append(_ slot: Int) {
        let value = Float(bitPattern: UInt32(slot) << shift | rest >> 1)
        bins.append(weight: Double(counts[slot]), mean: Double(value), isSingle: rest == 0, slot: slot)
      }
      var slot = counts.count
      while slot > signSlot {
        slot &-= 1
        if counts[slot] > 0 { append(slot) }
      }
      for slot in 0..<signSlot where counts[slot] > 0 { append(slot) }
    }
    return bins
  }
}

/// Bins in ascending order of value.
struct ValueBins {
  /// How many values each bin holds.
  private(set) var weights: [Double] = []
  /// Their means, exactly or nearly.
  private(set) var means: [Double] = []
  /// Whether all of a bin's values are its mean.
  private(set) var isSingle: [Bool] = []
  /// Where each bin's values are looked up.
  private(set) var slots: [Int] = []

  var count: Int { weights.count }

  mutating func reserveCapacity(_ capacity: Int) {
    weights.reserveCapacity(capacity)
    means.reserveCapacity(capacity)
    isSingle.reserveCapacity(capacity)
    slots.reserveCapacity(capacity)
  }

  mutating func append(weight: Double, mean: Double, isSingle: Bool, slot: Int) {
    weights.append(weight)
    means.append(mean)
    self.isSingle.append(isSingle)
    slots.append(slot)
  }

  /// One more of the last bin's value.
  mutating func addToLast() { weights[weights.count - 1] += 1 }
}
