import CLanes

/// Keeps what is over a bar that is known.
struct SurvivorPass: ScorePass {
  let scores: UnsafeBufferPointer<UInt32>
  let bar: Bar
  let expectedCount: Int

  var scoreCount: Int { scores.count }

  /// - Parameter expectedCount: what a sample says, unless told.
  init(scores: UnsafeBufferPointer<UInt32>, bar: Bar, expectedCount: Int? = nil) {
    self.scores = scores
    // Zeros never stay: they are what the mask leaves out.
    self.bar = bar.score == 0 ? Bar(score: 1, ties: .max) : bar
    self.expectedCount = expectedCount ?? SurvivorPass.estimate(self.bar, scores)
  }

  /// Somewhat more than a sample says.
  private static func estimate(_ bar: Bar, _ scores: UnsafeBufferPointer<UInt32>) -> Int {
    let wanted = 1 << 12
    guard scores.count > 16 * wanted else { return scores.count }
    let stride = scores.count / wanted
    let seen = (0..<wanted).count { scores[$0 * stride + $0 % stride] & MagnitudeLanes.signless >= bar.score }
    return (seen + 256) * stride
  }

  func run<Element: BitwiseCopyable>(
    _ elements: UnsafePointer<Element>, _ writer: inout SurvivorWriter<Element>
  ) -> Bool {
    guard let start = scores.baseAddress else { return true }
    let above = SIMD16<Int32>(repeating: Int32(bitPattern: bar.score))
    let from = above &- 1
    var seen = MagnitudeLanes.Bits(repeating: 0)
    var ties = bar.ties
    var index = 0
    let words = scores.count / 64
    let areScores = ScoreWords.areScores(elements, start)
    if areScores && ties > 0 {
      var left = UInt(ties)
      let done = writer.appendWords(from: 0) { mask, survivors in
        ties == .max
          ? clanes_keep_above(start, words, from[0], mask, &survivors)
          : clanes_keep_tied(start, words, above[0], &left, mask, &survivors)
      }
      guard done.areFinite else { return false }
      index = done.count
      ties = Int(left)
    }
    // While ties are left to keep, those of a word are kept if all fit.
    while index + 64 <= scores.count && ties > 0 {
      var word = ScoreWords.above(from, start + index, seen: &seen)
      if ties < .max {
        word = SurvivorPass.limited(word, above: ScoreWords.above(above, start + index), &ties)
      }
      writer.append(word, at: index, of: elements)
      index += 64
    }
    if areScores && ties == 0 {
      let first = index
      let done = writer.appendWords(from: first) { mask, survivors in
        clanes_keep_above(start + first, words - first / 64, above[0], mask, &survivors)
      }
      guard done.areFinite else { return false }
      index += done.count
    }
    while index + 64 <= scores.count {
      writer.append(ScoreWords.above(above, start + index, seen: &seen), at: index, of: elements)
      index += 64
    }
    guard index < scores.count else { return !MagnitudeLanes.hasNotFinite(seen) }
    return ScoreWords.withLast(start + index, count: scores.count - index) { last in
      var word = ScoreWords.above(from, last, seen: &seen)
      word = SurvivorPass.limited(word, above: ScoreWords.above(above, last), &ties)
      writer.appendLast(word, at: index, of: elements)
      return !MagnitudeLanes.hasNotFinite(seen)
    }
  }

  /// What is above the bar, and of what is on it the first `ties`.
  private static func limited(_ from: UInt64, above: UInt64, _ ties: inout Int) -> UInt64 {
    var equal = from & ~above
    let count = equal.nonzeroBitCount
    if count <= ties {
      if ties < .max { ties -= count }
      return from
    }
    var word = above
    while ties > 0 {
      word |= equal & (0 &- equal)
      equal &= equal &- 1
      ties -= 1
    }
    return word
  }
}

extension ScoreWords {
  /// Fewer than 64 scores with zeros after them.
  static func withLast<R>(_ scores: UnsafePointer<UInt32>, count: Int, _ body: (UnsafePointer<UInt32>) -> R) -> R {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { last in
      last.initialize(repeating: 0)
      for index in 0..<count { last[index] = scores[index] }
      return last.baseAddress.map { body(UnsafePointer($0)) } ?? body(scores)
    }
  }
}
