import CondenseCodecs
import CondenseTensors

/// The sum of a tensor's squared weights, for a slope that is relative to those of all tensors.
struct MeanSquare: Equatable {
  /// Weights that are not masked.
  var count: Int
  var sum: Double

  /// More elements than memory holds; sums of that many counts do not overflow.
  private static let mostElements = 1 << 48

  /// - Parameter countsZeros: whether zeros without a mask are weights.
  /// - Throws: ``StageError`` for a tensor that holds no plain weights, and for the first weight that is not finite.
  init(_ input: EncodedTensor, countsZeros: Bool = true) throws(StageError) {
    try input.checkParts()
    guard case .elements(.plain(let bytes)) = input.payload else {
      throw StageError("rate_distortion takes plain weights")
    }
    let values = try FloatInput(bytes, dtype: input.dtype)
    try values.checkFinite(mask: input.mask)
    count = countsZeros ? values.count : values.withValues { $0.count { $0 != 0 } }
    sum = values.withValues { MeanSquare.sumOfSquares($0) }
  }

  /// In eight sums by position, then one by one: a fixed order, whatever the vectors' width.
  private static func sumOfSquares(_ values: UnsafeBufferPointer<Float>) -> Double {
    var sums = SIMD8<Double>(repeating: 0)
    var index = 0
    while index + 8 <= values.count {
      for lane in 0..<8 {
        let value = Double(values[index + lane])
        sums[lane] += value * value
      }
      index += 8
    }
    var sum = 0.0
    for lane in 0..<8 { sum += sums[lane] }
    while index < values.count {
      sum += Double(values[index]) * Double(values[index])
      index += 1
    }
    return sum
  }

  // As bytes: the count and the sum's bit pattern, eight bytes each, little-endian.
  var measurement: Measurement {
    Measurement(Bytes(elements: [UInt64(count).littleEndian, sum.bitPattern.littleEndian]))
  }

  /// - Throws: ``StageError`` where the bytes are none of this kind.
  init(_ measurement: Measurement) throws(StageError) {
    guard measurement.bytes.count == 16 else { throw StageError("a measurement is damaged") }
    let words = measurement.bytes.elements(of: UInt64.self).map { UInt64(littleEndian: $0) }
    sum = Double(bitPattern: words[1])
    guard words[0] <= UInt64(MeanSquare.mostElements), sum >= 0, sum.isFinite else {
      throw StageError("a measurement is damaged")
    }
    count = Int(words[0])
  }
}

extension MeanSquare {
  /// One slope for all: `lambda` times the mean square of all weights, a bit.
  static func allocate(_ measurements: [Measurement], lambda: Double) throws(StageError) -> [Allocation] {
    var count = 0.0
    var sum = 0.0
    for measurement in measurements {
      let one = try MeanSquare(measurement)
      count += Double(one.count)
      sum += one.sum
    }
    let slope = count > 0 ? Slope(atMost: sum / count * lambda) : nil
    return measurements.map { _ in Slope.allocation(slope) }
  }
}
