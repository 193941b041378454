#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Large blocks of memory that are handed out again instead of going back to the system: clearing fresh pages takes as
/// long as most kernels take to fill them.
///
/// Within ``with(_:)`` all large ``Bytes`` come from the pool, and return to it when nobody holds them any more, from
/// whatever thread. Blocks that wait for their next use take no more than the pool's capacity.
public final class BytesPool: @unchecked Sendable {
  typealias Block = UnsafeMutableRawBufferPointer

  @TaskLocal static var current: BytesPool?

  private let capacity: Int
  // POSIX's, which the thread sanitizer sees; behind it, `blocks` and `byteCount`.
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  /// The one that has waited longest first.
  private var blocks: [Block] = []
  private var byteCount = 0

  /// - Parameter capacity: the most bytes that may wait.
  public init(capacity: Int) {
    self.capacity = capacity
    lock = .allocate(capacity: 1)
    lock.initialize(to: pthread_mutex_t())
    pthread_mutex_init(lock, nil)
  }

  deinit {
    for block in blocks { block.deallocate() }
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  /// Bytes that wait.
  public var heldByteCount: Int { locked { byteCount } }

  /// Runs `body` with large memory from the pool, on this thread.
  public func with<R>(_ body: () throws -> R) rethrows -> R { try BytesPool.$current.withValue(self, operation: body) }

  /// The smallest block that takes `count` bytes, if one waits that is not much larger.
  func take(_ count: Int) -> Block? {
    locked {
      let fitting = blocks.indices.filter { blocks[$0].count >= count && blocks[$0].count / 2 <= count }
      guard let best = fitting.min(by: { blocks[$0].count < blocks[$1].count }) else { return nil }
      byteCount -= blocks[best].count
      return blocks.remove(at: best)
    }
  }

  /// Takes a block back, and gives those to the system that have waited longest and for which there is no room.
  func give(_ block: Block) {
    let surplus = locked {
      blocks.append(block)
      byteCount += block.count
      var surplus: [Block] = []
      while byteCount > capacity {
        byteCount -= blocks[0].count
        surplus.append(blocks.removeFirst())
      }
      return surplus
    }
    for block in surplus { block.deallocate() }
  }

  private func locked<R>(_ body: () -> R) -> R {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return body()
  }
}
