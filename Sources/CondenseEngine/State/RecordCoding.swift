import CondenseCodecs
import CondenseFiles
import CondenseStore
import CondenseTensors

// How a record stands in the state file: fields one after the other, numbers in base 128, texts and lists with their count
// before them. The state file's version covers it all: a field more is a version more.

extension PipelineRecord {
  func encoded() -> Bytes {
    var writer = ByteWriter(capacity: 4096)
    writer.text(file)
    writer.list(dependencies) { $1.write(to: &$0) }
    writer.list(builds) { $1.write(to: &$0) }
    return writer.finish()
  }

  init(encoded: Bytes) throws(DecodingError) {
    var reader = ByteReader(encoded)
    file = try reader.text()
    dependencies = try reader.list { (reader) throws(DecodingError) in try TrackedFile(from: &reader) }
    builds = try reader.list { (reader) throws(DecodingError) in try BuildRecord(from: &reader) }
    guard reader.remaining == 0 else { throw reader.error("bytes follow the record") }
  }

  /// Says that the file has no record any more: its name, and nothing of what a record goes on with.
  static func removal(of file: String) -> Bytes {
    var writer = ByteWriter()
    writer.text(file)
    return writer.finish()
  }

  /// The file that a record is about, and whether it says that there is none, without reading the rest.
  static func heading(ofEncoded record: Bytes) -> (file: String, isRemoval: Bool)? {
    var reader = ByteReader(record)
    guard let file = try? reader.text() else { return nil }
    return (file, reader.remaining == 0)
  }
}

extension BuildRecord {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.text(name)
    writer.list(models) { $1.write(to: &$0) }
    writer.list(outputs) { $1.write(to: &$0) }
    writer.list(actionKeys) { $0.word($1) }
    report.write(to: &writer)
  }

  fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(
      name: try reader.text(),
      models: try reader.list { (reader) throws(DecodingError) in try TrackedFile(from: &reader) },
      outputs: try reader.list { (reader) throws(DecodingError) in try TrackedFile(from: &reader) },
      actionKeys: try reader.list { (reader) throws(DecodingError) in try reader.word() },
      report: try PipelineReport(from: &reader))
  }
}

extension TrackedFile {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.text(path)
    writer.optional(identity) { writer, identity in
      writer.word(identity.device)
      writer.word(identity.inode)
      writer.word(UInt64(bitPattern: Int64(identity.byteCount)))
      writer.word(UInt64(bitPattern: identity.modificationTime))
      writer.word(UInt64(bitPattern: identity.changeTime))
    }
    writer.flag(isSettled)
    writer.optional(sha256) { $0.append($1.bytes) }
  }

  fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
    path = try reader.text()
    identity = try reader.optional { (reader) throws(DecodingError) in
      FileIdentity(
        device: try reader.word(), inode: try reader.word(), byteCount: Int(Int64(bitPattern: try reader.word())),
        modificationTime: Int64(bitPattern: try reader.word()), changeTime: Int64(bitPattern: try reader.word()))
    }
    isSettled = try reader.flag()
    sha256 = try reader.optional { (reader) throws(DecodingError) in
      let bytes = try reader.take(Digest.byteCount)
      guard let digest = Digest(bytes: bytes.array) else { throw reader.error("no digest") }
      return digest
    }
  }
}

extension ByteWriter {
  mutating func text(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in
      number(utf8.count)
      append(UnsafeRawBufferPointer(utf8))
    }
  }

  mutating func flag(_ flag: Bool) { byte(flag ? 1 : 0) }
  mutating func word(_ word: UInt64) { withUnsafeBytes(of: word.littleEndian) { append($0) } }
  mutating func double(_ value: Double) { word(value.bitPattern) }

  mutating func list<T>(_ items: [T], _ write: (inout ByteWriter, T) -> Void) {
    number(items.count)
    for item in items { write(&self, item) }
  }

  mutating func optional<T>(_ value: T?, _ write: (inout ByteWriter, T) -> Void) {
    flag(value != nil)
    if let value { write(&self, value) }
  }
}

extension ByteReader {
  mutating func text() throws(DecodingError) -> String {
    let bytes = try take(try number("a text's length"))
    return bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  mutating func flag() throws(DecodingError) -> Bool { try byte() != 0 }

  mutating func word() throws(DecodingError) -> UInt64 {
    try take(8).withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
  }

  mutating func double() throws(DecodingError) -> Double { Double(bitPattern: try word()) }

  mutating func list<T>(_ read: (inout ByteReader) throws(DecodingError) -> T) throws(DecodingError) -> [T] {
    // An item takes a byte at least, so a count beyond the rest is none.
    let count = try number("a count", limit: remaining)
    var items: [T] = []
    items.reserveCapacity(min(count, 4096))
    for _ in 0..<count { items.append(try read(&self)) }
    return items
  }

  mutating func optional<T>(_ read: (inout ByteReader) throws(DecodingError) -> T) throws(DecodingError) -> T? {
    try flag() ? try read(&self) : nil
  }
}
