import CondenseTensors

// A summary as bytes: the format's number, then as variable-length numbers (seven bits a byte, the lowest first, the
// top bit set where more follow) the unit size, the number of entries, and for each entry how much its score is below
// the one before, and its count. Of different weights that is about four bytes each: less than the weights take.
extension MagnitudeSummary {
  private static let format: UInt8 = 1

  /// More elements than memory holds; sums of that many cannot overflow.
  static let mostElements = 1 << 60

  var measurement: Measurement {
    var bytes = [MagnitudeSummary.format]
    bytes.reserveCapacity(5 * entries.count + 32)
    func append(_ number: Int) {
      var rest = UInt(number)
      while rest >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
        rest >>= 7
      }
      bytes.append(UInt8(rest))
    }
    append(unitSize)
    append(entries.count)
    var score = UInt32.max
    for entry in entries {
      append(Int(score - entry.score))
      append(entry.count)
      score = entry.score
    }
    return Measurement(Bytes(elements: bytes))
  }

  /// - Throws: ``StageError`` where the bytes are no summary, or one of more elements than there can be.
  init(_ measurement: Measurement) throws(StageError) {
    var reader = NumberReader(bytes: measurement.bytes)
    guard measurement.bytes.first == MagnitudeSummary.format, let size = reader.next(), let count = reader.next(),
      size > 0, count <= measurement.bytes.count / 2
    else { throw StageError("a measurement is damaged") }
    unitSize = size
    entries = []
    entries.reserveCapacity(count)
    var score = Int(UInt32.max)
    var units = 0
    for index in 0..<count {
      guard let step = reader.next(), let count = reader.next(), count > 0, step <= score, step > 0 || index == 0,
        count <= MagnitudeSummary.mostElements / size - units
      else { throw StageError("a measurement is damaged") }
      score -= step
      units += count
      entries.append(Entry(score: UInt32(score), count: count))
    }
    guard reader.isAtEnd else { throw StageError("a measurement is damaged") }
  }
}

/// Reads variable-length numbers after the first byte.
private struct NumberReader {
  let bytes: Bytes
  var offset = 1

  var isAtEnd: Bool { offset == bytes.count }

  /// The next number; nil at the end, and where it does not fit.
  mutating func next() -> Int? {
    var number = 0
    for shift in stride(from: 0, to: 63, by: 7) {
      guard offset < bytes.count else { return nil }
      let byte = bytes[offset]
      offset += 1
      number |= Int(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return number }
    }
    return nil
  }
}

extension Bytes {
  fileprivate var first: UInt8? { isEmpty ? nil : self[0] }
}
