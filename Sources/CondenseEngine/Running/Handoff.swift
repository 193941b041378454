import CondenseCodecs
import CondenseStore

/// Tensors that were just made or read, kept for whoever needs them next, up to a number of bytes.
///
/// It only saves reading back what was written a moment ago, or doing once more what was just done: dropping anything is
/// always right.
final class Handoff: Sendable {
  private struct Entry {
    var tensor: EncodedTensor
    /// The tensor as comparisons parted it last.
    var parted: PartedSource?

    var byteCount: Int { tensor.memoryByteCount + (parted?.byteCount ?? 0) }
  }

  private struct Contents {
    var entries: [Digest: Entry] = [:]
    /// Oldest first, from `oldest` on; what is before it has been dropped.
    var order: [Digest] = []
    var oldest = 0
    var byteCount = 0

    mutating func dropOldest() {
      byteCount -= entries.removeValue(forKey: order[oldest])?.byteCount ?? 0
      oldest += 1
      // Moving the rest up at each drop would cost the square of their number.
      guard oldest > order.count / 2 else { return }
      order.removeFirst(oldest)
      oldest = 0
    }

    mutating func drop(above capacity: Int) {
      while byteCount > capacity, oldest < order.count { dropOldest() }
    }
  }

  private let contents = Locked(Contents())
  private let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  subscript(digest: Digest) -> EncodedTensor? { contents.withLock { $0.entries[digest]?.tensor } }

  func keep(_ tensor: EncodedTensor, as digest: Digest) {
    let entry = Entry(tensor: tensor)
    guard entry.byteCount <= capacity else { return }
    contents.withLock { contents in
      guard contents.entries[digest] == nil else { return }
      contents.entries[digest] = entry
      contents.order.append(digest)
      contents.byteCount += entry.byteCount
      contents.drop(above: capacity)
    }
  }

  /// A tensor as it was parted last.
  func parted(_ digest: Digest) -> PartedSource? { contents.withLock { $0.entries[digest]?.parted } }

  /// Keeps it beside the tensor, as long as that is here.
  func keep(_ parted: PartedSource, of digest: Digest) {
    contents.withLock { contents in
      guard let before = contents.entries[digest]?.byteCount else { return }
      contents.entries[digest]?.parted = parted
      contents.byteCount += (contents.entries[digest]?.byteCount ?? 0) - before
      contents.drop(above: capacity)
    }
  }
}

extension EncodedTensor {
  /// About how much memory the tensor takes.
  var memoryByteCount: Int {
    let payloadBytes =
      switch payload {
      case .elements(let elements): elements.memoryByteCount
      case .indices(let indices, let codebook): indices.count + codebook.elements.memoryByteCount
      case .stream(let stream): stream.count
      }
    return payloadBytes + (mask?.count ?? 0)
  }
}

extension Elements {
  fileprivate var memoryByteCount: Int {
    switch self {
    case .plain(let bytes): bytes.count
    case .quantized(let quantized):
      quantized.codes.count + 4 * quantized.scales.count + 4 * (quantized.zeroPoints?.count ?? 0)
    }
  }
}
