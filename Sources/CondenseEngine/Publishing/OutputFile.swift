import CondenseFiles
import CondenseStore
import CondenseTensors
import Foundation

/// What a published file contains, and how it came to be: recorded with its identity, so that a file that is still the
/// same needs neither writing nor hashing.
struct OutputFacts: Equatable {
  /// Over everything that decides the file's bytes.
  var contentKey: Digest
  var sha256: Digest
  var byteCount: Int

  var encoded: Bytes {
    Bytes(contentKey.bytes + sha256.bytes + withUnsafeBytes(of: UInt64(byteCount).littleEndian) { [UInt8]($0) })
  }

  init(contentKey: Digest, sha256: Digest, byteCount: Int) {
    self.contentKey = contentKey
    self.sha256 = sha256
    self.byteCount = byteCount
  }

  init?(encoded: Bytes) {
    guard encoded.count == 72, let contentKey = Digest(bytes: encoded[0..<32].array),
      let sha256 = Digest(bytes: encoded[32..<64].array)
    else { return nil }
    self.contentKey = contentKey
    self.sha256 = sha256
    byteCount = Int(truncatingIfNeeded: encoded[64..<72].elements(of: UInt64.self)[0])
  }
}

/// A finished file that is to take an output's place.
struct StagedFile {
  var path: String
  var sha256: Digest
  var byteCount: Int

  func sync() throws(FileError) { try OpenFile.reading(path).sync() }
}

/// A file at an output's path.
struct OutputFile {
  var path: String
  var store: any ArtifactStore

  /// How the file is found.
  enum Current {
    /// It holds what is to be published.
    case upToDate(OutputFacts, TrackedFile)
    case outOfDate(PublishingReason)
  }

  /// Looks whether the file holds what `contentKey` stands for.
  func current(contentKey: Digest) -> Current {
    let now = FileIdentity.now
    guard let identity = try? FileIdentity(of: path) else { return .outOfDate(.missing) }
    guard let record = store.fileRecord(path, purpose: .output), let facts = OutputFacts(encoded: record.facts) else {
      return .outOfDate(.unknownFile)
    }
    guard facts.contentKey == contentKey else { return .outOfDate(.newContent) }
    if record.isTrusted && record.identities == [identity] {
      return .upToDate(facts, TrackedFile(path: path, identity: identity, isSettled: true, sha256: facts.sha256))
    }
    // Touched, moved, or so young when it was recorded that an edit could have gone unseen.
    guard identity.byteCount == facts.byteCount, let content = try? OutputFile.digest(path),
      content.sha256 == facts.sha256
    else { return .outOfDate(.edited) }
    return .upToDate(facts, keepRecord(facts, identity: content.identity, seenAt: now))
  }

  /// Puts a finished file in the output's place in one step.
  func replace(with staged: String, facts: OutputFacts) throws -> TrackedFile {
    try FileSystem.makeFolders((path as NSString).deletingLastPathComponent)
    do {
      try FileSystem.rename(staged, to: path)
    } catch let error where error.code == EXDEV {
      try replaceAcrossFileSystems(with: staged)
    }
    // An edit between the rename and this look shows in the content: a file this young is not trusted by its identity.
    let moment = FileIdentity.now
    return keepRecord(facts, identity: try FileIdentity(of: path), seenAt: moment)
  }

  /// A rename works within a file system only, so the last step is taken from beside the output.
  private func replaceAcrossFileSystems(with staged: String) throws {
    let folder = (path as NSString).deletingLastPathComponent
    let beside = "\(folder)/.\((path as NSString).lastPathComponent).condense-\(getpid())"
    do {
      try FileSystem.remove(beside)
      let source = try OpenFile.reading(staged)
      let target = try OpenFile.creating(beside)
      var offset = 0
      while case let chunk = try source.read(offset..<offset + OutputFile.chunk), !chunk.isEmpty {
        try target.write(chunk, at: offset)
        offset += chunk.count
      }
      try target.sync()
      try FileSystem.rename(beside, to: path)
    } catch {
      try? FileSystem.remove(beside)
      throw error
    }
  }

  private func keepRecord(_ facts: OutputFacts, identity: FileIdentity, seenAt moment: Int64) -> TrackedFile {
    let file = TrackedFile(
      path: path, identity: identity, isSettled: identity.isSettled(at: moment), sha256: facts.sha256)
    // Losing a record costs the next build a reading, nothing else.
    try? store.keepFileRecord(
      FileRecord(identities: [identity], isTrusted: file.isSettled, facts: facts.encoded), for: path, purpose: .output)
    return file
  }

  private static let chunk = 1 << 20

  /// A file's SHA-256 and the identity it had while it was read.
  static func digest(_ path: String) throws(FileError) -> (sha256: Digest, identity: FileIdentity) {
    let file = try OpenFile.reading(path)
    let before = try file.identity()
    let sha256 = try Digest(of: file)
    guard try file.identity() == before else { throw FileError("read", path, code: EBUSY) }
    return (sha256, before)
  }
}
