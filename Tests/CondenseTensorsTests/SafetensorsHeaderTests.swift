import CondenseTensors
import TestSupport
import Testing

@Suite("The safetensors header")
struct SafetensorsHeaderTests {
  private static func parse(_ json: [UInt8], data: Int) throws(SafetensorsError) -> SafetensorsHeader {
    try SafetensorsHeader(json: Bytes(json), dataByteCount: data)
  }

  private static func parse(_ json: String, data: Int) throws(SafetensorsError) -> SafetensorsHeader {
    try parse(Array(json.utf8), data: data)
  }

  @Test("A header comes back from its bytes, with every type, empty tensors, scalars and odd names")
  func roundTrip() throws {
    var tensors: [(name: String, dtype: DType, shape: Shape)] = []
    for dtype in DType.allCases {
      for shape in [[], [0], [3, 0, 2], [5], [2, 3, 4]] {
        tensors.append(("\(dtype.rawValue) \"\(shape)\"\\\u{1}\n ünï 🦉", dtype, try Shape(shape)))
      }
    }
    let metadata = ["format": "pt", "a\tb": "\u{7f}\u{0}é", "": ""]
    let header = try SafetensorsHeader.laidOut(tensors, metadata: metadata)
    let file = header.encoded()
    let length = try SafetensorsHeader.jsonByteCount(
      prefix: file, fileByteCount: file.count + header.dataByteCount)
    #expect(length == file.count - 8 && length % 8 == 0)
    let read = try SafetensorsHeader(json: file[8..<file.count], dataByteCount: header.dataByteCount)
    #expect(read.metadata == metadata)
    #expect(read.entries.map(\.name) == header.entries.map(\.name))
    #expect(read == header)
  }

  @Test(
    "What the format allows is read",
    arguments: [
      "{}", "{ }  ", "{\"__metadata__\":{}}",
      "{\"a\":{\"shape\":[2],\"data_offsets\":[0,2],\"dtype\":\"U8\"},\"b\":{\"dtype\":\"I16\",\"shape\":[],\"data_offsets\":[2,4]}}",
      "{\"\\u0061\\/\\ud83e\\udd89\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
      "{\n \"a\" : {\"dtype\" : \"U8\", \"shape\" : [ 1 , 1 ] , \"data_offsets\" : [ 0 , 1 ] } }",
    ])
  func allowed(json: String) throws {
    let size = json.contains("b\":") ? 4 : json.contains("[ 1 , 1 ]") ? 1 : 0
    #expect(try Self.parse(json, data: size).dataByteCount == size)
  }

  @Test("Tensors stand in the order of their data")
  func order() throws {
    let json =
      "{\"z\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]},\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}"
    #expect(try Self.parse(json, data: 2).entries.map(\.name) == ["a", "z"])
  }

  /// An entry of one tensor.
  private static func entry(_ dtype: String, _ shape: String, _ offsets: String, name: String = "a") -> String {
    "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
  }

