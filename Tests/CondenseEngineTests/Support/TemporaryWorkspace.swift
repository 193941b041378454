import CondenseCodecs
import CondenseEngine
import CondenseFiles
import CondenseModels
import CondenseStages
import CondenseStore
import CondenseTensors
import Foundation
import TestSupport

/// A workspace and a store of its own in a temporary folder, with what tests need to fill and build it.
final class TemporaryWorkspace {
  let root = FileManager.default.temporaryDirectory.path + "/condense-\(UUID().uuidString)"
  private(set) var store: LocalStore
  var stages = StageRegistry.builtIn
  var jobs = 2
  /// What builds keep for the next one, as in a process that goes on.
  var warmState: WarmState?
  /// See `Scheduler.pick`.
  var pick: (@Sendable (Int) -> Int)?

  init() throws {
    try FileManager.default.createDirectory(atPath: root + "/pipelines", withIntermediateDirectories: true)
    store = try LocalStore(folder: root + "/store")
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  /// Goes on with a store that has nothing in it.
  func useEmptyStore() throws { store = try LocalStore(folder: root + "/store-\(UUID().uuidString)") }

  func path(_ name: String) -> String { root + "/" + name }

  func write(_ text: String, to name: String) throws {
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
  }

  /// Writes a pipeline file `pipelines/NAME.yaml` over `model.safetensors`.
  func writePipeline(_ name: String, stages: String, more: String = "", output: String = "condensed") throws {
    try write(
      """
      model: ../model.safetensors
      stages: \(stages)
      outputs: [../build/\(name).\(output)]
      \(more)
      """, to: "pipelines/\(name).yaml")
  }

  func writeModel(
    _ tensors: [(String, Tensor)], to name: String = "model.safetensors", envelope: [String: String] = [:]
  ) throws {
    try? FileManager.default.removeItem(atPath: path(name))
    let contents = ModelContents(
      tensors: tensors.map { ModelTensor(name: $0.0, dtype: $0.1.dtype, shape: $0.1.shape) }, envelope: envelope
    ) { EncodedTensor(tensors[$0].1) }
    try SafetensorsFormat().write(contents, to: NewFile(path(name)))
  }

  /// Builds `pipelines/NAME.yaml` for each name, or all.
  func build(
    _ names: String..., keepGoing: Bool = false, formats: ModelFormats = .builtIn, store: (any ArtifactStore)? = nil,
    usesRecords: Bool = true, trace: BuildTrace? = nil
  ) throws -> BuildResult {
    let files =
      names.isEmpty
      ? Workspace(root: root).allPipelines().files : names.map { path("pipelines/\($0).yaml") }
    var request = BuildRequest(workspace: Workspace(root: root), files: files, jobs: jobs, keepGoing: keepGoing)
    request.pick = pick
    request.usesRecords = usesRecords
    request.trace = trace
    let store = store ?? self.store
    var engine = Engine(stages: stages, formats: formats, store: store)
    engine.warmState = warmState
    return engine.build(request)
  }

  /// The tensors of a published file, decoded.
  func tensors(of name: String) throws -> [String: Tensor] {
    let model = try ModelFormats.builtIn.open(path(name))
    var tensors: [String: Tensor] = [:]
    for (index, tensor) in model.tensors.enumerated() { tensors[tensor.name] = try model.read(index).expanded() }
    return tensors
  }

  func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path(name))) }
}

extension Tensor {
  /// Weights that look like a layer's: bell-shaped around zero, none of them zero.
  static func randomWeights(
    _ shape: [Int], dtype: DType = .f32, using generator: inout SeededGenerator
  ) throws -> Tensor {
    let shape = try Shape(shape)
    let values = (0..<shape.elementCount).map { _ in
      let sum = (0..<4).reduce(Float(0)) { sum, _ in sum + Float.random(in: -1...1, using: &generator) }
      return abs(sum) < 0.01 ? Float(0.01) : sum
    }
    return try Tensor(dtype: dtype, shape: shape, bytes: dtype.bytes(values) ?? Bytes())
  }
}
