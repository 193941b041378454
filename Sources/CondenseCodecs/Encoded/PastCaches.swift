import CCoders

/// Memory for more than caches hold is written past them. Otherwise each line is read before it is written, which costs as
/// much again, and whatever else the caches held is gone.
enum PastCaches {
  /// What is smaller is likely to be used while it is in a cache.
  static let leastByteCount = 32 << 20
  /// What is written at a time, to memory that stays in the first-level cache.
  private static let stretchByteCount = 8 << 10

  /// Has `write` fill `target` from its start to its end: it gets the memory for some elements, and which they are.
  @inline(__always)
  static func fill<T: BitwiseCopyable>(
    _ target: UnsafeMutableBufferPointer<T>, _ write: (UnsafeMutablePointer<T>, Range<Int>) -> Void
  ) {
    guard let base = target.baseAddress else { return }
    let width = MemoryLayout<T>.stride
    guard target.count * width >= leastByteCount else { return write(base, 0..<target.count) }
    let count = stretchByteCount / width
    withUnsafeTemporaryAllocation(byteCount: stretchByteCount, alignment: 64) { stretch in
      let memory = stretch.bindMemory(to: T.self)
      guard let start = memory.baseAddress else { return }
      for first in stride(from: 0, to: target.count, by: count) {
        let range = first..<min(first + count, target.count)
        write(start, range)
        ccoders_stream(base + first, start, range.count * width)
      }
    }
    ccoders_end_streaming()
  }
}
