import CondenseCodecs
import CondenseFiles
import CondenseStore
import CondenseTensors

/// The file behind a ``WorkspaceState``, and how far it has been read: records one after the other, of which later ones take
/// the place of earlier ones.
///
/// The file: eight bytes of name and version, the digest of the program that wrote it, a random number, the file's byte
/// count when it was written anew, then for each record its length and CRC-32 as 32-bit words and the record. Under its
/// name a file only grows, until another takes its place: the random number tells one from the other.
struct StateLog: Sendable {
  private static let magic = Array("cndstat3".utf8)
  private static let headByteCount = magic.count + Digest.byteCount + 16
  /// A file larger than this is none of ours.
  private static let largestFile = 1 << 31
  /// A file grows to twice what it was, and this more, before it is written anew.
  private static let slack = 64 << 10

  /// Of the file that was read; nil where there was none, or another program's.
  private var head: Bytes?
  /// Up to where it has been read.
  private var end = 0
  private var byteCount = 0
  /// Whether a record in it is not what was written.
  private(set) var isDamaged = false

  /// What ``read(_:program:)`` found.
  struct News {
    /// Whether the file is not the one that was read before: then nothing that was read counts any more.
    var isOtherFile: Bool
    var records: [Bytes]
  }

  /// Reads what has come to a file since it was last read; all of it, where it is another one.
  mutating func read(_ file: OpenFile, program: Digest) -> News {
    guard let size = try? file.identity().byteCount, size <= StateLog.largestFile,
      let found = try? file.read(0..<StateLog.headByteCount), StateLog.isHead(found, program)
    else {
      self = StateLog()
      return News(isOtherFile: true, records: [])
    }
    let isOther = head?.array != found.array
    if isOther {
      self = StateLog()
      (head, end) = (found, found.count)
    }
    byteCount = size
    var news = News(isOtherFile: isOther, records: [])
    guard size > end, let bytes = try? file.read(end..<size) else { return news }
    var reader = ByteReader(bytes)
    // Where a length is wrong, nothing behind it can be found.
    while reader.remaining > 0, let words = try? reader.word(),
      let record = try? reader.take(Int(words & 0xFFFF_FFFF))
    {
      if StateLog.checksum(record) == words >> 32 { news.records.append(record) } else { isDamaged = true }
      end += 8 + record.count
    }
    return news
  }

  /// Whether records of so many bytes can be added: not to a file of which something could not be read, such as the half of
  /// a record that a killed process left, nor to one that has grown to twice its size.
  func hasRoom(for count: Int) -> Bool {
    guard let head, !isDamaged, end == byteCount else { return false }
    let original = UInt64(littleEndian: head[head.count - 8..<head.count].elements(of: UInt64.self)[0])
    return original <= end && end + count <= 2 * Int(original) + StateLog.slack
  }

  /// Adds records to a file that was read up to its end. For whoever holds the state's lock.
  mutating func append(_ framed: Bytes, to file: OpenFile) throws(FileError) {
    try file.write(framed, at: end)
    end += framed.count
    byteCount = end
  }

  /// A whole file of these records.
  static func file(of framed: Bytes, program: Digest) -> Bytes {
    var writer = ByteWriter(capacity: headByteCount + framed.count)
    writer.append(magic)
    writer.append(program.bytes)
    writer.word(UInt64.random(in: 0 ... .max))
    writer.word(UInt64(headByteCount + framed.count))
    writer.append(framed)
    return writer.finish()
  }

  /// Records as they stand in the file.
  static func framed(_ records: [Bytes]) -> Bytes {
    var writer = ByteWriter(capacity: 4096)
    for record in records {
      writer.word(checksum(record) << 32 | UInt64(record.count))
      writer.append(record)
    }
    return writer.finish()
  }

  private static func isHead(_ bytes: Bytes, _ program: Digest) -> Bool {
    bytes.count == headByteCount && bytes[0..<magic.count].array == magic
      && bytes[magic.count..<magic.count + Digest.byteCount].array == program.bytes
  }

  private static func checksum(_ record: Bytes) -> UInt64 { UInt64(record.withUnsafeBytes { CRC32.checksum($0) }) }
}
