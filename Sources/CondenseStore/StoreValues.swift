import CondenseFiles
import CondenseTensors
import Foundation

/// How an action's artifact stands in the index: digest, size, and the first bytes of a digest over key, digest and
/// size, so that an emptied or damaged entry is a miss and never a wrong hit.
enum ActionValue {
  static func encode(_ action: ActionRecord) -> Data {
    Data(action.artifact.digest.bytes + size(action.artifact) + seal(action))
  }

  static func decode(_ data: Data, key: Digest) -> Artifact? {
    guard data.count == 48, let digest = Digest(bytes: data.prefix(32)) else { return nil }
    let size = data.dropFirst(32).prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let byteCount = Int(exactly: size) else { return nil }
    let action = ActionRecord(key: key, artifact: Artifact(digest: digest, byteCount: byteCount))
    return Array(data.suffix(8)) == seal(action) ? action.artifact : nil
  }

  private static func size(_ artifact: Artifact) -> [UInt8] {
    withUnsafeBytes(of: UInt64(artifact.byteCount).littleEndian) { [UInt8]($0) }
  }

  private static func seal(_ action: ActionRecord) -> [UInt8] {
    var hasher = SHA256()
    hasher.updateField(action.key)
    hasher.updateField(action.artifact.digest)
    hasher.update(size(action.artifact))
    return Array(hasher.finish().bytes.prefix(8))
  }
}

/// Files' identities, five numbers each.
enum IdentityValue {
  static func encode(_ identities: [FileIdentity]) -> Data {
    let numbers = identities.flatMap { identity in
      [
        identity.device, identity.inode, UInt64(bitPattern: Int64(identity.byteCount)),
        UInt64(bitPattern: identity.modificationTime), UInt64(bitPattern: identity.changeTime),
      ]
    }
    return numbers.withUnsafeBytes { Data($0) }
  }

  static func decode(_ data: Data?) -> [FileIdentity]? {
    guard let data, data.count % 40 == 0 else { return nil }
    let numbers = Bytes(data).elements(of: UInt64.self)
    return stride(from: 0, to: numbers.count, by: 5).map { index in
      FileIdentity(
        device: numbers[index], inode: numbers[index + 1], byteCount: Int(Int64(bitPattern: numbers[index + 2])),
        modificationTime: Int64(bitPattern: numbers[index + 3]), changeTime: Int64(bitPattern: numbers[index + 4]))
    }
  }
}
