import CondenseCodecs
import CondenseTensors

/// The elements that stay, and where they stood.
struct Survivors {
  var mask: Bytes
  /// In the source's type.
  var elements: Bytes

  /// The survivors of a tensor over a bar; zeros never stay. One pass over memory.
  ///
  /// - Parameter scores: one for each element.
  /// - Throws: ``StageError`` naming the first score that is not finite.
  init(of bytes: Bytes, width: Int, scores: FloatInput, over bar: Bar) throws(StageError) {
    let survivors = scores.withBits { scores in
      Survivors.writing(bytes, width: width, SurvivorPass(scores: scores, bar: bar))
    }
    guard let survivors else { throw scores.notFinite() }
    self = survivors
  }

  /// The `count` largest; zeros never stay.
  ///
  /// - Throws: ``StageError`` naming the first score that is not finite.
  init(of bytes: Bytes, width: Int, scores: FloatInput, keeping count: Int) throws(StageError) {
    let bracket = scores.withBits { ScoreBracket(around: count, of: $0) }
    guard let bracket, bracket.isNarrow,
      let survivors = Survivors(of: scores.floats, keeping: count, by: bracket)
    else {
      try scores.checkFinite()
      try self.init(
        of: bytes, width: width, scores: scores, over: scores.withBits { Bar(keeping: count, of: $0) })
      return
    }
    // Only float32 weights are their own scores.
    self = width == MemoryLayout<Float>.stride ? survivors : Survivors(of: bytes, width: width, mask: survivors.mask)
  }

  /// Elements that a mask keeps.
  init(of bytes: Bytes, width: Int, mask: Bytes) {
    self.mask = mask
    let count = Bitmap.popcount(mask, in: 0..<8 * mask.count)
    switch width {
    case 1: elements = Survivors.gathered(bytes, mask, count, UInt8.self)
    case 2: elements = Survivors.gathered(bytes, mask, count, UInt16.self)
    case 4: elements = Survivors.gathered(bytes, mask, count, UInt32.self)
    default: elements = Survivors.gathered(bytes, mask, count, UInt64.self)
    }
  }

  init(mask: Bytes, elements: Bytes) {
    self.mask = mask
    self.elements = elements
  }

  private static func gathered<T: BitwiseCopyable>(
    _ bytes: Bytes, _ mask: Bytes, _ count: Int, _ type: T.Type
  ) -> Bytes {
    Bytes(capacity: (count + SurvivorWriter<T>.slack) * MemoryLayout<T>.stride) { target in
      bytes.withElements(of: type) { elements in
        guard let start = elements.baseAddress, var gatherer = SurvivorGatherer<T>(target) else { return 0 }
        mask.withUnsafeBytes { mask in
          var index = 0
          while index + 8 <= mask.count {
            let word = UInt64(littleEndian: mask.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            gatherer.gather(word, start + 8 * index)
            index += 8
          }
          while index < mask.count {
            gatherer.gather(UInt64(mask[index]), start + 8 * index)
            index += 1
          }
        }
        return count * MemoryLayout<T>.stride
      }
    }
  }
}

/// A pass over scores that writes survivors.
protocol ScorePass {
  /// How many survivors to make room for; more make the pass write the mask only.
  var expectedCount: Int { get }
  var scoreCount: Int { get }

  /// Returns false where what was written is of no use.
  func run<Element: BitwiseCopyable>(_ elements: UnsafePointer<Element>, _ writer: inout SurvivorWriter<Element>)
    -> Bool
}

extension Survivors {
  /// Runs a pass over elements of any width; nil where it failed.
  static func writing(_ bytes: Bytes, width: Int, _ pass: some ScorePass) -> Survivors? {
    switch width {
    case 1: writing(bytes, UInt8.self, pass)
    case 2: writing(bytes, UInt16.self, pass)
    case 4: writing(bytes, UInt32.self, pass)
    default: writing(bytes, UInt64.self, pass)
    }
  }

  private static func writing<Element: BitwiseCopyable>(
    _ bytes: Bytes, _: Element.Type, _ pass: some ScorePass
  ) -> Survivors? {
    guard pass.scoreCount > 0 else { return Survivors(mask: Bytes(), elements: Bytes()) }
    var isUseful = false
    var isFull = false
    var elements = Bytes()
    let room = (min(pass.expectedCount, pass.scoreCount) + SurvivorWriter<Element>.slack) * MemoryLayout<Element>.stride
    let mask = Bytes(count: Bitmap.byteCount(pass.scoreCount)) { mask in
      elements = Bytes(capacity: room) { target in
        bytes.withElements(of: Element.self) { source in
          guard let start = source.baseAddress, var writer = SurvivorWriter<Element>(mask: mask, target: target) else {
            return 0
          }
          isUseful = pass.run(start, &writer)
          isFull = writer.survivors.isFull
          return isUseful ? writer.count * MemoryLayout<Element>.stride : 0
        }
      }
    }
    guard isUseful else { return nil }
    return isFull
      ? Survivors(of: bytes, width: MemoryLayout<Element>.stride, mask: mask)
      : Survivors(mask: mask, elements: elements)
  }
}
