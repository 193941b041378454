/// What a magnitude has to reach to stay. Magnitudes are bit patterns without sign, which order like the numbers.
struct Bar: Equatable {
  /// Larger ones stay, smaller ones go.
  var score: UInt32
  /// How many of those equal to it stay, the first ones.
  var ties: Int

  /// Nothing stays.
  static let none = Bar(score: .max >> 1, ties: 0)
  /// All stay.
  static let all = Bar(score: 0, ties: .max)

  /// Magnitudes of at least a bound, which need not be a float32.
  init(bound: Double) {
    var float = Float(bound)
    if Double(float) < bound { float = float.nextUp }
    self.init(score: float.bitPattern, ties: .max)
  }

  init(score: UInt32, ties: Int) {
    self.score = score
    self.ties = ties
  }
}

extension Bar {
  /// The bar over which exactly `count` stay.
  init(keeping count: Int, of scores: UnsafeBufferPointer<UInt32>) {
    if count <= 0 {
      self = .none
    } else if count >= scores.count {
      self = .all
    } else if let bracket = ScoreBracket(around: count, of: scores), let bar = bracket.bar(keeping: count, of: scores) {
      self = bar
    } else {
      self = Bar.ranked(count, scores)
    }
  }

  /// The bar by three counting passes, the upper bits first; `count` is at least 1 and at most that of `scores`.
  static func ranked(_ count: Int, _ scores: UnsafeBufferPointer<UInt32>) -> Bar {
    let upper = ScoreCounts(scores, shift: 20, bits: 11)
    return ranked(count, scores, upper)
  }

  /// The same, where the counts by the upper 11 bits are known.
  static func ranked(_ count: Int, _ scores: UnsafeBufferPointer<UInt32>, _ upper: ScoreCounts) -> Bar {
    let first = upper.bin(ofRank: count)
    // Mostly few share their upper bits: the other passes need only those.
    guard upper[first.bin] <= scores.count / 4 else { return lowerRanked(first.rank, UInt32(first.bin), scores) }
    let members = Bar.members(upper[first.bin], of: scores) { Int($0 >> 20) == first.bin }
    return members.withUnsafeBufferPointer { lowerRanked(first.rank, UInt32(first.bin), $0) }
  }

  /// The bar among scores that all lie between two, ends included: by how many there are in equal steps from one to the
  /// other, and by sorting those of one step. `count` is at least 1 and at most that of `scores`.
  static func ranked(
    _ count: Int, _ scores: UnsafeBufferPointer<UInt32>, between low: UInt32, and high: UInt32
  ) -> Bar {
    let shift = UInt32(max(0, UInt32.bitWidth - (high - low).leadingZeroBitCount - 11))
    let counts = ScoreCounts(scores, from: low, to: high, shift: shift)
    let found = counts.bin(ofRank: count)
    let members = Bar.members(counts[found.bin], of: scores) { Int(($0 &- low) &>> shift) == found.bin }.sorted(by: >)
    let score = members[found.rank - 1]
    return Bar(score: score, ties: found.rank - members.prefix(found.rank).count { $0 != score })
  }

  /// The magnitudes that belong, which are `count`.
  @inline(__always)
  private static func members(
    _ count: Int, of scores: UnsafeBufferPointer<UInt32>, _ belongs: (UInt32) -> Bool
  ) -> [UInt32] {
    [UInt32](unsafeUninitializedCapacity: count + 1) { target, count in
      guard let start = target.baseAddress else { return }
      // Without a branch: what is no member is overwritten.
      for score in scores where count < target.count {
        let score = score & MagnitudeLanes.signless
        (start + count).initialize(to: score)
        count &+= belongs(score) ? 1 : 0
      }
    }
  }

  /// The bar among those scores whose upper 11 bits are `prefix`, by the other 20.
  private static func lowerRanked(_ rank: Int, _ prefix: UInt32, _ scores: UnsafeBufferPointer<UInt32>) -> Bar {
    var prefix = prefix
    var rank = rank
    for shift in [10, 0] as [UInt32] {
      let found = ScoreCounts(scores, shift: shift, bits: 10, prefix: prefix).bin(ofRank: rank)
      prefix = prefix << 10 | UInt32(found.bin)
      rank = found.rank
    }
    return Bar(score: prefix, ties: rank)
  }
}

/// How many scores there are by some of their bits, or by steps of equal width.
struct ScoreCounts {
  private var counts: [UInt32]

  subscript(bin: Int) -> Int { Int(counts[bin]) }

  /// - Parameter prefix: the bits above, of those that count; none for the highest bits of 31.
  init(_ scores: UnsafeBufferPointer<UInt32>, shift: UInt32, bits: UInt32, prefix: UInt32 = 0) {
    counts = [UInt32](repeating: 0, count: 1 << Int(bits))
    let upper = shift + bits
    let bin = (1 as UInt32) << bits - 1
    counts.withUnsafeMutableBufferPointer { counts in
      if upper == 31 {
        for score in scores { counts[Int(score >> shift & bin)] &+= 1 }
      } else {
        for score in scores where (score & MagnitudeLanes.signless) >> upper == prefix {
          counts[Int(score >> shift & bin)] &+= 1
        }
      }
    }
  }

  /// By steps of 2^`shift` between two magnitudes, ends included, from the lower one on.
  init(_ scores: UnsafeBufferPointer<UInt32>, from low: UInt32, to high: UInt32, shift: UInt32) {
    counts = [UInt32](repeating: 0, count: Int((high - low) >> shift) + 1)
    counts.withUnsafeMutableBufferPointer { counts in
      for score in scores { counts[Int(((score & MagnitudeLanes.signless) &- low) &>> shift)] &+= 1 }
    }
  }

  /// The bin in which the score of a rank lies, 1 for the largest, and its rank in there.
  func bin(ofRank rank: Int) -> (bin: Int, rank: Int) {
    var rank = rank
    var bin = counts.count - 1
    while bin > 0 && Int(counts[bin]) < rank {
      rank -= Int(counts[bin])
      bin -= 1
    }
    return (bin, rank)
  }
}
