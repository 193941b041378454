import CondenseCodecs
import CondenseFiles
import CondenseModels
import CondenseTensors
import Foundation
import TestSupport
import Testing

@Suite("Model files")
final class ModelFormatTests {
  private let folder = FileManager.default.temporaryDirectory.path + "/condense-models-\(UUID().uuidString)"

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func path(_ name: String) -> String { folder + "/" + name }

  private static func tensors() throws -> [(String, Tensor)] {
    [
      ("w", try Tensor([1, 0, -2.5, 0, 0, .nan], shape: [2, 3])), ("empty", try Tensor([], shape: [0, 4])),
      ("scalar", try Tensor(dtype: .i64, shape: Shape([]), bytes: Bytes(elements: [Int64(-7)]))),
      ("flags", try Tensor(dtype: .bool, shape: Shape([3]), bytes: Bytes([1, 0, 1]))),
    ]
  }

  private func write(_ tensors: [(String, Tensor)], to name: String, envelope: [String: String] = [:]) throws {
    let format = try ModelFormats.builtIn.writableFormat(forPath: name)
    let described = tensors.map { ModelTensor(name: $0.0, dtype: $0.1.dtype, shape: $0.1.shape) }
    try format.write(
      ModelContents(tensors: described, envelope: envelope) { EncodedTensor(tensors[$0].1) }, to: NewFile(path(name)))
  }

  @Test("What is written comes back, tensors and envelope", arguments: ["m.safetensors", "m.condensed"])
  func roundTrip(name: String) throws {
    let envelope = ["format": "pt", "k\"ey": "välue"]
    try write(Self.tensors(), to: name, envelope: envelope)
    let model = try ModelFormats.builtIn.open(path(name))
    #expect(model.envelope == envelope)
    #expect(model.tensors.map(\.name) == ["w", "empty", "scalar", "flags"])
    for (index, (_, tensor)) in try Self.tensors().enumerated() {
      #expect(try model.read(index).expanded() == tensor)
      #expect(try model.coding(index).byteCount >= 0)
    }
    try model.confirmUnchanged()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [name], "nothing is left beside it")
  }

  @Test("A .condensed file is the same whether its streams fit in memory while it is written", arguments: [0, 40, 150])
  func spooledStreams(limit: Int) throws {
    try write(Self.tensors(), to: "m.condensed")
    let tensors = try Self.tensors()
    var seen: [UInt8] = []
    let file = try NewFile(path("spooled.condensed")) { seen += $0.array }
    try CondensedFormat(streamsInMemory: limit).write(
      ModelContents(
        tensors: tensors.map { ModelTensor(name: $0.0, dtype: $0.1.dtype, shape: $0.1.shape) }, envelope: [:]
      ) { EncodedTensor(tensors[$0].1) }, to: file)
    let spooled = try OpenFile.reading(path("spooled.condensed")).read(0..<1 << 20)
    #expect(try spooled == OpenFile.reading(path("m.condensed")).read(0..<1 << 20))
    #expect(seen == spooled.array, "who listens hears the file's bytes in their order")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["m.condensed", "spooled.condensed"])
  }

  @Test("A file cut short is refused, naming what is missing", arguments: ["m.safetensors", "m.condensed"])
  func truncated(name: String) throws {
    try write(Self.tensors(), to: name)
    let data = try Data(contentsOf: URL(fileURLWithPath: path(name)))
    for count in [0, 4, 8, 30, data.count - 1] {
      try data.prefix(count).write(to: URL(fileURLWithPath: path(name)))
      let error = #expect(throws: ModelError.self) { try ModelFormats.builtIn.open(path(name)) }
      #expect(error?.path == path(name))
    }
  }

  @Test("A file written to after it was opened is noticed", arguments: ["rewritten", "truncated"])
  func changed(how: String) throws {
    try write(Self.tensors(), to: "m.safetensors")
    let model = try ModelFormats.builtIn.open(path("m.safetensors"))
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path("m.safetensors")))
    if how == "truncated" {
      try handle.truncate(atOffset: 250)
    } else {
      try handle.write(contentsOf: Data(repeating: 1, count: 999))
    }
    try handle.close()
    #expect(throws: ModelError.self) { try model.confirmUnchanged() }
    if how == "truncated" {
      let error = #expect(throws: ModelError.self) {
        for index in model.tensors.indices { _ = try model.read(index) }
      }
      #expect(error?.message.contains("ends early") == true)
    }
  }

  @Test("A missing file, a folder and an unknown extension are told apart")
  func wrongPaths() throws {
    let missing = #expect(throws: ModelError.self) { try ModelFormats.builtIn.open(path("none.safetensors")) }
    #expect(missing?.isMissing == true)
    try FileManager.default.createDirectory(atPath: path("d.safetensors"), withIntermediateDirectories: true)
    let isFolder = #expect(throws: ModelError.self) { try ModelFormats.builtIn.open(path("d.safetensors")) }
    #expect(isFolder?.isMissing == false)
    let unknown = #expect(throws: ModelError.self) { try ModelFormats.builtIn.open(path("m.bin")) }
    #expect(unknown?.message.contains("known are .safetensors.index.json, .safetensors, .condensed") == true)
  }

  @Test("A flipped bit in a .condensed file is noticed wherever it is", arguments: UInt64(1)...10)
  func damage(seed: UInt64) throws {
    try write(Self.tensors(), to: "m.condensed", envelope: ["format": "pt"])
    let data = try Data(contentsOf: URL(fileURLWithPath: path("m.condensed")))
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<30 {
      var damaged = data
      let position = Int.random(in: 0..<data.count, using: &generator)
      damaged[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      try damaged.write(to: URL(fileURLWithPath: path("m.condensed")))
      #expect(throws: ModelError.self, "seed \(seed), byte \(position)") {
        let model = try ModelFormats.builtIn.open(self.path("m.condensed"))
        for index in model.tensors.indices { _ = try model.read(index) }
      }
    }
  }

  @Test("Shards are one model, in the order of the shards' names")
  func shards() throws {
    let tensors = try Self.tensors()
    try write(Array(tensors[2...]), to: "model-2.safetensors", envelope: ["format": "pt"])
    try write(Array(tensors[..<2]), to: "model-1.safetensors", envelope: ["format": "pt"])
    try
      #"{"metadata": {"total_size": 35, "x": [1, {"y": null}]}, "weight_map": {"w": "model-1.safetensors", "empty": "model-1.safetensors", "scalar": "model-2.safetensors", "flags": "model-2.safetensors"}}"#
      .write(toFile: path("model.safetensors.index.json"), atomically: true, encoding: .utf8)
    let model = try ModelFormats.builtIn.open(path("model.safetensors.index.json"))
    #expect(model.tensors.map(\.name) == tensors.map(\.0))
    #expect(model.files.count == 3)
    #expect(model.envelope == ["format": "pt"])
    for (index, (_, tensor)) in tensors.enumerated() { #expect(try model.read(index).expanded() == tensor) }
  }
}
