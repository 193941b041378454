import CSHA256
import CondenseFiles
import CondenseTensors

/// A SHA-256 digest.
public struct Digest: Hashable, Sendable {
  // Four words rather than an array: digests are the keys of most tables in a build.
  private var words: (UInt64, UInt64, UInt64, UInt64)

  public static let byteCount = 32

  /// The digest with these bytes; nil unless there are 32.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Digest.byteCount else { return nil }
    words = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &words) { words in
      if bytes.withContiguousStorageIfAvailable({ words.copyMemory(from: UnsafeRawBufferPointer($0)) }) == nil {
        words.copyBytes(from: bytes)
      }
    }
  }

  /// The digest of `parts` one after the other.
  public init(of parts: [Bytes]) {
    var hasher = SHA256()
    for part in parts { hasher.update(part) }
    self = hasher.finish()
  }

  public init(of bytes: Bytes) { self.init(of: [bytes]) }

  /// 64 lower-case hexadecimal digits.
  public init?(hex: String) {
    let digits = Array(hex.utf8)
    guard digits.count == 64 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: 64, by: 2) {
      guard let high = Digest.value(digits[index]), let low = Digest.value(digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    self.init(bytes: bytes)
  }

  public var bytes: [UInt8] { withUnsafeBytes(of: words) { [UInt8]($0) } }

  public var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The first eight bytes as a number: enough to tell the digests of one workspace apart.
  public var leadingWord: UInt64 { UInt64(littleEndian: words.0) }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }

  public static func == (a: Digest, b: Digest) -> Bool { a.words == b.words }
  public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension Digest {
  /// The digest of a file's content, read in pieces: it may be larger than memory.
  public init(of file: OpenFile) throws(FileError) {
    let piece = 1 << 20
    var hasher = SHA256()
    var offset = 0
    while case let bytes = try file.read(offset..<offset + piece), !bytes.isEmpty {
      hasher.update(bytes)
      offset += bytes.count
    }
    self = hasher.finish()
  }
}

extension Digest: CustomStringConvertible {
  public var description: String { hex }
}

/// SHA-256 over a stream of bytes (FIPS 180-4).
public struct SHA256: Sendable {
  private var context = csha256_context()

  public init() { csha256_begin(&context) }

  public mutating func update(_ bytes: Bytes) {
    bytes.withUnsafeBytes { csha256_update(&context, $0.baseAddress, $0.count) }
  }

  public mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { csha256_update(&context, $0.baseAddress, $0.count) }
  }

  /// Adds a string with its length before it, so that neighbouring fields cannot run into each other.
  public mutating func updateField(_ text: String) {
    updateField(UInt64(text.utf8.count))
    update(Array(text.utf8))
  }

  /// Adds a whole number as eight bytes, least significant first.
  public mutating func updateField(_ number: UInt64) {
    update(withUnsafeBytes(of: number.littleEndian) { [UInt8]($0) })
  }

  public mutating func updateField(_ digest: Digest) { update(digest.bytes) }

  /// The digest. Nothing may be added afterwards.
  public mutating func finish() -> Digest {
    var bytes = [UInt8](repeating: 0, count: Digest.byteCount)
    csha256_finish(&context, &bytes)
    guard let digest = Digest(bytes: bytes) else { preconditionFailure("a digest has 32 bytes") }
    return digest
  }
}
