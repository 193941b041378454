import CSHA256
import CondenseTensors

extension Digest {
  /// The digests of several messages, each in parts that follow each other.
  ///
  /// Two messages at a time: the processor's SHA-256 instructions wait for each other within a message, not between two.
  public static func together(_ messages: [[Bytes]]) -> [Digest] {
    var pending = messages.indices.map { MessageCursor(number: $0, parts: messages[$0]) }[...]
    var digests: [Digest?] = messages.map { _ in nil }
    var first = pending.popFirst()
    var second = pending.popFirst()
    while var a = first, var b = second {
      a.align()
      b.align()
      a.addTogether(with: &b)
      if a.isFinished { digests[a.number] = a.finish() }
      if b.isFinished { digests[b.number] = b.finish() }
      first = a.isFinished ? pending.popFirst() : a
      second = b.isFinished ? pending.popFirst() : b
    }
    for var last in [first, second].compactMap({ $0 }) { digests[last.number] = last.finish() }
    return digests.compactMap { $0 }
  }
}

/// A message of which some has been hashed.
private struct MessageCursor {
  let number: Int
  private var parts: ArraySlice<Bytes>
  private var context = csha256_context()

  init(number: Int, parts: [Bytes]) {
    self.number = number
    self.parts = parts.filter { !$0.isEmpty }[...]
    csha256_begin(&context)
  }

  var isFinished: Bool { parts.isEmpty }

  /// Adds what leads to the start of a block, and parts that hold no whole one.
  mutating func align() {
    while let part = parts.first {
      let missing = Int((64 - context.byte_count % 64) % 64)
      if missing == 0 && part.count >= 64 { return }
      add(missing == 0 ? part.count : min(missing, part.count))
    }
  }

  /// Adds as many whole blocks of both messages as both have in their parts.
  mutating func addTogether(with other: inout MessageCursor) {
    guard let mine = parts.first, let others = other.parts.first else { return }
    let count = min(mine.count, others.count) / 64 * 64
    mine.withUnsafeBytes { a in
      others.withUnsafeBytes { b in
        csha256_update_pair(&context, a.baseAddress, &other.context, b.baseAddress, count)
      }
    }
    drop(count)
    other.drop(count)
  }

  /// Adds what is left, and ends the message.
  mutating func finish() -> Digest {
    while let part = parts.first { add(part.count) }
    var bytes = [UInt8](repeating: 0, count: Digest.byteCount)
    csha256_finish(&context, &bytes)
    guard let digest = Digest(bytes: bytes) else { preconditionFailure("a digest has 32 bytes") }
    return digest
  }

  private mutating func add(_ count: Int) {
    guard let part = parts.first else { return }
    part.withUnsafeBytes { csha256_update(&context, $0.baseAddress, count) }
    drop(count)
  }

  private mutating func drop(_ count: Int) {
    guard let part = parts.popFirst(), count < part.count else { return }
    parts = [part[count..<part.count]] + parts
  }
}
