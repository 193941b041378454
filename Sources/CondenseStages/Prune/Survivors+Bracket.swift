import CLanes
import CondenseCodecs
import CondenseTensors

extension Survivors {
  /// The `count` largest of float32 numbers, by two passes: one over all of them with a bar that is low enough by a sample,
  /// and one over what that leaves, which is little more than what stays, with the bar that is known by then.
  ///
  /// Nil where the sample was wrong, or a number is not finite.
  init?(of numbers: Bytes, keeping count: Int, by bracket: ScoreBracket) {
    let total = numbers.count / MemoryLayout<UInt32>.stride
    let room = count + Int(Double(total) * bracket.candidateShare * 1.3) + 1024
    let lowest = Bar(score: bracket.low, ties: .max)
    guard let left = Survivors(of: numbers, over: lowest, expectedCount: room) else { return nil }
    let leftCount = left.elements.count / MemoryLayout<UInt32>.stride
    let candidates = Survivors.candidates(upTo: bracket.high, of: left.elements)
    let remaining = count - (leftCount - candidates.count)
    guard remaining >= 0 else { return nil }
    guard remaining < candidates.count else {
      // Where the bracket reaches down to zero, all that are not zero may stay.
      guard remaining == candidates.count || bracket.low <= 1 else { return nil }
      self = left
      return
    }
    var bar = Bar(score: bracket.high, ties: 0)
    if remaining > 0 {
      bar = candidates.withUnsafeBufferPointer { Bar.ranked(remaining, $0, between: bracket.low, and: bracket.high) }
    }
    guard let kept = Survivors(of: left.elements, over: bar, expectedCount: count) else { return nil }
    mask = left.mask.narrowed(to: kept.mask)
    elements = kept.elements
  }

  private init?(of numbers: Bytes, over bar: Bar, expectedCount: Int) {
    let survivors = numbers.withElements(of: UInt32.self) { scores in
      Survivors.writing(
        numbers, width: MemoryLayout<UInt32>.stride,
        SurvivorPass(scores: scores, bar: bar, expectedCount: expectedCount))
    }
    guard let survivors else { return nil }
    self = survivors
  }

  /// Those whose magnitude is not above a bar.
  private static func candidates(upTo bar: UInt32, of numbers: Bytes) -> [UInt32] {
    numbers.withElements(of: UInt32.self) { numbers in
      [UInt32](unsafeUninitializedCapacity: numbers.count + Int(CLANES_SURVIVOR_SLACK)) { target, count in
        guard let start = numbers.baseAddress, let found = target.baseAddress else { return }
        var survivors = clanes_survivors(elements: found, count: 0, capacity: target.count, largest: 0)
        let words = clanes_keep_up_to(start, numbers.count / 64, Int32(bitPattern: bar), &survivors)
        count = survivors.count
        // Without a branch: what is above is overwritten.
        for number in numbers[(64 * words)...] {
          found[count] = number
          count &+= number & MagnitudeLanes.signless <= bar ? 1 : 0
        }
      }
    }
  }
}

extension Bytes {
  /// The mask without those of its set bits, in their order, whose bit in `kept` is not set.
  fileprivate func narrowed(to kept: Bytes) -> Bytes {
    Bytes(count: count) { target in
      withUnsafeBytes { target.copyMemory(from: $0) }
      kept.withUnsafeBytes { kept in
        guard let words = target.baseAddress, let keptWords = kept.baseAddress else { return }
        var number = 0
        let done = clanes_narrow(
          words.assumingMemoryBound(to: UInt64.self), target.count / 8, keptWords.assumingMemoryBound(to: UInt64.self),
          kept.count / 8, &number)
        Bitmap.forEachSet(self[8 * done..<count]) { position in
          if kept[number / 8] & 1 << UInt8(number % 8) == 0 {
            target[8 * done + position / 8] &= ~(1 << UInt8(position % 8))
          }
          number += 1
        }
      }
    }
  }
}