  static let hostile: [(json: String, data: Int, message: String, offset: Int)] = [
    ("", 0, "does not begin with '{'", 8),
    ("[]", 0, "does not begin with '{'", 8),
    (" {}", 0, "does not begin with '{'", 8),
    ("{", 0, "expected a name in double quotes, found the end", 9),
    ("{}x", 0, "something follows", 10),
    ("{}\u{0}", 0, "something follows", 10),
    ("{,}", 0, "expected a name", 9),
    ("{\"a\"}", 0, "expected ':' after the name \"a\"", 12),
    ("{\"a\":1}", 0, "expected '{' of tensor \"a\"", 13),
    ("{\"a\":[]}", 0, "expected '{' of tensor \"a\"", 13),
    ("{\"a\":{}}", 0, "no dtype of tensor \"a\"", 9),
    ("{\"a\":{\"dtype\":\"U8\"}}", 0, "no shape of tensor \"a\"", 9),
    ("{\"a\":{\"dtype\":\"U8\",\"shape\":[]}}", 0, "no data_offsets of tensor \"a\"", 9),
    ("{\"a\":{\"dtype\":3}}", 0, "expected the dtype of tensor \"a\" in double quotes, found '3'", 22),
    ("{\(entry("F31", "[]", "[0,4]"))}", 4, "unknown dtype \"F31\" of tensor \"a\"", 14),
    ("{\(entry("f32", "[]", "[0,4]"))}", 4, "unknown dtype \"f32\"", 14),
    ("{\"a\":{\"dtyp\":\"U8\"}}", 0, "unknown key \"dtyp\" of tensor \"a\"", 14),
    ("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 0, "key \"dtype\" of tensor \"a\" is there twice", 27),
    ("{\"a\":{\"shape\":[],\"shape\":[]}}", 0, "key \"shape\" of tensor \"a\" is there twice", 25),
    ("{\(entry("U8", "[1", "[0,1]"))}", 1, "expected a whole number", 38),
    ("{\(entry("U8", "[-1]", "[0,1]"))}", 1, "expected a whole number from 0 in the shape", 36),
    ("{\(entry("U8", "[1.0]", "[0,1]"))}", 1, "is not whole", 36),
    ("{\(entry("U8", "[1e0]", "[0,1]"))}", 1, "is not whole", 36),
    ("{\(entry("U8", "[01]", "[0,1]"))}", 1, "leading zero", 36),
    ("{\(entry("U8", "[\"1\"]", "[0,1]"))}", 1, "expected a whole number", 36),
    ("{\(entry("U8", "[1,]", "[0,1]"))}", 1, "expected a whole number", 38),
    ("{\(entry("U8", "[99999999999999999999]", "[0,1]"))}", 1, "too large for 64 bits", 36),
    ("{\(entry("U8", "[4294967296,4294967296]", "[0,1]"))}", 1, "overflows 64 bits", 27),
    ("{\(entry("F64", "[2305843009213693952]", "[0,1]"))}", 1, "more than 64 bits can count", 58),
    ("{\(entry("U8", "[0,9223372036854775807,9]", "[0,0]"))}", 0, "overflows 64 bits", 27),
    ("{\(entry("U8", "[1]", "[0]"))}", 1, "are no range", 39),
    ("{\(entry("U8", "[1]", "[]"))}", 1, "are no range", 39),
    ("{\(entry("U8", "[1]", "[0,1,2]"))}", 1, "more than 2 numbers", 60),
    ("{\(entry("U8", "[1]", "[1,0]"))}", 1, "are no range", 39),
    ("{\(entry("U8", "[2]", "[0,1]"))}", 1, "span 1 bytes, but U8 [2] takes 2", 39),
    ("{\(entry("F32", "[1]", "[0,1]"))}", 1, "span 1 bytes, but F32 [1] takes 4", 40),
    ("{\(entry("U8", "[]", "[0,0]"))}", 0, "span 0 bytes, but U8 [] takes 1", 38),
    ("{\(entry("U8", "[9]", "[0,9]"))}", 4, "ends at byte 9 of a data section of 4", 9),
    ("{\(entry("U8", "[1]", "[1,2]"))}", 2, "1 bytes before the data of tensor \"a\" belong to no tensor", 9),
    ("{\(entry("U8", "[1]", "[0,1]"))}", 3, "2 bytes at the file's end belong to no tensor", 61),
    ("{}", 5, "5 bytes at the file's end belong to no tensor", 10),
    (
      "{\(entry("U8", "[2]", "[0,2]")),\(entry("U8", "[2]", "[1,3]", name: "b"))}", 3, "\"b\" overlaps that of \"a\"",
      61
    ),
    ("{\(entry("U8", "[1]", "[0,1]")),\(entry("U8", "[1]", "[0,1]", name: "b"))}", 1, "overlaps", 61),
    ("{\(entry("U8", "[1]", "[0,1]")),\(entry("U8", "[1]", "[1,2]"))}", 2, "tensor \"a\" is there twice", 61),
    ("{\(entry("U8", "[1]", "[0,1]")),\(entry("U8", "[1]", "[1,2]", name: "\\u0061"))}", 2, "is there twice", 61),
    ("{\(entry("U8", "[1]", "[0,1]")),}", 1, "expected a name", 61),
    ("{\"__metadata__\":[]}", 0, "expected '{' in '__metadata__'", 24),
    ("{\"__metadata__\":{\"a\":1}}", 0, "expected a string as the value of \"a\"", 29),
    ("{\"__metadata__\":{\"a\":null}}", 0, "expected a string as the value of \"a\"", 29),
    ("{\"__metadata__\":{\"a\":{}}}", 0, "expected a string as the value of \"a\"", 29),
    ("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "metadata \"a\" is there twice", 33),
    ("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "'__metadata__' is there twice", 27),
    ("{\"a", 0, "a string does not end", 9),
    ("{\"a\\", 0, "a string does not end", 12),
    ("{\"a\\x\":{}}", 0, "unknown escape", 11),
    ("{\"\\u12\":{}}", 0, "four hexadecimal digits", 14),
    ("{\"\\ud83e\":{}}", 0, "half of a surrogate pair", 10),
    ("{\"\\ud83e\\u0041\":{}}", 0, "half of a surrogate pair", 10),
    ("{\"\\udd89\":{}}", 0, "half of a surrogate pair", 10),
    ("{\"a\nb\":{}}", 0, "control character", 11),
    ("{\"a\\n\u{1}\":{}}", 0, "control character", 13),
    ("{'a':{}}", 0, "expected a name in double quotes, found '''", 9),
    (String(repeating: "{\"a\":", count: 5000), 0, "unknown key \"a\" of tensor \"a\"", 14),
    (
      "{\(entry("U8", "[" + Array(repeating: "1", count: 100).joined(separator: ",") + "]", "[0,1]"))}", 1,
      "more than 64 numbers", 165
    ),
  ]

  @Test("A hostile header is refused with the reason and the place", arguments: hostile.indices)
  func refused(index: Int) {
    let (json, data, message, offset) = Self.hostile[index]
    let error = #expect(throws: SafetensorsError.self) { try Self.parse(json, data: data) }
    #expect(error?.message.contains(message) == true, "\(json.prefix(200)): \(String(describing: error))")
    #expect(error?.offset == offset, "\(json.prefix(200))")
  }

  @Test(
    "Bytes that are no UTF-8 are refused",
    arguments: [[0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xF8, 0x88]] as [[UInt8]])
  func invalidUTF8(bytes: [UInt8]) {
    for text in ["{\"", "{\"\\n"] {
      let error = #expect(throws: SafetensorsError.self) {
        try Self.parse(Array(text.utf8) + bytes + Array("\":{}}".utf8), data: 0)
      }
      #expect(error?.message.contains("not valid UTF-8") == true)
    }
  }

