import CondenseCodecs
import CondenseModels
import CondenseTensors
import Foundation
import TestSupport
import Testing

/// Damaged model files are refused or read, whatever the damage.
///
/// A crash leaves the file that caused it in the temporary folder `condense-fuzz-…`.
@Suite("Fuzzed model files")
final class ModelFuzzTests {
  private let folder = FileManager.default.temporaryDirectory.path + "/condense-fuzz-\(UUID().uuidString)"

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Small streams can stand for large tensors: more than this is refused, so that memory is bounded.
  private static let largestTensor = 1 << 20

  private static let formats = ModelFormats([SafetensorsFormat(), CondensedFormat(largestTensor: largestTensor)])

  /// Reads all of a file; anything but ``ModelError`` fails the test. Whether it could be read.
  private func reads(_ bytes: [UInt8], as name: String, seed: UInt64) throws -> Bool {
    let path = folder + "/" + name
    // A new file each time: ext4 flushes one that is truncated and written anew, which takes a hundred times as long.
    try? FileManager.default.removeItem(atPath: path)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    do {
      let model = try Self.formats.open(path)
      for (index, described) in model.tensors.enumerated() {
        _ = try model.coding(index)
        let tensor = try model.read(index).expanded()
        #expect(tensor.dtype == described.dtype && tensor.shape == described.shape, "seed \(seed)")
        #expect(tensor.bytes.count == described.byteCount, "seed \(seed)")
      }
      return true
    } catch is ModelError {
      return false
    }
  }

  private static func safetensors(using generator: inout SeededGenerator) throws -> [UInt8] {
    let tensors = try (0..<Int.random(in: 0...4, using: &generator)).map { index in
      let shape = try Shape([[], [0], [3], [2, 3], [1, 2, 2]].randomElement(using: &generator) ?? [])
      return ("t\(index).ü", DType.allCases.randomElement(using: &generator) ?? .f32, shape)
    }
    let header = try SafetensorsHeader.laidOut(tensors, metadata: ["format": "pt", "a\"b": "\u{1}"])
    return header.encoded().array + [UInt8](repeating: 7, count: header.dataByteCount)
  }

  private static let headerDamage = Mutation(words: [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud83e", "\\udd89", "0", "-1", "1e9", "9223372036854775807",
    "18446744073709551616", "null", "\"dtype\":\"F64\",", "\"shape\":[],", "\"data_offsets\":[0,0],", "\"t0.ü\":",
    "\"__metadata__\":{},", "[4294967296,4294967296]", "[0,9223372036854775807]",
  ])

  @Test("A damaged safetensors file", arguments: 0..<FuzzRun.parts)
  func safetensors(part: Int) throws {
    var refused = 0
    try FuzzRun.current.inputs(of: part, "safetensors", percent: 30) { generator, seed in
      var bytes = try Self.safetensors(using: &generator)
      if Bool.random(using: &generator) {
        bytes = Self.headerDamage.damaged(bytes, using: &generator)
      } else {
        // The header alone, its length put right, so that what follows the length is what is tried.
        let length = Int(bytes[0]) | Int(bytes[1]) << 8
        let json = Self.headerDamage.damaged(Array(bytes[8..<8 + length]), using: &generator)
        bytes = withUnsafeBytes(of: UInt64(json.count).littleEndian) { [UInt8]($0) } + json + bytes[(8 + length)...]
      }
      if try !self.reads(bytes, as: "m.safetensors", seed: seed) { refused += 1 }
    }
    #expect(refused > FuzzRun.current.share(30) / 4)
  }

  /// Numbers as streams have them: beyond 8, 32 and 62 bits, too long, and the largest.
  private static let streamDamage = Mutation(words: [
    [0xFF, 0x01], [0x80, 0x80, 0x80, 0x80, 0x10], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40],
    [0x80, 0x00], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [1, 0], [0, 0],
  ])

  /// Streams of all forms, to begin with.
  private static let corpus = Result {
    var generator = SeededGenerator(seed: 1)
    return try (0..<64).map { _ in
      let tensor = try EncodedTensor.random(using: &generator)
      let layout = StreamLayout.allCases.randomElement(using: &generator) ?? .auto
      return try Bool.random(using: &generator)
        ? TensorCoder.encode(tensor, layout: layout).array : TensorCoder.store(tensor).array
    }
  }

  @Test("A damaged .condensed file, half of them with checksums that are right", arguments: 0..<FuzzRun.parts)
  func condensed(part: Int) throws {
    let corpus = try Self.corpus.get()
    var refused = 0
    try FuzzRun.current.inputs(of: part, ".condensed", percent: 40) { generator, seed in
      var streams: [(name: String, bytes: [UInt8])] = []
      for name in ["v", "w"] { streams.append((name, corpus.randomElement(using: &generator) ?? [])) }
      let bytes: [UInt8]
      if Bool.random(using: &generator) {
        let damaged = Self.streamDamage.damaged(streams[0].bytes.dropLast(4), using: &generator)
        streams[0].bytes = HandmadeStream().adding(damaged).checked
        bytes = HandmadeFile(streams: streams).bytes
      } else {
        bytes = Self.streamDamage.damaged(HandmadeFile(streams: streams).bytes, using: &generator)
      }
      if try !self.reads(bytes, as: "m.condensed", seed: seed) { refused += 1 }
    }
    #expect(refused > FuzzRun.current.share(40) / 4)
  }

  @Test("A damaged index of shards", arguments: 0..<FuzzRun.parts)
  func shardIndex(part: Int) throws {
    let header = try SafetensorsHeader.laidOut([("w", .u8, Shape([]))])
    try Data(header.encoded().array + [7]).write(to: URL(fileURLWithPath: folder + "/m.safetensors"))
    let index = Array(#"{"metadata":{"total_size":1,"x":[1,{"y":null}]},"weight_map":{"w":"m.safetensors"}}"#.utf8)
    var refused = 0
    try FuzzRun.current.inputs(of: part, "index", percent: 5) { generator, seed in
      let bytes = Self.headerDamage.damaged(index, using: &generator)
      if try !self.reads(bytes, as: "m.safetensors.index.json", seed: seed) { refused += 1 }
    }
    #expect(refused > FuzzRun.current.share(5) / 4)
  }
}
