import CondenseTensors

/// Puts what a plugin writes to its standard output together to lines, and holds it to its limits: a value, with bytes in
/// and replies out.
struct ReplyReader {
  let limits: PluginLimits
  private var pending: [UInt8] = []
  private var byteCount = 0

  init(limits: PluginLimits) { self.limits = limits }

  /// Whether anything came at all.
  var hasRead: Bool { byteCount > 0 }
  /// Whether a line has begun.
  var isInLine: Bool { !pending.isEmpty }

  /// - Throws: ``PluginFailure`` where there is too much of it, or a line is no reply.
  mutating func take(_ bytes: UnsafeRawBufferPointer) throws(PluginFailure) -> [PluginReply] {
    byteCount += bytes.count
    guard byteCount <= limits.outputByteCount else {
      throw PluginFailure("it wrote more than \(limits.outputByteCount) bytes to its standard output for one request")
    }
    var replies: [PluginReply] = []
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      pending += rest[rest.startIndex..<end]
      rest = rest[(end + 1)...]
      if let reply = try takeLine() { replies.append(reply) }
    }
    pending += rest
    try checkLength()
    return replies
  }

  /// What has no line end when the output ends.
  mutating func takeRest() throws(PluginFailure) -> PluginReply? { try takeLine() }

  private mutating func takeLine() throws(PluginFailure) -> PluginReply? {
    try checkLength()
    defer { pending.removeAll(keepingCapacity: true) }
    // An empty line says nothing.
    guard pending.contains(where: { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }) else { return nil }
    return try PluginReply(line: Bytes(pending))
  }

  private func checkLength() throws(PluginFailure) {
    guard pending.count <= limits.lineByteCount else {
      throw PluginFailure("a line of its reply is longer than \(limits.lineByteCount) bytes")
    }
  }
}
