import CondenseModels
import CondenseStore
import CondenseTensors

/// By what a tensor is known again in a file that was written anew: fingerprints of its type, its shape and its elements.
///
/// Where weights were trained on, the first piece tells already that they are others.
struct TensorMark: Hashable {
  /// Of the first piece.
  var start: Fingerprint
  var whole: Fingerprint

  /// Bytes that are read and marked at a time: few enough to be in the second-level cache when they are marked.
  static let pieceByteCount = 1 << 18
}

/// Marks a tensor's elements, which arrive in pieces of ``TensorMark/pieceByteCount``.
struct TensorMarker {
  private var whole: Fingerprinter
  /// Of the first piece, once it was there.
  private(set) var start: Fingerprint?

  init(_ tensor: ModelTensor, key: FingerprintKey) {
    whole = Fingerprinter(key: key)
    // Type and shape count too: another shape is another tensor.
    Array("\(tensor.dtype.rawValue) \(tensor.shape)".utf8).withUnsafeBytes { whole.add($0) }
    whole.endPart()
  }

  mutating func add(_ piece: UnsafeRawBufferPointer) {
    whole.add(piece)
    guard start == nil else { return }
    var first = whole
    first.endPart()
    start = first.fingerprint
  }

  mutating func finish() -> TensorMark {
    whole.endPart()
    return TensorMark(start: start ?? whole.fingerprint, whole: whole.fingerprint)
  }

  /// Adds elements that are all there.
  mutating func add(all elements: Bytes) {
    elements.withUnsafeBytes { elements in
      for begin in stride(from: 0, to: elements.count, by: TensorMark.pieceByteCount) {
        let end = min(elements.count, begin + TensorMark.pieceByteCount)
        add(UnsafeRawBufferPointer(rebasing: elements[begin..<end]))
      }
    }
  }
}

/// What is recorded of a model's file: its tensors' artifacts, and their marks.
struct FileFacts {
  /// Of the key that the marks were made under.
  var seed: Digest
  var artifacts: [Artifact]
  /// Nil for tensors that the file holds in a coded form.
  var marks: [TensorMark?]

  private static let version = Bytes("cndmark1".utf8)
  private static let width = Digest.byteCount + 8 + 8 + 4 * 8

  /// The version, the key's seed, and for each tensor its artifact's digest and size, whether it has a mark, and the mark;
  /// numbers as little-endian 64-bit words.
  var encoded: Bytes {
    var bytes = FileFacts.version.array + seed.bytes
    for (artifact, mark) in zip(artifacts, marks) {
      bytes += artifact.digest.bytes
      let start = mark?.start.words ?? .zero
      let whole = mark?.whole.words ?? .zero
      let words = [UInt64(artifact.byteCount), mark == nil ? 0 : 1, start[0], start[1], whole[0], whole[1]]
      bytes += Bytes(elements: words.map(\.littleEndian)).array
    }
    return Bytes(bytes)
  }

  init(seed: Digest, artifacts: [Artifact], marks: [TensorMark?]) {
    (self.seed, self.artifacts, self.marks) = (seed, artifacts, marks)
  }

  /// Nil for what another version wrote.
  init?(encoded: Bytes) {
    let head = FileFacts.version.count + Digest.byteCount
    guard encoded.count >= head, (encoded.count - head) % FileFacts.width == 0,
      encoded[0..<FileFacts.version.count] == FileFacts.version,
      let seed = Digest(bytes: encoded[FileFacts.version.count..<head].array)
    else { return nil }
    self.init(seed: seed, artifacts: [], marks: [])
    for begin in stride(from: head, to: encoded.count, by: FileFacts.width) {
      let words = encoded[begin + Digest.byteCount..<begin + FileFacts.width].elements(of: UInt64.self)
        .map { UInt64(littleEndian: $0) }
      guard let digest = Digest(bytes: encoded[begin..<begin + Digest.byteCount].array),
        let byteCount = Int(exactly: words[0])
      else { return nil }
      artifacts.append(Artifact(digest: digest, byteCount: byteCount))
      let (start, whole) = (Fingerprint(words: [words[2], words[3]]), Fingerprint(words: [words[4], words[5]]))
      marks.append(words[1] == 1 ? TensorMark(start: start, whole: whole) : nil)
    }
  }
}
