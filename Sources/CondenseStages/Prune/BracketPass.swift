import CLanes

/// Keeps the largest scores with one pass over memory, although their bar is not known yet.
///
/// Everything over a bracket's lower end is written, and of what is within the bracket the place is noted: about a
/// hundredth. These candidates then tell the bar, and those that do not reach it are taken out again.
struct BracketPass: ScorePass {
  let scores: UnsafeBufferPointer<UInt32>
  /// How many stay, zeros included.
  let count: Int
  let bracket: ScoreBracket

  var scoreCount: Int { scores.count }
  var expectedCount: Int { count + limit }

  /// More candidates than this are more than the sample promised.
  private var limit: Int { Int(Double(scores.count) * bracket.candidateShare * 1.3) + 1024 }

  func run<Element: BitwiseCopyable>(
    _ elements: UnsafePointer<Element>, _ writer: inout SurvivorWriter<Element>
  ) -> Bool {
    guard scores.count <= Int(UInt32.max) else { return false }
    // A word more than the limit, which is looked at once a word.
    let candidates = UnsafeMutableBufferPointer<clanes_candidate>.allocate(capacity: limit + 64)
    defer { candidates.deallocate() }
    guard let count = collect(elements, &writer, candidates) else { return false }
    return settle(UnsafeMutableBufferPointer(rebasing: candidates[..<count]), &writer)
  }

  /// Writes all that is over the lower end and notes what is within the bracket. Returns how many those are; nil where
  /// they are too many or a value is not finite.
  private func collect<Element: BitwiseCopyable>(
    _ elements: UnsafePointer<Element>, _ writer: inout SurvivorWriter<Element>,
    _ candidates: UnsafeMutableBufferPointer<clanes_candidate>
  ) -> Int? {
    guard let start = scores.baseAddress, let candidates = candidates.baseAddress else { return nil }
    // Zeros never stay, so the lowest end is just above them.
    let low = SIMD16<Int32>(repeating: Int32(bitPattern: max(bracket.low, 1) - 1))
    let high = SIMD16<Int32>(repeating: Int32(bitPattern: bracket.high))
    let limit = limit
    var seen = MagnitudeLanes.Bits(repeating: 0)
    var count = 0
    var index = 0
    if ScoreWords.areScores(elements, start) {
      var found = clanes_candidates(elements: candidates, count: 0, limit: limit)
      let done = writer.appendWords { mask, survivors in
        clanes_keep_candidates(start, scores.count / 64, low[0], high[0], mask, &survivors, &found)
      }
      guard done.areFinite else { return nil }
      (index, count) = (done.count, found.count)
    }
    while index + 64 <= scores.count && count <= limit {
      let word = ScoreWords.above(low, start + index, seen: &seen)
      var rest = word & ~ScoreWords.above(high, start + index)
      while rest != 0 {
        let bit = rest & (0 &- rest)
        let position = index &+ rest.trailingZeroBitCount
        candidates[count] = clanes_candidate(
          position: UInt32(truncatingIfNeeded: position),
          number: UInt32(truncatingIfNeeded: writer.count &+ (word & (bit &- 1)).nonzeroBitCount),
          score: start[position] & MagnitudeLanes.signless)
        count &+= 1
        rest ^= bit
      }
      writer.append(word, at: index, of: elements)
      index += 64
    }
    guard count <= limit else { return nil }
    if index < scores.count {
      // A mask byte at a time.
      for begin in stride(from: index, to: scores.count, by: 8) {
        var byte: UInt8 = 0
        for position in begin..<min(begin + 8, scores.count) {
          let score = scores[position] & MagnitudeLanes.signless
          guard score < MagnitudeLanes.infinity else { return nil }
          guard score >= max(bracket.low, 1) else { continue }
          if score <= bracket.high {
            candidates[count] = clanes_candidate(
              position: UInt32(position), number: UInt32(writer.count + byte.nonzeroBitCount), score: score)
            count += 1
          }
          byte |= 1 << UInt8(position - begin)
        }
        writer.appendByte(byte, at: begin, of: elements)
      }
    }
    return MagnitudeLanes.hasNotFinite(seen) || writer.survivors.isFull ? nil : count
  }

  /// Takes the candidates out that do not reach the bar; false where it is not within the bracket.
  private func settle<Element: BitwiseCopyable>(
    _ candidates: UnsafeMutableBufferPointer<clanes_candidate>, _ writer: inout SurvivorWriter<Element>
  ) -> Bool {
    let remaining = count - (writer.count - candidates.count)
    guard remaining >= 0 else { return false }
    // Where the bracket reaches down to zero, all that are not zero may stay.
    guard remaining <= candidates.count else { return bracket.low <= 1 }
    guard remaining < candidates.count else { return true }
    var bar = Bar.none
    if remaining > 0 {
      bar = candidates.map(\.score).withUnsafeBufferPointer { Bar.ranked(remaining, $0) }
    }
    // Those that go move to the front.
    var goneCount = 0
    for candidate in candidates where candidate.score <= bar.score {
      if candidate.score == bar.score && bar.ties > 0 {
        bar.ties -= 1
        continue
      }
      candidates[goneCount] = candidate
      goneCount += 1
    }
    writer.remove(UnsafeBufferPointer(rebasing: candidates[..<goneCount]))
    return true
  }
}
