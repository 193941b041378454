import CondenseCodecs
import CondenseTensors

/// Blocks of 16-bit words (symbol streams of kind 3), which files from before have and which are not written any more, as
/// docs/condensed-format.md says.
public enum EarlierANS {
  /// One block of at most 2^18 symbols.
  ///
  /// - Parameter shares: of each symbol; all of them add up to 2^bits.
  public static func block(_ symbols: [UInt8], shares: [Int], bits: Int) -> Bytes {
    var starts: [Int] = []
    var sum = 0
    for share in shares {
      starts.append(sum)
      sum += share
    }
    var states = [UInt64](repeating: 1 << 16, count: 8)
    var words: [UInt16] = []
    for (index, symbol) in symbols.enumerated().reversed() {
      let share = UInt64(shares[Int(symbol)])
      var state = states[index % 8]
      if state >= share << (32 - UInt64(bits)) {
        words.append(UInt16(truncatingIfNeeded: state))
        state >>= 16
      }
      states[index % 8] = (state / share) << UInt64(bits) + state % share + UInt64(starts[Int(symbol)])
    }
    var writer = ByteWriter()
    writer.number(words.count)
    writer.append(Bytes(elements: states.map { UInt32($0) }))
    writer.append(Bytes(elements: Array(words.reversed())))
    return writer.finish()
  }
}
