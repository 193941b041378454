import CondenseEngine
import CondenseModels
import CondenseStages
import CondenseStore
import Foundation
import Logging
import Testing

@testable import CondenseDaemon

@Suite struct HeldFilesTests {
  @Test(
    "What waits for a model that is being written goes on waiting, and is built when a rescan says that it is whole",
    .timeLimit(.minutes(15)))
  func waitsUntilWhole() async throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "condense-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: root) }
    try FileManager.default.createDirectory(atPath: root + "/pipelines", withIntermediateDirectories: true)
    func edit(_ name: String, _ stages: String) throws {
      let text = "model: ../\(name).safetensors\nstages: [\(stages)]\noutputs: [../\(name).condensed]\n"
      try write(Data(text.utf8), to: "\(root)/pipelines/\(name).yaml")
    }
    let model = root + "/p.safetensors"
    for name in ["p", "q"] {
      try write(HeldFilesTests.model(values: [1, 0, 2, 0]), to: "\(root)/\(name).safetensors")
      try edit(name, "huffman")
    }

    let (builds, told) = AsyncStream.makeStream(of: String.self)
    let service = WorkspaceService(
      root: root, stages: .builtIn, formats: .builtIn, storeFolder: { _ in root + "/store" }, modelPatience: 3,
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      listener: { if case .changed(let pipeline) = $0 { told.yield(pipeline.report.name) } })
    var iterator = builds.makeAsyncIterator()
    service.start { _ in }
    #expect(await [iterator.next(), iterator.next()] == ["p", "q"])

    // Changes elsewhere are built, however many; what rests on the model waits.
    for stages in ["prune: {sparsity: 0.25}", "prune: {sparsity: 0.75}"] {
      try write(HeldFilesTests.model(values: [3, 0, 4, 0]), to: model)
      try edit("q", "{\(stages)}, huffman")
      service.changed([model, root + "/pipelines/q.yaml"], held: [model])
      #expect(await iterator.next() == "q")
    }
    // The events that would tell of the model's end are lost.
    service.sweep(held: [])
    #expect(await iterator.next() == "p")
    await withCheckedContinuation { done in service.stop { done.resume() } }
  }

  private func write(_ data: Data, to path: String) throws { try data.write(to: URL(filePath: path)) }

  /// A safetensors file with one matrix of 2 × 2.
  private static func model(values: [Float]) -> Data {
    let header = #"{"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}} "#
    var data = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    data += Data(header.utf8)
    for value in values { data += withUnsafeBytes(of: value.bitPattern.littleEndian) { Data($0) } }
    return data
  }
}
