import CondenseCodecs
import CondenseStore

/// Tensors that were just made or read, kept for whoever needs them next, up to a number of bytes.
///
/// It only saves reading back what was written a moment ago: dropping anything is always right.
final class Handoff: Sendable {
  private struct Contents {
    var tensors: [Digest: EncodedTensor] = [:]
    /// Oldest first, from `oldest` on; what is before it has been dropped.
    var order: [Digest] = []
    var oldest = 0
    var byteCount = 0

    mutating func dropOldest() {
      byteCount -= tensors.removeValue(forKey: order[oldest])?.memoryByteCount ?? 0
      oldest += 1
      // Moving the rest up at each drop would cost the square of their number.
      guard oldest > order.count / 2 else { return }
      order.removeFirst(oldest)
      oldest = 0
    }
  }

  private let contents = Locked(Contents())
  private let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  subscript(digest: Digest) -> EncodedTensor? { contents.withLock { $0.tensors[digest] } }

  func keep(_ tensor: EncodedTensor, as digest: Digest) {
    let size = tensor.memoryByteCount
    guard size <= capacity else { return }
    contents.withLock { contents in
      guard contents.tensors.updateValue(tensor, forKey: digest) == nil else { return }
      contents.order.append(digest)
      contents.byteCount += size
      while contents.byteCount > capacity, contents.oldest < contents.order.count { contents.dropOldest() }
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
