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
    var remaining = count
    var prefix: UInt32 = 0
    for (shift, bits) in [(20, 11), (10, 10), (0, 10)] as [(UInt32, UInt32)] {
      var counts = [UInt32](repeating: 0, count: 1 << Int(bits))
      let upper = shift + bits
      counts.withUnsafeMutableBufferPointer { counts in
        if upper == 31 {
          for score in scores { counts[Int((score & MagnitudeLanes.signless) >> shift)] &+= 1 }
        } else {
          let bin = (1 as UInt32) << bits - 1
          for score in scores where (score & MagnitudeLanes.signless) >> upper == prefix {
            counts[Int(score >> shift & bin)] &+= 1
          }
        }
      }
      // The bin in which the last one that stays lies; what is above it stays for certain.
      var bin = counts.count - 1
      while bin > 0 && Int(counts[bin]) < remaining {
        remaining -= Int(counts[bin])
        bin -= 1
      }
      prefix = prefix << bits | UInt32(bin)
    }
    return Bar(score: prefix, ties: remaining)
  }
}
