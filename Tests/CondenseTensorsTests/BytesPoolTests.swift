import CondenseTensors
import Testing

@Suite("Memory that is used again")
struct BytesPoolTests {
  private static let large = 8 << 20

  private static func address(_ bytes: Bytes) -> UnsafeRawPointer? { bytes.withUnsafeBytes { $0.baseAddress } }

  private static func filled(_ count: Int, _ byte: UInt8) -> Bytes {
    Bytes(count: count) { _ = $0.initializeMemory(as: UInt8.self, repeating: byte) }
  }

  @Test("A large block goes to whoever asks next, and not before its holder lets go")
  func reuse() {
    BytesPool(capacity: 64 << 20).with {
      var first: Bytes? = Self.filled(Self.large, 1)
      let slice = first.map { $0[5..<9] }
      let address = first.flatMap { Self.address($0) }
      first = nil
      let second = Self.filled(Self.large, 2)
      #expect(Self.address(second) != address, "a slice still holds it")
      #expect(slice?.array == [1, 1, 1, 1])
    }
    let pool = BytesPool(capacity: 64 << 20)
    pool.with {
      let address = Self.address(Self.filled(Self.large, 1))
      #expect(pool.heldByteCount == Self.large)
      let again = Self.filled(Self.large - 100, 2)
      #expect(Self.address(again) == address)
      #expect(again.count == Self.large - 100)
      #expect(pool.heldByteCount == 0)
    }
  }

  @Test("Nothing waits beyond the capacity, and a small request takes no large block")
  func bounds() {
    let pool = BytesPool(capacity: 24 << 20)
    pool.with {
      let blocks = (0..<5).map { Self.filled(Self.large, $0) }
      #expect(blocks.map { $0[Self.large - 1] } == [0, 1, 2, 3, 4])
    }
    #expect(pool.heldByteCount == 24 << 20)
    pool.with { _ = Self.filled(100 << 20, 1) }
    #expect(pool.heldByteCount <= 24 << 20)
    let narrow = BytesPool(capacity: 64 << 20)
    narrow.with {
      _ = Self.filled(32 << 20, 1)
      let small = Self.filled(Self.large, 2)
      #expect(narrow.heldByteCount == 32 << 20)
      #expect(small.count == Self.large)
    }
  }

  @Test("Bytes outlive their pool, and outside of it nothing is pooled")
  func lifetimes() {
    var bytes = Bytes()
    do {
      let pool = BytesPool(capacity: 64 << 20)
      pool.with { bytes = Self.filled(Self.large, 7) }
      _ = Self.filled(Self.large, 8)
      #expect(pool.heldByteCount == 0)
    }
    #expect(bytes[Self.large - 1] == 7)
  }

  @Test("Threads share a pool")
  func threads() async {
    let pool = BytesPool(capacity: 64 << 20)
    await withTaskGroup(of: Bool.self) { group in
      for byte in UInt8(1)...4 {
        group.addTask {
          (0..<20).allSatisfy { _ in
            pool.with {
              let bytes = Self.filled(Self.large, byte)
              return stride(from: 0, to: bytes.count, by: 65_537).allSatisfy { bytes[$0] == byte }
            }
          }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
    #expect(pool.heldByteCount <= 64 << 20)
  }
}
