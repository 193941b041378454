import TestSupport
import Testing

@testable import CondenseEngine

@Suite("Sets of actions")
struct ActionWordsTests {
  @Test("They hold what a set holds, however even or uneven the words are", arguments: [UInt64.max, 200, 0])
  func matchesSet(largest: UInt64) {
    var random = SeededGenerator(seed: 9)
    var words = ActionWords()
    var expected: Set<UInt64> = []
    for _ in 0..<3000 {
      let word = UInt64.random(in: 0...largest, using: &random)
      let isNew = words.insert(word)
      let isExpected = expected.insert(word).inserted
      #expect(isNew == isExpected, "seed 9")
    }
    #expect(words.count == expected.count)
    for word in expected { #expect(words.contains(word)) }
    for _ in 0..<300 {
      let word = UInt64.random(in: 0 ... .max, using: &random)
      #expect(words.contains(word) == expected.contains(word))
    }
  }

  @Test("Words that all belong at one place are told apart")
  func collisions() {
    var words = ActionWords(capacity: 10)
    for high in 0..<UInt64(500) {
      let isNew = words.insert(high << 32)
      #expect(isNew)
    }
    for high in 0..<UInt64(500) { #expect(words.contains(high << 32)) }
    #expect(words.count == 500 && !words.contains(500 << 32))
  }
}
