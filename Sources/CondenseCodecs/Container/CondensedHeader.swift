import CondenseTensors

/// What stands at the front of a `.condensed` file: where each tensor's stream is, and the envelope.
///
/// The file is a valid safetensors file: each stream is a U8 tensor under its model tensor's name, and `__metadata__`
/// carries the format's version, a checksum of the header, and the source's own metadata under a prefix.
public struct CondensedHeader: Equatable, Sendable {
  public struct Entry: Equatable, Sendable {
    public var name: String
    /// Where the stream is in the data section.
    public var range: Range<Int>

    public init(name: String, range: Range<Int>) {
      self.name = name
      self.range = range
    }
  }

  /// In the model's order.
  public var entries: [Entry]
  /// The source's metadata.
  public var envelope: [String: String]

  public init(entries: [Entry], envelope: [String: String] = [:]) {
    self.entries = entries
    self.envelope = envelope
  }

  /// The version of the container.
  public static let version = 1

  package static let versionKey = "condensed"
  private static let checksumKey = "condensed.crc32"
  private static let envelopePrefix = "source."

  /// Whether a safetensors header is a `.condensed` file's.
  public static func isCondensed(_ header: SafetensorsHeader) -> Bool { header.metadata[versionKey] != nil }

  /// A header for streams of these sizes that follow each other.
  public static func laidOut(
    _ streams: [(name: String, byteCount: Int)], envelope: [String: String]
  ) -> CondensedHeader {
    var end = 0
    return CondensedHeader(
      entries: streams.map { stream in
        defer { end += stream.byteCount }
        return Entry(name: stream.name, range: end..<end + stream.byteCount)
      }, envelope: envelope)
  }

  /// The safetensors header, which the streams follow.
  public func encoded() -> Bytes {
    var header = SafetensorsHeader(
      entries: entries.map {
        SafetensorsHeader.Entry(
          name: $0.name, dtype: .u8, shape: Shape(vector: $0.range.count), range: $0.range)
      })
    header.metadata = [CondensedHeader.versionKey: String(CondensedHeader.version)]
    for (key, value) in envelope { header.metadata[CondensedHeader.envelopePrefix + key] = value }
    header.metadata[CondensedHeader.checksumKey] = CondensedHeader.checksum(header)
    return header.encoded()
  }

  /// Reads a safetensors header as a `.condensed` file's.
  ///
  /// - Throws: ``DecodingError`` where it is none, has another version, or is damaged.
  public init(_ header: SafetensorsHeader) throws(DecodingError) {
    guard let version = header.metadata[CondensedHeader.versionKey] else {
      throw DecodingError("this is a safetensors file, but not a .condensed one")
    }
    guard version == String(CondensedHeader.version) else {
      throw DecodingError(
        "the file has version '\(version)' of the .condensed format; this program reads \(CondensedHeader.version)")
    }
    var unchecked = header
    let stored = unchecked.metadata.removeValue(forKey: CondensedHeader.checksumKey)
    guard stored == CondensedHeader.checksum(unchecked) else {
      throw DecodingError("the header's checksum does not match: the file is damaged")
    }
    entries = []
    for entry in header.entries {
      guard entry.dtype == .u8, entry.shape.rank == 1 else {
        throw DecodingError("tensor '\(entry.name)' is no stream but \(entry.dtype.rawValue) \(entry.shape)")
      }
      entries.append(Entry(name: entry.name, range: entry.range))
    }
    envelope = [:]
    // By bytes: a key may begin with a mark that joins the prefix's last character.
    let prefix = CondensedHeader.envelopePrefix.utf8
    for (key, value) in header.metadata where key.utf8.starts(with: prefix) {
      envelope[String(decoding: key.utf8.dropFirst(prefix.count), as: UTF8.self)] = value
    }
  }

  /// Over the header as it is encoded without its checksum, as eight hexadecimal digits.
  private static func checksum(_ header: SafetensorsHeader) -> String {
    let text = String(CRC32.checksum(header.encoded()), radix: 16)
    return String(repeating: "0", count: 8 - text.count) + text
  }
}
