import CondenseModels
import CondenseTensors
import Foundation
import Testing

@Suite("Malformed model files")
final class MalformedModelTests {
  private let folder = FileManager.default.temporaryDirectory.path + "/condense-malformed-\(UUID().uuidString)"

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Opens a file and reads all of it.
  private func read(_ bytes: [UInt8], as name: String) throws {
    let path = folder + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let model = try ModelFormats.builtIn.open(path)
    for index in model.tensors.indices { _ = try model.read(index).expanded() }
  }

  private func expectRefused(_ file: MalformedModel, as name: String) {
    let error = #expect(throws: ModelError.self) { try read(file.bytes, as: name) }
    #expect(error?.message == file.message)
    #expect(error?.offset == file.offset)
    #expect(error?.path == folder + "/" + name)
  }

  @Test("A file that is no safetensors is refused, under either name", arguments: MalformedModel.prefixes)
  func prefix(file: MalformedModel) {
    expectRefused(file, as: "m.safetensors")
    expectRefused(file, as: "m.condensed")
  }

  @Test("A container that is damaged or of another version is refused", arguments: MalformedModel.containers)
  func container(file: MalformedModel) { expectRefused(file, as: "m.condensed") }

  @Test("A stream's prologue is held to what there can be", arguments: MalformedModel.prologues)
  func prologue(file: MalformedModel) { expectRefused(file, as: "m.condensed") }

  @Test("A stream's parts are held to its prologue", arguments: MalformedModel.parts)
  func parts(file: MalformedModel) { expectRefused(file, as: "m.condensed") }

  @Test("Huffman codes and their runs come out even, or are refused", arguments: MalformedModel.codes)
  func codes(file: MalformedModel) { expectRefused(file, as: "m.condensed") }

  @Test("An index that does not fit its shards is refused", arguments: MalformedModel.shardIndices)
  func index(file: MalformedModel) throws {
    for (name, tensors) in [("m", ["w", "b"]), ("n", ["v"])] {
      let header = try SafetensorsHeader.laidOut(tensors.map { ($0, .u8, try Shape([])) })
      try Data(header.encoded().array + [UInt8](repeating: 1, count: tensors.count))
        .write(to: URL(fileURLWithPath: folder + "/\(name).safetensors"))
    }
    expectRefused(file, as: "m.safetensors.index.json")
  }

  @Test("What the tables take apart is well where nothing is wrong with it")
  func handmade() throws {
    let streams = [
      HandmadeStream.prologue().adding([0, 9, 8, 7, 6]), HandmadeStream.prologue().adding([1, 3]),
      HandmadeStream.prologue().adding([2, 5, 6, 0b1111_0001, 0, 1, 0b0101_0000]),
      HandmadeStream.prologue(flags: 1).number(1).number(1).adding([1, 3, 1, 9]),
      HandmadeStream.prologue(flags: 2).number(1).adding([0, 0b1000, 0, 9]),
    ]
    let file = HandmadeFile(streams: streams.enumerated().map { ("\($0.offset)", $0.element.checked) })
    let path = folder + "/m.condensed"
    try Data(file.bytes).write(to: URL(fileURLWithPath: path))
    let model = try ModelFormats.builtIn.open(path)
    let tensors = try model.tensors.indices.map { try model.read($0).expanded().bytes.array }
    #expect(tensors == [[9, 8, 7, 6], [3, 3, 3, 3], [5, 6, 5, 6], [0, 0, 0, 9], [0, 0, 0, 9]])
  }
}
