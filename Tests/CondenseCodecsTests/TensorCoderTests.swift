import CondenseCodecs
import CondenseTensors
import TestSupport
import Testing

@Suite("Tensor streams")
struct TensorCoderTests {
  @Test("Every form of tensor comes back as it went in, from every layout", arguments: UInt64(1)...60)
  func roundTrips(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<12 {
      let tensor = try EncodedTensor.random(using: &generator)
      try expectRoundTrips(of: tensor, .huffman, "seed \(seed)")
      let stored = try TensorCoder.store(tensor)
      #expect(try TensorCoder.decode(stored) == tensor, "seed \(seed), stored")
      let described = try TensorCoder.describe(stored)
      #expect(described.dtype == tensor.dtype && described.shape == tensor.shape)
    }
  }

  @Test("A stage's artifact comes back as it went in", arguments: UInt64(1)...60)
  func blobs(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<12 {
      let tensor = try EncodedTensor.random(using: &generator)
      let blob = Bytes(tensor.blobParts().flatMap(\.array))
      #expect(try EncodedTensor(blob: blob) == tensor, "seed \(seed), \(tensor.dtype) \(tensor.shape)")
      var coded = tensor
      coded.mask = nil
      coded.payload = .stream(try TensorCoder.encode(tensor))
      #expect(try EncodedTensor(blob: Bytes(coded.blobParts().flatMap(\.array))) == coded, "seed \(seed)")
    }
  }

  @Test("Automatic layout is never larger than the others", arguments: UInt64(1)...20)
  func automaticLayout(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<10 {
      let tensor = try EncodedTensor.random(using: &generator)
      let sizes = try StreamLayout.allCases.map { try TensorCoder.encode(tensor, layout: $0).count }
      // Sizes are compared by an estimate that is a few bytes off.
      #expect(sizes[0] <= (sizes.min() ?? 0) + 24, "seed \(seed): \(sizes)")
    }
  }

  @Test("Damaged streams are refused", arguments: UInt64(1)...20)
  func damage(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let tensor = try EncodedTensor.random(using: &generator)
    let stream = try TensorCoder.encode(tensor).array
    for _ in 0..<60 {
      var damaged = stream
      damaged[Int.random(in: 0..<damaged.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      #expect(throws: DecodingError.self) { try TensorCoder.decode(Bytes(damaged)) }
      let cut = Bytes(stream.prefix(Int.random(in: 0..<stream.count, using: &generator)))
      #expect(throws: DecodingError.self) { try TensorCoder.decode(cut) }
    }
  }

  @Test("Streams that are wrong although their checksum is right never crash", arguments: UInt64(1)...40)
  func hostileStreams(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let tensor = try EncodedTensor.random(using: &generator)
    let body = try TensorCoder.encode(tensor).array.dropLast(4)
    var refused = 0
    for _ in 0..<100 {
      var damaged = Array(body)
      for _ in 0..<Int.random(in: 1...3, using: &generator) where !damaged.isEmpty {
        damaged[Int.random(in: 0..<damaged.count, using: &generator)] = .random(in: 0...255, using: &generator)
      }
      let checksum = CRC32.checksum(Bytes(damaged))
      let stream = Bytes(damaged + withUnsafeBytes(of: checksum.littleEndian) { [UInt8]($0) })
      // Some damage only makes another tensor; then it must be a sound one.
      do {
        _ = try TensorCoder.decode(stream, byteLimit: 1 << 20).expanded()
      } catch {
        refused += 1
      }
    }
    #expect(refused > 0, "seed \(seed)")
  }

  @Test("A few bytes that stand for a huge tensor are refused by the limit")
  func decompressionBomb() throws {
    let shape = try Shape([1 << 12, 1 << 12])
    let zeros = EncodedTensor(
      dtype: .f32, shape: shape, mask: Bytes([UInt8](repeating: 0, count: 1 << 21)), payload: .elements(.plain(Bytes()))
    )
    let stream = try TensorCoder.encode(zeros)
    #expect(stream.count < 64)
    #expect(throws: DecodingError.self) { try TensorCoder.decode(stream, byteLimit: 1 << 20) }
  }

  @Test("More symbols than a block holds come back")
  func severalBlocks() throws {
    let count = 1 << 18 + 1
    let bytes = Bytes((0..<count + 4097).map { UInt8(truncatingIfNeeded: ($0 &* $0) >> 9) & 31 })
    let tensor = EncodedTensor(
      dtype: .u8, shape: Shape(vector: bytes.count), payload: .elements(.plain(bytes)))
    let stream = try TensorCoder.encode(tensor, layout: .dense)
    #expect(stream.count < bytes.count * 6 / 8)
    #expect(try TensorCoder.decode(stream) == tensor)
  }

  @Test("What is coded already is not coded again")
  func twice() throws {
    let tensor = EncodedTensor(dtype: .u8, shape: Shape(vector: 1), payload: .stream(Bytes([1])))
    #expect(throws: DecodingError.self) { try TensorCoder.encode(tensor) }
  }
}
