/// Files whose fault is around the tensors.
extension MalformedModel {
  private static let good = HandmadeStream.prologue().adding([0, 9, 8, 7, 6]).checked

  private static func prefixed(_ length: UInt64, _ rest: String = "{}") -> [UInt8] {
    withUnsafeBytes(of: length.littleEndian) { [UInt8]($0) } + Array(rest.utf8)
  }

  /// Files that are not even safetensors, which both formats are.
  static let prefixes: [MalformedModel] = [
    MalformedModel("an empty file", [], "the file is too short for a safetensors header: 0 bytes", at: 0),
    MalformedModel(
      "seven bytes", [2, 0, 0, 0, 0, 0, 0], "the file is too short for a safetensors header: 7 bytes", at: 0),
    MalformedModel("a header of no bytes", prefixed(0), "the header does not begin with '{'", at: 8),
    MalformedModel("a header of one byte", prefixed(1), "expected a name in double quotes, found the end", at: 9),
    MalformedModel(
      "a header a byte past the end", prefixed(3), "the header claims 3 bytes, but the file has only 2 more", at: 0),
    MalformedModel(
      "a header of 100 MB", prefixed(100_000_000), "the header claims 100000000 bytes, but the file has only 2 more",
      at: 0),
    MalformedModel(
      "a header of 100 MB and a byte", prefixed(100_000_001),
      "the header claims 100000001 bytes; at most 100000000 are allowed", at: 0),
    MalformedModel(
      "a header of 2^63 bytes", prefixed(1 << 63),
      "the header claims 9223372036854775808 bytes; at most 100000000 are allowed", at: 0),
    MalformedModel(
      "a header of 2^64 - 1 bytes", prefixed(.max),
      "the header claims 18446744073709551615 bytes; at most 100000000 are allowed", at: 0),
    MalformedModel(
      "a text", Array("model: m.safetensors".utf8),
      "the header claims 7863349186620845933 bytes; at most 100000000 are allowed", at: 0),
    MalformedModel("a byte too many", prefixed(2, "{}x"), "1 bytes at the file's end belong to no tensor", at: 10),
    MalformedModel(
      "a byte too few", Array(HandmadeFile(streams: [("w", good)]).bytes.dropLast()),
      "tensor \"w\" ends at byte 14 of a data section of 13", at: 71),
    MalformedModel(
      "a zipped file", [0x50, 0x4B, 3, 4, 20, 0, 0, 0, 8, 0],
      "the header claims 85966670672 bytes; at most 100000000 are allowed", at: 0),
  ]

  private static func container(_ title: String, _ file: HandmadeFile, _ message: String, at offset: Int? = nil)
    -> MalformedModel
  {
    MalformedModel(title, file.bytes, message, at: offset)
  }

  /// Safetensors files that are no `.condensed` ones. Where it is the header as a whole, there is no offset.
  static let containers: [MalformedModel] = [
    MalformedModel(
      "an empty safetensors file", HandmadeFile.header("{}"), "this is a safetensors file, but not a .condensed one",
      at: nil),
    container(
      "no version", HandmadeFile(streams: [("w", good)], metadata: [("format", "pt")]),
      "this is a safetensors file, but not a .condensed one"),
    container(
      "another version", HandmadeFile(streams: [("w", good)], metadata: [("condensed", "2")]),
      "the file has version '2' of the .condensed format; this program reads 1"),
    container(
      "an empty version", HandmadeFile(streams: [("w", good)], metadata: [("condensed", "")]),
      "the file has version '' of the .condensed format; this program reads 1"),
    container(
      "a version with a zero", HandmadeFile(streams: [("w", good)], metadata: [("condensed", "01")]),
      "the file has version '01' of the .condensed format; this program reads 1"),
    MalformedModel(
      "no checksum", HandmadeFile.header("{\"__metadata__\":{\"condensed\":\"1\"}}"),
      "the header's checksum does not match: the file is damaged", at: nil),
    container(
      "another checksum", HandmadeFile(streams: [("w", good)], checksum: "00000000"),
      "the header's checksum does not match: the file is damaged"),
    container(
      "an empty checksum", HandmadeFile(streams: [("w", good)], checksum: ""),
      "the header's checksum does not match: the file is damaged"),
    container(
      "a stream of another type", HandmadeFile(streams: [("w", good)], dtype: "I8"),
      "tensor 'w' is no stream but I8 [14]"),
    container(
      "a stream of rank 2", HandmadeFile(streams: [("w", good)], shape: { "[1,\($0)]" }),
      "tensor 'w' is no stream but U8 [1, 14]"),
    container(
      "a stream of rank 0", HandmadeFile(streams: [("w", [1])], shape: { _ in "[]" }),
      "tensor 'w' is no stream but U8 []"),
    container(
      "an empty stream", HandmadeFile(streams: [("w", [])]), "tensor 'w': the stream is only 0 bytes long", at: 128),
    container(
      "a stream that is only a checksum", HandmadeFile(streams: [("w", [0, 0, 0, 0])]),
      "tensor 'w': the stream is only 4 bytes long", at: 128),
    container(
      "a stream with another checksum", HandmadeFile(streams: [("w", good.dropLast() + [good[good.count - 1] ^ 1])]),
      "tensor 'w': the checksum does not match: the stream is damaged", at: 138),
    container(
      "a stream with another byte", HandmadeFile(streams: [("w", [good[0] ^ 1] + good.dropFirst())]),
      "tensor 'w': the checksum does not match: the stream is damaged", at: 138),
    container(
      "the second of two streams", HandmadeFile(streams: [("v", good), ("w", [9, 9, 9, 9, 9])]),
      "tensor 'w': the checksum does not match: the stream is damaged", at: 199),
    container(
      "a name of control characters", HandmadeFile(streams: [("\\u001b[31m", [1])]),
      "tensor '�[31m': the stream is only 1 bytes long", at: 136),
    container(
      "a name of a hundred letters", HandmadeFile(streams: [(String(repeating: "n", count: 100), [1])]),
      "tensor 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…': the stream is only 1 bytes long", at: 224
    ),
    container(
      "two streams of one name", HandmadeFile(streams: [("w", good), ("w", good)]), "tensor \"w\" is there twice",
      at: 125),
    container(
      "two checksums", HandmadeFile(streams: [("w", good)], metadata: [("condensed", "1"), ("condensed.crc32", "")]),
      "metadata \"condensed.crc32\" is there twice", at: 62),
  ]
}
