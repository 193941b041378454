/// Two scores between which a bar lies with near certainty, from a sample.
///
/// The scores themselves are values that occur, so that a value which many weights share, as in sparse or quantized
/// input, is an end of the bracket and need only be counted.
struct ScoreBracket {
  var low: UInt32
  var high: UInt32
  /// The share of the sample strictly between.
  private(set) var share: Double
  /// The share at either end.
  private(set) var endShare: Double

  /// Below this a sample saves nothing.
  static let leastCount = 1 << 16
  private static let lineLength = 16

  /// Nil where there are too few scores to take a sample.
  init?(around count: Int, of scores: UnsafeBufferPointer<UInt32>) {
    guard scores.count >= ScoreBracket.leastCount else { return nil }
    let sample = ScoreBracket.sample(scores)
    let size = Double(sample.count)
    let middle = size * Double(count) / Double(scores.count)
    // Five standard deviations of a rank; neighbouring weights may be alike, which makes a sample less even.
    let margin = 5 * (middle * (1 - middle / size)).squareRoot() + 16
    let above = Int(middle - margin)
    let below = Int(middle + margin)
    (low, high, share, endShare) = sample.withUnsafeBufferPointer { sample in
      let upper = ScoreCounts(sample, shift: 20, bits: 11)
      let high = above >= 1 ? Bar.ranked(above, sample, upper).score : MagnitudeLanes.signless
      let low = below <= sample.count ? Bar.ranked(below, sample, upper).score : 0
      let inside = sample.count { $0 > low && $0 < high }
      let ends = sample.count { $0 == low || $0 == high }
      return (low, high, Double(inside) / size, Double(ends) / size)
    }
  }

  /// Whole cache lines, spread evenly but for a jitter that keeps them from falling into a matrix's columns.
  private static func sample(_ scores: UnsafeBufferPointer<UInt32>) -> [UInt32] {
    let lines = scores.count / lineLength
    let wanted = min(lines, max(1 << 9, min(1 << 11, lines / 64)))
    let stride = lines / wanted
    return [UInt32](unsafeUninitializedCapacity: wanted * lineLength) { target, count in
      var state: UInt64 = 0
      for number in 0..<wanted {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let line = number * stride + Int((state >> 33) % UInt64(stride))
        for offset in 0..<lineLength {
          target.initializeElement(
            at: number * lineLength + offset, to: scores[line * lineLength + offset] & MagnitudeLanes.signless)
        }
      }
      count = wanted * lineLength
    }
  }

  /// The exact bar from one counting pass; nil where it is not within the bracket after all.
  func bar(keeping count: Int, of scores: UnsafeBufferPointer<UInt32>) -> Bar? {
    guard let start = scores.baseAddress else { return nil }
    let bars = [high, high &- 1, low, low &- 1].map { SIMD16<Int32>(repeating: Int32(bitPattern: $0)) }
    let (aboveHigh, fromHigh, aboveLow, fromLow) = (bars[0], bars[1], bars[2], bars[3])
    var (countAboveHigh, countHigh, countLow) = (0, 0, 0)
    var inside: [UInt32] = []
    let limit = scores.count / 8
    inside.reserveCapacity(min(limit, Int(Double(scores.count) * share * 1.25) + 64))
    func take(
      _ words: (aboveHigh: UInt64, fromHigh: UInt64, aboveLow: UInt64, fromLow: UInt64), _ scores: UnsafePointer<UInt32>
    ) {
      countAboveHigh += words.aboveHigh.nonzeroBitCount
      countHigh += (words.fromHigh & ~words.aboveHigh).nonzeroBitCount
      countLow += (words.fromLow & ~words.aboveLow).nonzeroBitCount
      var between = words.aboveLow & ~words.fromHigh
      while between != 0 {
        inside.append(scores[between.trailingZeroBitCount] & MagnitudeLanes.signless)
        between &= between &- 1
      }
    }
    var index = 0
    while index + 64 <= scores.count && inside.count < limit {
      take(
        (
          ScoreWords.above(aboveHigh, start + index), ScoreWords.above(fromHigh, start + index),
          ScoreWords.above(aboveLow, start + index), ScoreWords.above(fromLow, start + index)
        ), start + index)
      index += 64
    }
    guard inside.count < limit else { return nil }
    while index < scores.count {
      let score = scores[index] & MagnitudeLanes.signless
      countAboveHigh += score > high ? 1 : 0
      countHigh += score == high ? 1 : 0
      countLow += score == low ? 1 : 0
      if score > low && score < high { inside.append(score) }
      index += 1
    }
    // From the top: those above the bracket, its upper end, what is between, its lower end.
    var remaining = count - countAboveHigh
    guard remaining > 0 else { return nil }
    if remaining <= countHigh { return Bar(score: high, ties: remaining) }
    remaining -= countHigh
    if remaining <= inside.count { return inside.withUnsafeBufferPointer { Bar.ranked(remaining, $0) } }
    remaining -= inside.count
    return low < high && remaining <= countLow ? Bar(score: low, ties: remaining) : nil
  }
}

extension ScoreBracket {
  /// The share of scores within, ends included.
  var candidateShare: Double { share + endShare }

  /// Whether these are few enough to be looked at once more.
  var isNarrow: Bool { candidateShare < 1.0 / 8 }
}
