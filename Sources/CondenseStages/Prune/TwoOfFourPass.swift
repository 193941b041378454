/// Keeps of each four neighbours the two largest magnitudes, of equal ones those that come first: four groups at a time,
/// as many as registers hold. Rows must be whole groups.
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
    return withUnsafeTemporaryAllocation(byteCount: 128, alignment: 16) { scratch in
      guard let scratch = scratch.baseAddress else { return false }
      var largest = SIMD4<UInt32>(repeating: 0)
      var index = 0
      while index + 64 <= scores.count {
        let room = isElements ? writer.survivors.room(32) : nil
        let word = TwoOfFour.word(start + index, pairs: room ?? scratch, &largest)
        if room != nil && word.nonzeroBitCount == 32 {
          writer.appendWritten(word, at: index, count: 32)
        } else {
          writer.append(word, at: index, of: elements)
        }
        index += 64
      }
      if index < scores.count {
        ScoreWords.withLast(start + index, count: scores.count - index) { last in
          writer.appendLast(TwoOfFour.word(last, pairs: scratch, &largest), at: index, of: elements)
        }
      }
      // The top bit of a lane is set where a value was not finite.
      return (largest[0] | largest[1] | largest[2] | largest[3]) >> 31 == 0
    }
  }
}

private enum TwoOfFour {
  private typealias Lanes = SIMD4<UInt32>

  /// Which of 64 scores stay. Writes two of each four to `pairs`, right where no zero is among those.
  @inline(__always)
  static func word(
    _ scores: UnsafePointer<UInt32>, pairs: UnsafeMutableRawPointer, _ largest: inout SIMD4<UInt32>
  ) -> UInt64 {
    var groups = Lanes(repeating: 0)
    for part in 0..<4 {
      groups |= bits(scores + 16 * part, pairs: pairs + 32 * part, &largest) &<< UInt32(8 * part)
    }
    // Byte b of lane g is group 4b + g: two groups make a byte, and lanes alternate.
    let halves = groups.evenHalf | groups.oddHalf &<< 4
    var bytes = SIMD8<UInt8>()
    bytes.evenHalf = unsafeBitCast(halves[0], to: SIMD4<UInt8>.self)
    bytes.oddHalf = unsafeBitCast(halves[1], to: SIMD4<UInt8>.self)
    return UInt64(littleEndian: unsafeBitCast(bytes, to: UInt64.self))
  }

  /// Four bits for each of four groups of four.
  @inline(__always)
  private static func bits(
    _ scores: UnsafePointer<UInt32>, pairs: UnsafeMutableRawPointer, _ largest: inout SIMD4<UInt32>
  ) -> SIMD4<UInt32> {
    // A lane is a group: its first, second, third and fourth value.
    let values = UnsafeRawPointer(scores).loadUnaligned(as: SIMD16<UInt32>.self)
    let (even, odd) = (values.evenHalf, values.oddHalf)
    let (a, b, c, d) = (even.evenHalf, odd.evenHalf, even.oddHalf, odd.oddHalf)
    // The larger and the smaller of each half; then either one of each half stays, or both of one.
    let secondIsLarger = isLarger(b, a)
    let fourthIsLarger = isLarger(d, c)
    let larger = (selected(secondIsLarger, b, a), selected(fourthIsLarger, d, c))
    let smaller = (a ^ b ^ larger.0, c ^ d ^ larger.1)
    let leftStays = ~isLarger(larger.1, smaller.0)
    let rightStays = isLarger(smaller.1, larger.0)
    largest |= ((larger.0 & MagnitudeLanes.signless) &+ MagnitudeLanes.overflow)
    largest |= ((larger.1 & MagnitudeLanes.signless) &+ MagnitudeLanes.overflow)

    var both = SIMD8<UInt32>()
    both.evenHalf = selected(leftStays, a, selected(rightStays, c, larger.0))
    both.oddHalf = selected(rightStays, d, selected(leftStays, b, larger.1))
    pairs.storeBytes(of: both, as: SIMD8<UInt32>.self)

    let first = (leftStays | (~rightStays & ~secondIsLarger)) & isNonzero(a) & 1
    let second = (leftStays | (~rightStays & secondIsLarger)) & isNonzero(b) & 2
    let third = (rightStays | (~leftStays & ~fourthIsLarger)) & isNonzero(c) & 4
    let fourth = (rightStays | (~leftStays & fourthIsLarger)) & isNonzero(d) & 8
    return first | second | third | fourth
  }

  /// All ones where `a` has the larger magnitude.
  @inline(__always)
  private static func isLarger(_ a: SIMD4<UInt32>, _ b: SIMD4<UInt32>) -> SIMD4<UInt32> {
    let left = unsafeBitCast(a & MagnitudeLanes.signless, to: SIMD4<Int32>.self)
    let right = unsafeBitCast(b & MagnitudeLanes.signless, to: SIMD4<Int32>.self)
    return SIMD4<UInt32>(repeating: 0).replacing(with: .max, where: left .> right)
  }

  @inline(__always)
  private static func isNonzero(_ a: SIMD4<UInt32>) -> SIMD4<UInt32> { isLarger(a, SIMD4(repeating: 0)) }

  /// Bit by bit, so that it stays three instructions.
  @inline(__always)
  private static func selected(
    _ mask: SIMD4<UInt32>, _ yes: SIMD4<UInt32>, _ no: SIMD4<UInt32>
  ) -> SIMD4<UInt32> { (mask & yes) | (~mask & no) }
}