  @Test(
    "A length that the file cannot have is refused",
    arguments: [
      ([], 0, "too short"), ([1, 2, 3], 3, "too short"),
      ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], 8, "claims"),
      ([100, 0, 0, 0, 0, 0, 0, 0], 50, "claims 100 bytes, but the file has only 42 more"),
      ([1, 0xE1, 0xF5, 5, 0, 0, 0, 0], 1 << 40, "claims 100000001 bytes; at most 100000000"),
    ] as [([UInt8], Int, String)])
  func lengths(prefix: [UInt8], size: Int, message: String) {
    let error = #expect(throws: SafetensorsError.self) {
      try SafetensorsHeader.jsonByteCount(prefix: Bytes(prefix), fileByteCount: size)
    }
    #expect(error?.message.contains(message) == true)
    #expect(error?.offset == 0)
  }

  @Test("Random damage to a header is refused or harmless, and never crashes", arguments: UInt64(1)...20)
  func randomDamage(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let header = try SafetensorsHeader.laidOut(
      [("a.weight", .f32, Shape([3, 4])), ("b", .i64, Shape([])), ("c", .bf16, Shape([0, 7]))],
      metadata: ["format": "pt"])
    let json = header.encoded().array.dropFirst(8)
    for _ in 0..<200 {
      var damaged = Array(json)
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        damaged[Int.random(in: 0..<damaged.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      }
      guard let read = try? Self.parse(damaged, data: header.dataByteCount) else { continue }
      // What is read holds together: the tensors fill the data.
      #expect(read.dataByteCount == header.dataByteCount, "seed \(seed)")
      #expect(read.entries.reduce(0) { $0 + $1.range.count } == header.dataByteCount, "seed \(seed)")
    }
  }
}
