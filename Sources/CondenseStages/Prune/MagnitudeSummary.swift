import CondenseTensors

/// A tensor's scores in short, for a decision over the model: how many there are of each, largest first.
///
/// A tensor of up to 2^18 units is summarised exactly. A larger one is by the scores' upper bits, ten of the mantissa:
/// exact for float16 and bfloat16 weights, within 0.1 % of the magnitude for float32.
struct MagnitudeSummary: Equatable {
  struct Entry: Equatable {
    /// A score, or the middle of the scores that are counted together.
    var score: UInt32
    var count: Int
  }

  var unitSize: Int
  var entries: [Entry]
  /// Units in all.
  var unitCount: Int { entries.reduce(0) { $0 + $1.count } }

  private static let largestExact = 1 << 18
  private static let shift: UInt32 = 13

  init(scores: UnsafeBufferPointer<UInt32>, unitSize: Int) {
    self.unitSize = unitSize
    entries = []
    if scores.count <= MagnitudeSummary.largestExact {
      for score in ScoreSort.ascending(scores).reversed() {
        if entries.last?.score == score {
          entries[entries.count - 1].count += 1
        } else {
          entries.append(Entry(score: score, count: 1))
        }
      }
      return
    }
    var histogram = ScoreHistogram(shift: MagnitudeSummary.shift)
    histogram.add(scores)
    entries = histogram.entries
  }
}
