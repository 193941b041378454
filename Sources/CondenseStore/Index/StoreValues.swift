import CondenseFiles
import CondenseTensors
import Foundation
import GRDB

// How values stand in the index. SQLite does not notice a flipped bit within a value, and an emptied or damaged entry must
// be a miss, never a wrong hit: so each value ends in a seal.

/// A value with the first bytes of a SHA-256 over its key and itself.
enum SealedValue {
  private static let sealByteCount = 8

  static func seal(_ value: [UInt8], under key: [UInt8]) -> Data { Data(value + checksum(value, key)) }

  /// The value; nil where it is not what was sealed under the key.
  static func open(_ column: DatabaseValue?, under key: [UInt8]) -> [UInt8]? {
    // Damage can turn a column into one of another type, which must not be taken for granted.
    column.flatMap { Data.fromDatabaseValue($0) }.flatMap { open(sealed: $0, under: key) }
  }

  /// Under another name than for a column: `row[0]` would rather be the `Data` that a damaged column is not.
  static func open(sealed: Data, under key: [UInt8]) -> [UInt8]? {
    guard sealed.count >= sealByteCount else { return nil }
    let value = [UInt8](sealed.dropLast(sealByteCount))
    return sealed.suffix(sealByteCount).elementsEqual(checksum(value, key)) ? value : nil
  }

  private static func checksum(_ value: [UInt8], _ key: [UInt8]) -> [UInt8] {
    var hasher = SHA256()
    hasher.updateField(UInt64(key.count))
    hasher.update(key)
    hasher.update(value)
    return Array(hasher.finish().bytes.prefix(sealByteCount))
  }
}

extension Artifact {
  /// Digest and size.
  var encoded: [UInt8] { digest.bytes + Words.bytes([UInt64(byteCount)]) }

  init?(encoded: [UInt8]) {
    guard encoded.count == Digest.byteCount + 8, let digest = Digest(bytes: encoded.prefix(Digest.byteCount)),
      let byteCount = Words.numbers(encoded.dropFirst(Digest.byteCount)).first.flatMap({ Int(exactly: $0) })
    else { return nil }
    self.init(digest: digest, byteCount: byteCount)
  }
}

extension FileRecord {
  /// Trust, the number of identities, five numbers for each, the facts.
  var encoded: [UInt8] {
    let numbers = identities.flatMap { identity in
      [
        identity.device, identity.inode, UInt64(bitPattern: Int64(identity.byteCount)),
        UInt64(bitPattern: identity.modificationTime), UInt64(bitPattern: identity.changeTime),
      ]
    }
    return Words.bytes([isTrusted ? 1 : 0, UInt64(identities.count)] + numbers) + facts.array
  }

  init?(encoded: [UInt8]) {
    let head = Words.numbers(encoded.prefix(16))
    guard head.count == 2, head[1] <= UInt64(encoded.count / 40) else { return nil }
    let factsStart = 16 + 40 * Int(head[1])
    guard factsStart <= encoded.count else { return nil }
    let numbers = Words.numbers(encoded[16..<factsStart])
    let identities = stride(from: 0, to: numbers.count, by: 5).map { index in
      FileIdentity(
        device: numbers[index], inode: numbers[index + 1], byteCount: Int(Int64(bitPattern: numbers[index + 2])),
        modificationTime: Int64(bitPattern: numbers[index + 3]), changeTime: Int64(bitPattern: numbers[index + 4]))
    }
    self.init(identities: identities, isTrusted: head[0] == 1, facts: Bytes(encoded[factsStart...]))
  }
}

/// Numbers as eight bytes each, least significant first.
enum Words {
  static func bytes(_ numbers: [UInt64]) -> [UInt8] {
    numbers.flatMap { number in withUnsafeBytes(of: number.littleEndian) { [UInt8]($0) } }
  }

  static func numbers(_ bytes: some Collection<UInt8>) -> [UInt64] {
    Bytes(bytes).elements(of: UInt64.self).map { UInt64(littleEndian: $0) }
  }
}
