import CondenseCodecs
import CondenseTensors
import CondensedModel
import Foundation
import TestSupport
import Testing

/// Ten thousand damaged files: each is refused with its place, or gives what it held before.
@Suite("Damaged files")
struct DamagedFileTests {
  private static let parts = 8
  private static let filesInPart = 1250
  /// Small streams can stand for large tensors.
  private static let byteLimit = 1 << 20

  /// Numbers as streams have them, beyond 8, 32 and 62 bits, and words of headers.
  private static let mutation = Mutation(
    words: [
      [0xFF, 0x01], [0x80, 0x80, 0x80, 0x80, 0x10], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40],
      [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0, 0],
    ] + [#"{"#, #"","#, #""shape":[],"#, "[0,9223372036854775807]", #""condensed":"2","#].map { Array($0.utf8) })

  /// Everything that a file gives; nil for tensors that are refused.
  private func read(_ bytes: [UInt8], seed: UInt64) throws(CondensedModelError) -> [String: Tensor?] {
    var model = try CondensedModel(Bytes(bytes))
    model.byteLimit = Self.byteLimit
    var tensors: [String: Tensor?] = [:]
    for name in model.tensorNames {
      do {
        tensors[name] = .some(try model.tensor(named: name))
      } catch {
        #expect(error.tensor == name, "seed \(seed)")
        tensors[name] = .some(nil)
      }
    }
    return tensors
  }

  /// A file of a few recorded streams.
  private func file(_ streams: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    let header = CondensedHeader.laidOut(streams.map { ($0.name, $0.bytes.count) }, envelope: ["format": "pt"])
    return header.encoded().array + streams.flatMap(\.bytes)
  }

  @Test("Damage anywhere is noticed", arguments: 0..<parts)
  func anywhere(part: Int) throws {
    let recorded = try RecordedStreams()
    for index in 0..<Self.filesInPart / 2 {
      let seed = UInt64(part * Self.filesInPart + index)
      var generator = SeededGenerator(seed: seed)
      let whole = file(recorded.some(2, using: &generator))
      let damaged = Self.mutation.damaged(whole, using: &generator)
      guard damaged != whole else { continue }
      do {
        // What the header says may be said in other words, as with another space.
        let tensors = try read(damaged, seed: seed)
        if !tensors.values.contains(nil) { #expect(try tensors == read(whole, seed: seed), "seed \(seed)") }
      } catch {
        #expect(!error.message.isEmpty && error.tensor == nil, "seed \(seed)")
      }
    }
  }

  @Test("Damage under checksums that are right is refused or read, and never more", arguments: 0..<parts)
  func underChecksums(part: Int) throws {
    let recorded = try RecordedStreams()
    var refused = 0
    for index in 0..<Self.filesInPart / 2 {
      let seed = UInt64(part * Self.filesInPart + Self.filesInPart / 2 + index)
      var generator = SeededGenerator(seed: seed)
      var streams = recorded.some(1, using: &generator)
      var body = Self.mutation.damaged(streams[0].bytes.dropLast(4), using: &generator)
      withUnsafeBytes(of: CRC32.checksum(Bytes(body)).littleEndian) { body += $0 }
      streams[0].bytes = body
      let tensors = try read(file(streams), seed: seed)
      if tensors.values.contains(nil) { refused += 1 }
      // The other forms check no less.
      try forms(file(streams), seed: seed)
    }
    #expect(refused > Self.filesInPart / 8)
  }

  private func forms(_ bytes: [UInt8], seed: UInt64) throws {
    var model = try CondensedModel(Bytes(bytes))
    model.byteLimit = Self.byteLimit
    for name in model.tensorNames {
      do throws(CondensedModelError) {
        switch try model.description(of: name).form {
        case .plain: _ = try model.floats(of: name)
        case .quantized:
          let tensor = try model.quantizedTensor(named: name)
          #expect(tensor.codes.count == tensor.shape.elementCount * tensor.quantization.type.codeWidth, "seed \(seed)")
        case .clustered:
          let tensor = try model.clusteredTensor(named: name)
          #expect(tensor.indices.count == tensor.shape.elementCount, "seed \(seed)")
          _ = try model.quantizedTensor(named: name)
        }
      } catch {
        #expect(error.tensor == name, "seed \(seed)")
      }
    }
  }
}

/// The streams of Tests/Vectors/v3.
private struct RecordedStreams {
  private var streams: [(name: String, bytes: [UInt8])] = []

  init() throws {
    for name in RecordedTensorTests.names {
      let path = RecordedTensorTests.folder.appending(path: "\(name).condensed")
      let bytes = Bytes(try Data(contentsOf: path))
      let length = try SafetensorsHeader.jsonByteCount(prefix: bytes, fileByteCount: bytes.count)
      let data = bytes[8 + length..<bytes.count]
      for entry in try SafetensorsHeader(json: bytes[8..<8 + length], dataByteCount: data.count).entries {
        streams.append((entry.name, data[entry.range].array))
      }
    }
  }

  func some(_ count: Int, using generator: inout SeededGenerator) -> [(name: String, bytes: [UInt8])] {
    (0..<count).map { index in
      ("t\(index)", streams[Int.random(in: 0..<streams.count, using: &generator)].bytes)
    }
  }
}
