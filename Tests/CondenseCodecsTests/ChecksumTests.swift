import CondenseTensors
import TestSupport
import Testing

@testable import CondenseCodecs

@Suite("Checksums")
struct ChecksumTests {
  /// Bit by bit, as the polynomial says.
  private static func reference(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var register: UInt32 = ~0
    for byte in bytes {
      register ^= UInt32(byte)
      for _ in 0..<8 { register = register & 1 == 1 ? register >> 1 ^ 0xEDB8_8320 : register >> 1 }
    }
    return ~register
  }

  @Test(
    "Every length has the checksum that the polynomial says, wherever it begins",
    arguments: [
      0, 1, 3, 4, 5, 15, 16, 17, 31, 100, 255, 256, 257, 384, 1000, CRC32Folding.smallest - 1, CRC32Folding.smallest,
      CRC32Folding.smallest + 1, 12_160, 20_000, 3006 + 8192 + 127, 3006 + 8192 + 128, 3006 + 8192 + 256, 70_003,
    ])
  func lengths(count: Int) {
    var generator = SeededGenerator(seed: UInt64(count))
    let bytes = (0..<count + 3).map { _ in UInt8.random(in: 0...255, using: &generator) }
    for start in 0...3 {
      let part = Bytes(bytes)[start..<start + count]
      let checksum = Self.reference(bytes[start..<start + count])
      onEveryProcessor { #expect(CRC32.checksum(part) == checksum, "from \(start)") }
    }
  }

  @Test("A single changed bit anywhere in long input changes the checksum as the polynomial says")
  func singleBits() {
    var bytes = [UInt8](repeating: 0, count: 30_000)
    var generator = SeededGenerator(seed: 7)
    for position in [0, 3, 4, 139, 140, 8191, 8192, 26_993, 26_994, 29_999] {
      let bit: UInt8 = 1 << UInt8.random(in: 0..<8, using: &generator)
      bytes[position] = bit
      let (changed, checksum) = (Bytes(bytes), Self.reference(bytes))
      onEveryProcessor { #expect(CRC32.checksum(changed) == checksum, "bit \(bit) of byte \(position)") }
      bytes[position] = 0
    }
  }
}
