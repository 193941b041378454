#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Immutable, reference-counted bytes; slicing shares the storage.
///
/// Owned memory is aligned at its start for every element type, and from a page's size on to whole cache lines, so that
/// typed loads through ``withElements(of:_:)`` need no copy.
public struct Bytes: Sendable {
  @usableFromInline let storage: Storage
  @usableFromInline let offset: Int
  public let count: Int

  @usableFromInline
  init(storage: Storage, offset: Int, count: Int) {
    self.storage = storage
    self.offset = offset
    self.count = count
  }

  /// No bytes.
  public init() { self.init(capacity: 0) { _ in 0 } }

  /// A copy of a sequence of bytes.
  public init(_ bytes: some Collection<UInt8>) {
    // Element by element costs a call each where the collection's type is not known here.
    if let copy = bytes.withContiguousStorageIfAvailable({ Bytes(copying: UnsafeRawBufferPointer($0)) }) {
      self = copy
      return
    }
    self.init(count: bytes.count) { buffer in
      _ = buffer.initializeMemory(as: UInt8.self, from: bytes)
    }
  }

  /// A copy of raw memory.
  public init(copying source: UnsafeRawBufferPointer) {
    self.init(count: source.count) { $0.copyMemory(from: source) }
  }

  /// Exactly `count` bytes, which `body` must write all of.
  @inlinable
  public init<E: Error>(count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Void) throws(E) {
    let storage = Storage(count: count)
    try body(storage.memory)
    self.init(storage: storage, offset: 0, count: count)
  }

  /// At most `capacity` bytes; `body` returns how many it wrote from the start.
  @inlinable
  public init<E: Error>(capacity: Int, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int) throws(E) {
    let storage = Storage(count: capacity)
    let written = try body(storage.memory)
    precondition(written >= 0 && written <= capacity, "wrote past the capacity")
    self.init(storage: storage, offset: 0, count: written)
  }

  /// Takes over memory that `release` gives back, such as a mapped file.
  public init(adopting memory: UnsafeMutableRawBufferPointer, release: @escaping @Sendable () -> Void) {
    self.init(storage: Storage(adopting: memory, release: release), offset: 0, count: memory.count)
  }

  public var isEmpty: Bool { count == 0 }

  /// The bytes at `range` (offsets from this value's start), sharing storage.
  public subscript(range: Range<Int>) -> Bytes {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside the bytes")
    return Bytes(storage: storage, offset: offset + range.lowerBound, count: range.count)
  }

  @inlinable
  public subscript(index: Int) -> UInt8 {
    precondition(index >= 0 && index < count, "index outside the bytes")
    return storage.memory[offset + index]
  }

  @inlinable
  public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    // The buffer must not outlive the storage: keep it alive across the call.
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeRawBufferPointer(rebasing: storage.memory[offset..<offset + count]))
  }

  /// The bytes as elements of a trivial type. Bytes past the last whole element are left out.
  ///
  /// Misaligned slices are copied first.
  @inlinable
  public func withElements<T: BitwiseCopyable, R, E: Error>(
    of type: T.Type, _ body: (UnsafeBufferPointer<T>) throws(E) -> R
  ) throws(E) -> R {
    let wanted = count / MemoryLayout<T>.stride
    let isAligned = withUnsafeBytes { Int(bitPattern: $0.baseAddress) % MemoryLayout<T>.alignment == 0 }
    guard isAligned || count == 0 else {
      return try withUnsafeBytes { raw in Bytes(copying: raw) }.withElements(of: type, body)
    }
    return try withUnsafeBytes { (raw: UnsafeRawBufferPointer) throws(E) -> R in
      try body(
        UnsafeBufferPointer(start: raw.baseAddress?.assumingMemoryBound(to: T.self), count: wanted))
    }
  }

  /// A copy as an array.
  public var array: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}

extension Bytes {
  /// Owned or adopted memory; written only before it is shared, hence safe to send.
  @usableFromInline
  final class Storage: @unchecked Sendable {
    @usableFromInline let memory: UnsafeMutableRawBufferPointer
    private let release: (@Sendable () -> Void)?

    /// From here on memory comes from the pool, where there is one. Allocators give blocks of this size back to the
    /// system, and fetch and clear them anew, again and again.
    private static let leastPooled = 1 << 20
    /// What a large page takes: memory that fills whole ones well is asked for in large pages.
    private static let largePage = 2 << 20

    @usableFromInline
    init(count: Int) {
      guard count >= Storage.leastPooled else {
        // Small blocks with an alignment of their own leave the allocator with holes that it searches ever longer.
        memory = .allocate(byteCount: count, alignment: count < 4096 ? 16 : 64)
        release = nil
        return
      }
      let pool = BytesPool.current
      let block = UncheckedBlock(pool?.take(count) ?? Storage.largeBlock(count))
      memory = UnsafeMutableRawBufferPointer(rebasing: block.memory[..<count])
      release = {
        if let pool { pool.give(block.memory) } else { block.memory.deallocate() }
      }
    }

    /// At least `count` bytes, in whole large pages if that is at most an eighth more.
    private static func largeBlock(_ count: Int) -> UnsafeMutableRawBufferPointer {
      let byteCount = (count + largePage - 1) / largePage * largePage
      guard byteCount - count <= count / 8 else { return .allocate(byteCount: count, alignment: 64) }
      let block = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: largePage)
      #if os(Linux)
        // Clearing fresh memory page by page costs several times as much as filling it. Only a wish: it may fail.
        _ = madvise(block.baseAddress, byteCount, Int32(MADV_HUGEPAGE))
      #endif
      return block
    }

    /// Memory that only its storage knows.
    private struct UncheckedBlock: @unchecked Sendable {
      let memory: UnsafeMutableRawBufferPointer
      init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }
    }

    init(adopting memory: UnsafeMutableRawBufferPointer, release: @escaping @Sendable () -> Void) {
      self.memory = memory
      self.release = release
    }

    deinit {
      if let release { release() } else { memory.deallocate() }
    }
  }
}

/// Memory that is filled piece by piece before it becomes bytes.
package struct UnfinishedBytes: ~Copyable {
  private let storage: Bytes.Storage

  package init(capacity: Int) { storage = Bytes.Storage(count: capacity) }

  package var memory: UnsafeMutableRawBufferPointer { storage.memory }

  /// The first bytes, without a copy.
  package consuming func finish(count: Int) -> Bytes {
    precondition((0...storage.memory.count).contains(count), "more than there is memory for")
    return Bytes(storage: storage, offset: 0, count: count)
  }
}

extension Bytes: Equatable {
  public static func == (a: Bytes, b: Bytes) -> Bool {
    guard a.count == b.count else { return false }
    return a.withUnsafeBytes { left in
      b.withUnsafeBytes { right in
        // Eight bytes at a time, then the rest.
        let words = left.count / 8 * 8
        for offset in stride(from: 0, to: words, by: 8)
        where left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
          != right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        { return false }
        return left[words...].elementsEqual(right[words...])
      }
    }
  }
}

extension Bytes {
  /// The little-endian bytes of trivial elements.
  public init<T: BitwiseCopyable>(elements: [T]) {
    self = elements.withUnsafeBytes { Bytes(copying: $0) }
  }

  /// The bytes as an array of trivial elements; a partial last element is left out.
  public func elements<T: BitwiseCopyable>(of type: T.Type) -> [T] {
    withElements(of: type) { Array($0) }
  }
}
