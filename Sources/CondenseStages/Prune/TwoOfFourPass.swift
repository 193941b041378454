import CLanes

/// Keeps of each four neighbours the two largest magnitudes, of equal ones those that come first. Rows must be whole
/// groups.
struct TwoOfFourPass: ScorePass {
  let scores: UnsafeBufferPointer<UInt32>
  /// Whether the elements are the scores themselves, so that survivors can be written from registers.
  let isElements: Bool

  var scoreCount: Int { scores.count }
  var expectedCount: Int { scores.count / 2 }

  func run<Element: BitwiseCopyable>(
    _ elements: UnsafePointer<Element>, _ writer: inout SurvivorWriter<Element>
  ) -> Bool {
    guard let start = scores.baseAddress else { return true }
    return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 32) { scratch in
      guard let scratch = scratch.baseAddress else { return false }
      var sum = SIMD4<Float>(repeating: 0)
      var index = 0
      if isElements {
        let done = writer.appendWords(from: 0) { mask, survivors in
          clanes_keep_two_of_four(start, scores.count / 64, mask, &survivors)
        }
        guard done.areFinite else { return false }
        index = done.count
      }
      while index + 64 <= scores.count {
        let room = isElements ? writer.survivors.room(32)?.assumingMemoryBound(to: UInt32.self) : nil
        let word = TwoOfFourPass.word(start + index, pairs: room ?? scratch, &sum)
        if room != nil && word.nonzeroBitCount == 32 {
          writer.appendWritten(word, at: index, count: 32)
        } else {
          writer.append(word, at: index, of: elements)
        }
        index += 64
      }
      if index < scores.count {
        ScoreWords.withLast(start + index, count: scores.count - index) { last in
          writer.appendLast(TwoOfFourPass.word(last, pairs: scratch, &sum), at: index, of: elements)
        }
      }
      // What is not finite stays so, whatever is added to it; a sum of finite values may overflow.
      return sum.sum().isFinite
        || scores.allSatisfy { $0 & MagnitudeLanes.signless < MagnitudeLanes.infinity }
    }
  }

  /// Which of 64 scores stay. Writes two of each four to `pairs`, right where no zero is among those.
  @inline(__always)
  private static func word(
    _ scores: UnsafePointer<UInt32>, pairs: UnsafeMutablePointer<UInt32>, _ sum: inout SIMD4<Float>
  ) -> UInt64 {
    withUnsafeMutablePointer(to: &sum) { sum in
      sum.withMemoryRebound(to: Float.self, capacity: 4) { clanes_two_of_four(scores, pairs, $0) }
    }
  }
}
