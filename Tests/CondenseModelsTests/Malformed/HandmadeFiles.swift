import CondenseCodecs
import CondenseTensors
import Testing

/// Bytes of a stream put together by hand, as `docs/condensed-format.md` has them.
struct HandmadeStream {
  private(set) var bytes: [UInt8] = []

  func adding(_ more: [UInt8]) -> HandmadeStream {
    var longer = self
    longer.bytes += more
    return longer
  }

  /// A number in base 128, least significant digits first.
  func number(_ value: UInt64) -> HandmadeStream {
    var digits: [UInt8] = []
    var rest = value
    while rest >= 0x80 {
      digits.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return adding(digits + [UInt8(rest)])
  }

  /// Format 1, a type (1 is U8, 11 is F32), a shape, and flags.
  static func prologue(dtype: UInt8 = 1, _ dimensions: [UInt64] = [4], flags: UInt8 = 0) -> HandmadeStream {
    dimensions.reduce(HandmadeStream().adding([1, dtype]).number(UInt64(dimensions.count))) { $0.number($1) }
      .adding([flags])
  }

  /// With the checksum that belongs behind it.
  var checked: [UInt8] { bytes + withUnsafeBytes(of: CRC32.checksum(Bytes(bytes)).littleEndian) { [UInt8]($0) } }
}

/// Bytes of a `.condensed` file put together by hand.
struct HandmadeFile {
  var bytes: [UInt8]
  /// Where the data section begins.
  var dataStart: Int

  /// A file of one stream for each name. The header's checksum is what belongs there unless another is given.
  init(
    streams: [(name: String, bytes: [UInt8])], metadata: [(String, String)] = [("condensed", "1")],
    checksum: String? = nil, dtype: String = "U8", shape: (Int) -> String = { "[\($0)]" }
  ) {
    var tensors = ""
    var end = 0
    for (name, bytes) in streams {
      tensors +=
        ",\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape(bytes.count)),\"data_offsets\":[\(end),\(end + bytes.count)]}"
      end += bytes.count
    }
    func header(_ pairs: [(String, String)]) -> [UInt8] {
      let text = pairs.map { "\"\($0.0)\":\"\($0.1)\"" }.joined(separator: ",")
      return HandmadeFile.header("{\"__metadata__\":{\(text)}\(tensors)}")
    }
    let crc = String(CRC32.checksum(Bytes(header(metadata))), radix: 16)
    let right = String(repeating: "0", count: 8 - crc.count) + crc
    let head = header(metadata + [("condensed.crc32", checksum ?? right)])
    dataStart = head.count
    bytes = head + streams.flatMap(\.bytes)
  }

  /// A header's length and text, padded to a multiple of eight bytes.
  static func header(_ json: String) -> [UInt8] {
    let text = Array(json.utf8) + [UInt8](repeating: 0x20, count: (8 - json.utf8.count % 8) % 8)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { [UInt8]($0) } + text
  }
}

/// A model file with something wrong in it, and what is said of it: the message, and the byte that it is about, nil where
/// it is about the file as a whole.
struct MalformedModel: Sendable, CustomTestStringConvertible {
  var title: String
  var bytes: [UInt8]
  var message: String
  var offset: Int?

  init(_ title: String, _ bytes: [UInt8], _ message: String, at offset: Int?) {
    self.title = title
    self.bytes = bytes
    self.message = message
    self.offset = offset
  }

  var testDescription: String { title }
}
