import CondenseTensors
import TestSupport
import Testing

@testable import CondenseCodecs

@Suite("Gaps between elements")
struct GapListTests {
  /// What gaps stand for, one after the other; nil where they lead past the end, go on for ever, or are too few or many.
  private static func scattered<T: FixedWidthInteger>(
    _ elements: [T], _ gaps: [UInt8], elementCount: Int, zero: T
  ) -> [T]? {
    var all = [T](repeating: zero, count: elementCount)
    var position = 0
    var next = 0
    for gap in gaps {
      position += Int(gap)
      if gap == 255 { continue }
      guard position < elementCount, next < elements.count else { return nil }
      all[position] = elements[next]
      next += 1
      position += 1
    }
    return next == elements.count && gaps.last != 255 ? all : nil
  }

  private static func check<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, _ gaps: [UInt8], missing: Int, room: Int, using generator: inout SeededGenerator
  ) -> Bool {
    let count = gaps.count { $0 != 255 }
    let elements = (0..<max(0, count - missing)).map { _ in T.random(in: .min ... .max, using: &generator) }
    let elementCount = max(0, gaps.reduce(count) { $0 + Int($1) } + room)
    let found = elements.withUnsafeBufferPointer {
      GapList.scattered($0, Bytes(gaps), elementCount: elementCount, zero: T(7))
    }
    let expected = scattered(elements, gaps, elementCount: elementCount, zero: 7)
    return found?.elements(of: type) == expected
  }

  // Lengths around a group of eight; gaps that go on in none, some and all groups; an element more or less than gaps, and
  // an array that ends just before the last, with it, or far behind.
  @Test("Elements come to the places that gaps lead to, and are refused where there are none", arguments: 0..<40)
  func places(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let length = [0, 1, 7, 8, 9, 16, 17, 64, 2_000, 9_000][Int(seed % 10)]
    let goOn = [0.0, 0.001, 0.1, 0.7][Int(seed / 10 % 4)]
    let most: UInt8 = seed % 3 == 0 ? 254 : 20
    var gaps = (0..<length).map { _ in
      Double.random(in: 0..<1, using: &generator) < goOn ? 255 : UInt8.random(in: 0...most, using: &generator)
    }
    if Bool.random(using: &generator), !gaps.isEmpty { gaps[gaps.count - 1] = 0 }
    for missing in [0, 0, 0, 1, -1] {
      for room in [0, 0, -1, 1, 40_000] {
        #expect(Self.check(UInt8.self, gaps, missing: missing, room: room, using: &generator), "seed \(seed)")
        #expect(Self.check(UInt32.self, gaps, missing: missing, room: room, using: &generator), "seed \(seed)")
      }
    }
  }
}
