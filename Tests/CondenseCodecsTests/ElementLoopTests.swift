import CondenseTensors
import TestSupport
import Testing

@testable import CondenseCodecs

@Suite("Loops over elements")
struct ElementLoopTests {
  @Test(
    "Zeros are left out and put back, whatever stands for them",
    arguments: [1, 2, 4, 8], [0, 1, 8, 63, 64, 65, 200, 1000])
  func zeros(width: Int, count: Int) {
    var generator = SeededGenerator(seed: UInt64(width * 10_000 + count))
    for density in [0, 0.1, 0.5, 1] {
      let zero = (0..<width).map { _ in UInt8.random(in: 0...255, using: &generator) }
      var all: [UInt8] = []
      var kept: [UInt8] = []
      var bits = [UInt8](repeating: 0, count: Bitmap.byteCount(count))
      for position in 0..<count {
        var element = zero
        if Double.random(in: 0..<1, using: &generator) < density {
          element[Int.random(in: 0..<width, using: &generator)] ^= 1
          kept += element
          bits[position / 8] |= 1 << (position % 8)
        }
        all += element
      }
      let grid = ElementGrid(width: width, zero: zero, elementCount: count, mask: nil, survivors: Bytes(all))
      onEveryProcessor {
        #expect(grid.zeroCount == count - kept.count / width)
        let sparse = grid.withoutZeros
        #expect(sparse?.mask == Bytes(bits))
        #expect(sparse?.survivors == Bytes(kept))
        #expect(sparse?.allElements == Bytes(all))
        #expect(sparse?.zeroCount == 0)
      }
    }
  }

  @Test("Memory past the caches holds what was written for it, wherever it starts", arguments: [0, 1, 5])
  func pastCaches(offset: Int) {
    let count = PastCaches.leastByteCount / 8 + 70
    let memory = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: offset + count + 1)
    defer { memory.deallocate() }
    memory.initialize(repeating: .max)
    var next = 0
    PastCaches.fill(UnsafeMutableBufferPointer(rebasing: memory[offset..<offset + count])) { place, range in
      #expect(range.lowerBound == next)
      next = range.upperBound
      for index in range { (place + (index - range.lowerBound)).initialize(to: UInt64(index)) }
    }
    #expect(next == count)
    let isWhole = memory.enumerated().allSatisfy { index, value in
      (offset..<offset + count).contains(index) ? value == UInt64(index - offset) : value == .max
    }
    #expect(isWhole)
  }

  @Test("Indices are looked up in the places of a mask", arguments: UInt64(1)...20)
  func lookUp(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let shape = try Shape([5, Int.random(in: 1...70, using: &generator)])
    let mask = (0..<shape.elementCount).map { _ in Bool.random(using: &generator) }
    for channels in [1, 5] {
      let entries = (0..<channels * 7).map { Float($0 + 1) }
      let indices = mask.filter { $0 }.map { _ in UInt8.random(in: 0..<7, using: &generator) }
      var next = 0
      let expected = mask.enumerated().map { position, isKept -> Float in
        guard isKept else { return 0 }
        defer { next += 1 }
        return entries[(channels == 1 ? 0 : position / shape.elementsPerChannel * 7) + Int(indices[next])]
      }
      var bits = [UInt8](repeating: 0, count: Bitmap.byteCount(mask.count))
      for (position, isKept) in mask.enumerated() where isKept { bits[position / 8] |= 1 << (position % 8) }
      let codebook = Codebook(size: 7, channels: channels, elements: .plain(Bytes(elements: entries)))
      let tensor = EncodedTensor(
        dtype: .f32, shape: shape, mask: Bytes(bits), payload: .indices(Bytes(indices), codebook))
      #expect(try tensor.expanded().floats == expected, "seed \(seed), \(channels) channels")
    }
  }

  // Around what a vector holds, and past what vectors do.
  @Test(
    "Codebooks of every size are looked up in at every length", arguments: [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 256])
  func dense(size: Int) throws {
    var generator = SeededGenerator(seed: UInt64(size))
    let entries = (0..<size).map { _ in Float.random(in: -9...9, using: &generator) }
    for (dtype, elements) in [
      (DType.f32, Bytes(elements: entries)), (.u16, Bytes(elements: (0..<size).map { UInt16(1000 + $0) })),
    ] {
      for count in [0, 1, 7, 8, 9, 15, 16, 17, 1003] {
        let indices = (0..<count).map { _ in UInt8(Int.random(in: 0..<size, using: &generator)) }
        let codebook = Codebook(size: size, channels: 1, elements: .plain(elements))
        let tensor = EncodedTensor(
          dtype: dtype, shape: Shape(vector: count), payload: .indices(Bytes(indices), codebook))
        let width = dtype == .f32 ? 4 : 2
        let expected = indices.flatMap { elements[Int($0) * width..<(Int($0) + 1) * width].array }
        try onEveryProcessor { () throws in
          #expect(try tensor.expanded().bytes == Bytes(expected), "seed \(size), \(count) elements of \(dtype)")
        }
      }
    }
  }
}
