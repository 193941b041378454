import CondenseCodecs
import CondenseFiles
import CondenseModels
import CondenseStore
import CondenseTensors
import Foundation

/// A model that pipelines of this build read, with what is known about its tensors' digests.
final class ModelSource: Sendable {
  let model: any OpenModel
  /// Whether an edit since the model was opened is sure to show in its files' identities.
  private let isSettled: Bool

  /// Opens the model at `path`.
  ///
  /// A file that was written to a moment ago is let come to rest first: another edit within the same tick of the clock
  /// would show in nothing, and tensors from before and after it could come together in one build.
  ///
  /// - Throws: ``ModelError``.
  init(_ path: String, format: String?, formats: ModelFormats) throws(ModelError) {
    var moment = FileIdentity.now
    var model = try formats.open(path, format: format)
    for _ in 0..<ModelSource.mostWaits {
      let waits = model.files.compactMap { $0.identity.settles(after: moment) }
      guard let wait = waits.max(), wait > 0 else { break }
      usleep(UInt32(wait / 1000) + 1)
      moment = FileIdentity.now
      model = try formats.open(path, format: format)
    }
    self.model = model
    isSettled = model.files.allSatisfy { $0.identity.isSettled(at: moment) }
  }

  /// A model that is written to without a pause is read as it is, and held to what it was at each tensor.
  private static let mostWaits = 10

  /// The largest tensor's bytes.
  var largestByteCount: Int { model.tensors.map(\.byteCount).max() ?? 0 }

  /// Reads a tensor whose digest is not known yet.
  ///
  /// - Throws: ``ModelChanged`` where the file was written to after it was opened.
  func read(_ index: Int) throws -> EncodedTensor {
    let tensor: EncodedTensor
    do {
      tensor = try model.read(index)
    } catch {
      // An error can be the other face of a change: half of a tensor cut away.
      try confirmUnchanged()
      throw error
    }
    try confirmUnchanged()
    return tensor
  }

  /// Reads a tensor again.
  ///
  /// - Throws: ``ModelChanged`` where it is not what it was.
  func read(_ index: Int, expected: Digest) throws -> EncodedTensor {
    let tensor = try read(index)
    // Where a change is sure to show in the file's identity, there is no need to look at the content.
    if !isSettled, Digest(of: tensor.blobParts()) != expected { throw ModelChanged(path: model.path) }
    return tensor
  }

  /// The model's files as they were read; there is no digest of their whole content.
  var trackedFiles: [TrackedFile] {
    model.files.map { TrackedFile(path: $0.handle.path, identity: $0.identity, isSettled: isSettled, sha256: nil) }
  }

  private func confirmUnchanged() throws(ModelChanged) {
    do { try model.confirmUnchanged() } catch { throw ModelChanged(path: model.path) }
  }

  /// What earlier builds know of the tensors' digests. Each file has a record of its own: of a sharded model, only the
  /// shards that changed are read.
  func recordedArtifacts(in store: some ArtifactStore) -> [Artifact?] {
    var artifacts: [Artifact?] = Array(repeating: nil, count: model.tensors.count)
    for (file, tensors) in zip(model.files, model.tensorsByFile) where !tensors.isEmpty {
      guard let record = store.fileRecord(recordName(file), purpose: .model), record.isTrusted,
        record.identities == [file.identity], let known = ArtifactList.decode(record.facts),
        known.count == tensors.count
      else { continue }
      for (tensor, artifact) in zip(tensors, known) { artifacts[tensor] = artifact }
    }
    return artifacts
  }

  /// Records the digests of all tensors, given in their order; `wereKnown` tells which came from such a record.
  func record(_ artifacts: [Artifact], wereKnown: [Bool], in store: some ArtifactStore) throws(StoreError) {
    for (file, tensors) in zip(model.files, model.tensorsByFile) where !tensors.allSatisfy({ wereKnown[$0] }) {
      let record = FileRecord(
        identities: [file.identity], isTrusted: isSettled, facts: ArtifactList.encode(tensors.map { artifacts[$0] }))
      try store.keepFileRecord(record, for: recordName(file), purpose: .model)
    }
  }

  private func recordName(_ file: ModelFile) -> String { "\(model.format) \(file.handle.path)" }
}

/// How artifacts stand in a record: each one's digest and its size as a little-endian 64-bit word.
private enum ArtifactList {
  private static let width = Digest.byteCount + 8

  static func encode(_ artifacts: [Artifact]) -> Bytes {
    Bytes(
      artifacts.flatMap { artifact in
        artifact.digest.bytes + withUnsafeBytes(of: UInt64(artifact.byteCount).littleEndian) { [UInt8]($0) }
      })
  }

  static func decode(_ bytes: Bytes) -> [Artifact]? {
    guard bytes.count % width == 0 else { return nil }
    var artifacts: [Artifact] = []
    for start in stride(from: 0, to: bytes.count, by: width) {
      let entry = bytes[start..<start + width].array
      guard let digest = Digest(bytes: entry.prefix(Digest.byteCount)) else { return nil }
      let size = entry.suffix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
      artifacts.append(Artifact(digest: digest, byteCount: Int(truncatingIfNeeded: size)))
    }
    return artifacts
  }
}

/// A model was written to while it was being read; reading it again from the start will tell what it is now.
struct ModelChanged: Error, CustomStringConvertible {
  var path: String
  var description: String { "'\(path)' keeps changing while it is being read" }
}
