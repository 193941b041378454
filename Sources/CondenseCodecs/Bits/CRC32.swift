import CCoders
import CondenseTensors

/// CRC-32 as zlib and PNG have it (reflected polynomial 0xEDB88320), so that any tool can check a stream.
public struct CRC32 {
  public static func checksum(_ bytes: Bytes) -> UInt32 { bytes.withUnsafeBytes { checksum($0) } }

  public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    if let folded = folded(bytes) { return folded }
    return bytes.count < CRC32Folding.smallest ? ~remainder(bytes, ~0) : CRC32Folding.checksum(bytes)
  }

  /// Nil where the processor lacks the instructions, or there are too few bytes for them.
  private static func folded(_ bytes: UnsafeRawBufferPointer) -> UInt32? {
    withUnsafeTemporaryAllocation(byteCount: 16, alignment: 16) { rest in
      let done = ccoders_crc32_fold(bytes.baseAddress, bytes.count, ~0, rest.baseAddress)
      guard done > 0 else { return nil }
      return ~remainder(UnsafeRawBufferPointer(rebasing: bytes[done...]), remainder(UnsafeRawBufferPointer(rest), 0))
    }
  }

  private static let tableCount = 16

  /// Sixteen tables of 256, to take sixteen bytes at a time ("slicing", Kounavis and Berry, 2005).
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: tableCount * 256)
    for index in 0..<256 {
      var value = UInt32(index)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
      tables[index] = value
    }
    for index in 256..<tableCount * 256 {
      let before = tables[index - 256]
      tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
    }
    return tables
  }()

  /// The register after more bytes.
  static func remainder(_ bytes: UnsafeRawBufferPointer, _ start: UInt32) -> UInt32 {
    tables.withUnsafeBufferPointer { tables in
      guard let tables = tables.baseAddress, var source = bytes.baseAddress else { return start }
      var crc = start
      for _ in 0..<bytes.count / 16 {
        let low = source.loadUnaligned(as: UInt64.self).littleEndian ^ UInt64(crc)
        let high = source.loadUnaligned(fromByteOffset: 8, as: UInt64.self).littleEndian
        crc = eight(low, tables + 8 * 256) ^ eight(high, tables)
        source += 16
      }
      for byte in bytes[(bytes.count & ~15)...] {
        crc = crc >> 8 ^ tables[Int((crc ^ UInt32(byte)) & 0xFF)]
      }
      return crc
    }
  }

  /// What eight bytes add, the last of which stands `tables` before the end.
  @inline(__always)
  private static func eight(_ word: UInt64, _ tables: UnsafePointer<UInt32>) -> UInt32 {
    @inline(__always)
    func entry(_ byte: UInt64) -> UInt32 {
      tables[Int(truncatingIfNeeded: (7 &- byte) &* 256 &+ (word &>> (8 &* byte)) & 0xFF)]
    }
    return (entry(0) ^ entry(1)) ^ (entry(2) ^ entry(3)) ^ (entry(4) ^ entry(5)) ^ (entry(6) ^ entry(7))
  }
}
