/// CRC-32 of long input without tables, where the processor has no instructions for that: what a byte does to the
/// remainder, three bytes further on do as well.
///
/// The polynomial divides x^(8 × 4018) + x^(8 × 2091) + x^(8 × 1837) + 1, found by search. So a byte may be added to those
/// 1927, 2181 and 4018 bytes behind it and then left out, as the remainder stays the same: vectors of bytes are moved on
/// until only the last few thousand bytes are left. (The idea is Kadatch's and Russell's: "Chorba: A novel CRC32
/// implementation", 2024.)
enum CRC32Folding {
  static let distances = [1927, 2181, 4018]
  private static let near = 1927
  private static let middle = 2181
  private static let far = 4018

  private typealias Vector = SIMD16<UInt8>
  /// Bytes moved on at a time: less than the shortest distance, so that none of them depends on another.
  private static let step = 8 * 16
  /// Bytes between two moves of what has not arrived yet; with it they stay in the first-level cache.
  private static let chunk = 64 * step
  /// Below this, tables are as fast.
  static let smallest = 4 * far

  static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    withUnsafeTemporaryAllocation(byteCount: far + chunk, alignment: 16) { work in
      guard let source = bytes.baseAddress, let history = work.baseAddress else { return 0 }
      // What was left out, the last of it before `history + far`: each byte with what had been added to it.
      history.initializeMemory(as: UInt8.self, repeating: 0, count: far)
      var position = 0
      // The last bytes have to take what is added to them.
      let end = bytes.count - far
      while end - position >= step {
        let isFirst = position == 0
        let count = isFirst ? step : min(chunk, (end - position) / step * step)
        let target = history + far
        move(source + position, to: target, count)
        // The register begins as all ones, which is the same as inverting the first four bytes.
        if isFirst { target.storeBytes(of: ~target.loadUnaligned(as: UInt32.self), as: UInt32.self) }
        history.copyMemory(from: history + count, byteCount: far)
        position += count
      }
      return ~last(source + position, bytes.count - position, history)
    }
  }

  /// Leaves bytes out, with what those before them add: `target` has ``far`` of them before it.
  private static func move(_ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, _ count: Int) {
    var source = source
    var target = target
    for _ in 0..<count / step {
      for offset in stride(from: 0, to: step, by: 16) {
        let place = target + offset
        let sum =
          (source + offset).loadUnaligned(as: Vector.self) ^ (place - near).loadUnaligned(as: Vector.self)
          ^ (place - middle).loadUnaligned(as: Vector.self) ^ (place - far).loadUnaligned(as: Vector.self)
        place.storeBytes(of: sum, as: Vector.self)
      }
      source += step
      target += step
    }
  }

  /// The register after the last bytes, to which is added what was left out before them.
  private static func last(_ source: UnsafeRawPointer, _ count: Int, _ history: UnsafeMutableRawPointer) -> UInt32 {
    withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { rest in
      rest.copyMemory(from: UnsafeRawBufferPointer(start: source, count: count))
      for distance in distances {
        let added = history + far - distance
        for index in 0..<distance { rest[index] ^= added.load(fromByteOffset: index, as: UInt8.self) }
      }
      return CRC32.remainder(UnsafeRawBufferPointer(rest), 0)
    }
  }
}
