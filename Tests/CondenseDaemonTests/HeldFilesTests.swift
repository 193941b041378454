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
    "What waited for a model that was being written is built when a rescan says that it is whole",
    .timeLimit(.minutes(1)))
  func rescanLetsGo() async throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "condense-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: root) }
    try FileManager.default.createDirectory(atPath: root + "/pipelines", withIntermediateDirectories: true)
    let (pipeline, model) = (root + "/pipelines/p.yaml", root + "/m.safetensors")
    try write(Data("model: ../m.safetensors\nstages: [huffman]\noutputs: [../p.condensed]\n".utf8), to: pipeline)
    try write(HeldFilesTests.model(values: [1, 0, 2, 0]), to: model)

    let (builds, told) = AsyncStream.makeStream(of: [String].self)
    let service = WorkspaceService(
      root: root, stages: .builtIn, formats: .builtIn, storeFolder: { _ in root + "/store" }, modelPatience: 3,
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      listener: { if case .changed(let pipeline) = $0 { told.yield(pipeline.report.outputs.map(\.sha256)) } })
    var iterator = builds.makeAsyncIterator()
    service.start { _ in }
    let first = await iterator.next()
    #expect(first?.count == 1)

    // The model is being written, so that its pipeline waits; then the events that would tell of its end are lost.
    service.changed([model], held: [model])
    try write(HeldFilesTests.model(values: [3, 0, 4, 0]), to: model)
    service.sweep(held: [])
    let second = await iterator.next()
    #expect(second?.count == 1)
    #expect(second != first)
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
