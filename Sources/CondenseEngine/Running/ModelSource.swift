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
  /// For each of the model's files that has to be read.
  private let knowledge = Locked<[Int: FileKnowledge]>([:])
  /// Of tensors that were read.
  private let marks = Locked<[Int: TensorMark]>([:])
  /// For each tensor the number of its file.
  private let files: [Int: Int]

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
    files = Dictionary(
      uniqueKeysWithValues: model.tensorsByFile.enumerated().flatMap { file, tensors in tensors.map { ($0, file) } })
  }

  /// A model that is written to without a pause is read as it is, and held to what it was at each tensor.
  private static let mostWaits = 10

  /// The largest tensor's bytes.
  var largestByteCount: Int { model.tensors.map(\.byteCount).max() ?? 0 }

  /// A tensor whose digest was not known.
  enum Reading {
    /// It is what it was when the file was read before; it need not be hashed, nor kept.
    case known(Artifact)
    case read(EncodedTensor)
  }

  /// Reads a tensor whose digest is not known yet, or finds that it is one that the file had before.
  ///
  /// - Throws: ``ModelChanged`` where the file was written to after it was opened; the model's errors.
  func identify(_ index: Int) throws -> Reading {
    guard let file = files[index] else { return .read(try read(index)) }
    let known = knowledge(of: file)
    if !known.isEmpty, let place = model.place(index), place.range.count > TensorMark.pieceByteCount,
      let mark = try attempt({ try self.mark(index, place, known) }), let artifact = known.artifact(mark)
    {
      marks.withLock { $0[index] = mark }
      return .known(artifact)
    }
    let (tensor, mark) = try readMarking(index, key: known.key)
    guard let mark else { return .read(tensor) }
    marks.withLock { $0[index] = mark }
    return known.artifact(mark).map { .known($0) } ?? .read(tensor)
  }

  /// Reads a tensor and marks the bytes that were read, whatever was marked before; no mark where the file holds them in
  /// a coded form.
  private func readMarking(_ index: Int, key: FingerprintKey) throws -> (EncodedTensor, TensorMark?) {
    var marker = TensorMarker(model.tensors[index], key: key)
    guard let place = model.place(index) else {
      let tensor = try read(index)
      guard tensor.mask == nil, case .elements(.plain(let bytes)) = tensor.payload else { return (tensor, nil) }
      marker.add(all: bytes)
      return (tensor, marker.finish())
    }
    let bytes = try attempt { try place.read(byPiecesOf: TensorMark.pieceByteCount) { marker.add($0) } }
    let about = model.tensors[index]
    let tensor = EncodedTensor(dtype: about.dtype, shape: about.shape, payload: .elements(.plain(bytes)))
    return (tensor, marker.finish())
  }

  /// What is known of a file; of one that was not there before, nothing.
  private func knowledge(of file: Int) -> FileKnowledge {
    knowledge.withLock { knowledge in
      let known = knowledge[file] ?? FileKnowledge()
      knowledge[file] = known
      return known
    }
  }

  /// A tensor's mark; nil where its first piece tells that it is none that is known.
  private func mark(_ index: Int, _ place: FileRange, _ known: FileKnowledge) throws(ModelError) -> TensorMark? {
    var marker = TensorMarker(model.tensors[index], key: known.key)
    try place.readPieces(of: TensorMark.pieceByteCount) { piece in
      marker.add(piece)
      return known.mayKnow(marker.start)
    }
    return known.mayKnow(marker.start) ? marker.finish() : nil
  }

  /// Reads a tensor.
  ///
  /// - Throws: ``ModelChanged`` where the file was written to after it was opened.
  private func read(_ index: Int) throws -> EncodedTensor { try attempt { try model.read(index) } }

  private func attempt<T>(_ body: () throws -> T) throws -> T {
    let result: T
    do {
      result = try body()
    } catch {
      // An error can be the other face of a change: half of a tensor cut away.
      try confirmUnchanged()
      throw error
    }
    try confirmUnchanged()
    return result
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
    for (number, (file, tensors)) in zip(model.files, model.tensorsByFile).enumerated() where !tensors.isEmpty {
      guard let record = store.fileRecord(recordName(file), purpose: .model),
        let facts = FileFacts(encoded: record.facts)
      else { continue }
      guard record.isTrusted, record.identities == [file.identity], facts.artifacts.count == tensors.count else {
        knowledge.withLock { $0[number] = FileKnowledge(earlier: facts) }
        continue
      }
      for (tensor, artifact) in zip(tensors, facts.artifacts) { artifacts[tensor] = artifact }
    }
    return artifacts
  }

  /// Records the digests of all tensors, given in their order; `wereKnown` tells which came from such a record.
  func record(_ artifacts: [Artifact], wereKnown: [Bool], in store: some ArtifactStore) throws(StoreError) {
    for (number, (file, tensors)) in zip(model.files, model.tensorsByFile).enumerated()
    where !tensors.allSatisfy({ wereKnown[$0] }) {
      let facts = FileFacts(
        seed: knowledge(of: number).key.seed, artifacts: tensors.map { artifacts[$0] },
        marks: marks.withLock { marks in tensors.map { marks[$0] } })
      let record = FileRecord(identities: [file.identity], isTrusted: isSettled, facts: facts.encoded)
      try store.keepFileRecord(record, for: recordName(file), purpose: .model)
    }
  }

  private func recordName(_ file: ModelFile) -> String { "\(model.format) \(file.handle.path)" }
}

/// What is known of one of a model's files, by which its tensors are known again.
private struct FileKnowledge {
  let key: FingerprintKey
  /// The tensors that were there when the file was last read, by their marks.
  private let earlier: [TensorMark: Artifact]
  private let starts: Set<Fingerprint>

  init(earlier facts: FileFacts? = nil) {
    key = facts.map { FingerprintKey(seed: $0.seed) } ?? .random()
    let known =
      facts.map { zip($0.marks, $0.artifacts).compactMap { mark, artifact in mark.map { ($0, artifact) } } } ?? []
    earlier = Dictionary(known) { first, _ in first }
    starts = Set(earlier.keys.map(\.start))
  }

  var isEmpty: Bool { earlier.isEmpty }

  func mayKnow(_ start: Fingerprint?) -> Bool { start.map(starts.contains) ?? false }

  func artifact(_ mark: TensorMark) -> Artifact? { earlier[mark] }
}

/// A model was written to while it was being read; reading it again from the start will tell what it is now.
struct ModelChanged: Error, CustomStringConvertible {
  var path: String
  var description: String { "'\(path)' keeps changing while it is being read" }
}
