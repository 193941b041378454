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
    let members = [UInt32](unsafeUninitializedCapacity: upper[first.bin] + 1) { target, count in
      guard let start = target.baseAddress else { return }
      // Without a branch: what is no member is overwritten.
      for score in scores where count < target.count {
        let score = score & MagnitudeLanes.signless
        (start + count).initialize(to: score)
        count &+= Int(score >> 20) == first.bin ? 1 : 0
      }
    }
    return members.withUnsafeBufferPointer { lowerRanked(first.rank, UInt32(first.bin), $0) }
  }

  /// The bar among scores that all lie between two, ends included: by how many there are in equal steps from one to the
  /// other, and by sorting those of one step. `count` is at least 1 and at most that of `scores`.
  static func ranked(
    _ count: Int, _ scores: UnsafeBufferPointer<UInt32>, between low: UInt32, and high: UInt32
  ) -> Bar {
    let steps = ScoreSteps(scores, between: low, and: high)
    let found = steps.step(ofRank: count)
    let members = steps.members(of: found.step, scores).sorted(by: >)
    let score = members[found.rank - 1]
    return Bar(score: score, ties: found.rank - members.prefix(found.rank).count { $0 != score })
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

/// How many scores there are in equal steps between two.
private struct ScoreSteps {
  private let low: UInt32
  private let shift: UInt32
  private let counts: [UInt32]

  private static let bits = 11

  init(_ scores: UnsafeBufferPointer<UInt32>, between low: UInt32, and high: UInt32) {
    self.low = low
    let width = UInt32.bitWidth - (high - low).leadingZeroBitCount
    shift = UInt32(max(0, width - ScoreSteps.bits))
    var counts = [UInt32](repeating: 0, count: Int((high - low) >> shift) + 1)
    let shift = shift
    counts.withUnsafeMutableBufferPointer { counts in
      for score in scores { counts[ScoreSteps.step(of: score, from: low, shift)] &+= 1 }
    }
    self.counts = counts
  }

  private static func step(of score: UInt32, from low: UInt32, _ shift: UInt32) -> Int {
    Int(((score & MagnitudeLanes.signless) &- low) &>> shift)
  }

  /// The step in which the score of a rank lies, 1 for the largest, and its rank in there.
  func step(ofRank rank: Int) -> (step: Int, rank: Int) {
    var rank = rank
    var step = counts.count - 1
    while step > 0 && Int(counts[step]) < rank {
      rank -= Int(counts[step])
      step -= 1
    }
    return (step, rank)
  }

  func members(of step: Int, _ scores: UnsafeBufferPointer<UInt32>) -> [UInt32] {
    [UInt32](unsafeUninitializedCapacity: Int(counts[step]) + 1) { target, count in
      guard let start = target.baseAddress else { return }
      // Without a branch: what is no member is overwritten.
      for score in scores where count < target.count {
        (start + count).initialize(to: score & MagnitudeLanes.signless)
        count &+= ScoreSteps.step(of: score, from: low, shift) == step ? 1 : 0
      }
    }
  }
}

/// How many scores there are by some of their bits.
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
