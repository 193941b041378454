import CondenseTensors
import CondensedModel
import Foundation
import Testing

@Suite("Several tensors at once")
struct ConcurrentTests {
  @Test("All are had by their names, however many at once", arguments: [1, 2, 100])
  func all(concurrency: Int) async throws {
    let model = try CondensedModel(contentsOf: RecordedTensorTests.folder.appending(path: "range.condensed"))
    #expect(try await model.tensors(concurrency: concurrency) == RecordedTensorTests.plain("range"))
  }

  @Test("They are decoded to memory by their names")
  func memory() async throws {
    let model = try CondensedModel(contentsOf: RecordedTensorTests.folder.appending(path: "huffman.condensed"))
    let descriptions = try model.descriptions()
    #expect(descriptions.map(\.name) == model.tensorNames)
    let memory = descriptions.reduce(into: [:]) { memory, description in
      memory[description.name] = UnsafeMutableRawBufferPointer.allocate(byteCount: description.byteCount, alignment: 8)
    }
    defer { memory.values.forEach { $0.deallocate() } }
    try await model.decode(into: memory)
    let decoded = memory.mapValues { Bytes(copying: UnsafeRawBufferPointer($0)) }
    #expect(try decoded == RecordedTensorTests.plain("huffman").mapValues(\.bytes))
    let error = await #expect(throws: CondensedModelError.self) {
      try await model.decode(into: ["nothing": UnsafeMutableRawBufferPointer(start: nil, count: 0)])
    }
    #expect(error?.code == .noTensor)
  }

  @Test("A damaged one ends it")
  func damaged() async throws {
    var bytes = try Data(contentsOf: RecordedTensorTests.folder.appending(path: "huffman.condensed"))
    bytes[bytes.count - 1] ^= 1
    let model = try CondensedModel(Bytes(bytes))
    let error = await #expect(throws: CondensedModelError.self) { try await model.tensors() }
    #expect(error?.code == .damaged && error?.tensor == model.tensorNames.last)
  }

  @Test("It ends where its task is cancelled")
  func cancelled() async throws {
    let model = try CondensedModel(contentsOf: RecordedTensorTests.folder.appending(path: "huffman.condensed"))
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await model.tensors()
    }
    let error = await #expect(throws: CondensedModelError.self) { try await task.value }
    #expect(error?.code == .cancelled)
  }
}
