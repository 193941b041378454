import CondenseEngine
import CondenseTensors
import Foundation
import TestSupport
import Testing

/// One kind of change to a workspace: what there is before it, the change, exactly what runs for it, and why.
struct Change: Sendable, CustomTestStringConvertible {
  typealias Edit = @Sendable (TemporaryWorkspace) throws -> Void

  var name: String
  /// The build that is explained; the pipeline file that is built is what comes before a `[`.
  var pipeline = "p"
  /// What is done before the change, each followed by a build, whatever comes of it.
  var before: [Edit]
  var edit: Edit
  /// For each stage's id, the tensors for which it runs: `prune` for applying, `prune measure`, `prune allocate`.
  var ran: [String: Set<String>]
  /// How many actions run for the file's other builds.
  var ranElsewhere = 0
  /// For each stage's id, or `*` for all, the kind and the text of the root cause of what ran.
  var why: [String: String] = [:]
  /// The kinds of cause of what did not run; those that are not told are `same`.
  var reused: Set<String> = ["same"]
  /// Where the root cause was written, as `FILE:LINE:COLUMN`.
  var place: String?
  var outputs: [PublishingReason] = [.newContent]

  var testDescription: String { name }

  /// A change of the sample pipeline, or of another text in its place, by replacing a part of it.
  static func replacing(
    _ old: String, _ new: String, in file: String = "pipelines/p.yaml"
  ) -> Edit {
    { workspace in
      let text = try String(contentsOfFile: workspace.path(file), encoding: .utf8)
      try #require(text.contains(old), "there is no '\(old)' in \(file)")
      try workspace.write(text.replacing(old, with: new), to: file)
    }
  }

  static func write(_ text: String, to file: String = "pipelines/p.yaml") -> Edit {
    { workspace in try workspace.write(text, to: file) }
  }

  static func model(_ edit: @escaping @Sendable (inout SampleModel) -> Void) -> Edit {
    { workspace in
      var model = SampleModel()
      edit(&model)
      try model.write(in: workspace)
    }
  }

  static func all(_ edits: Edit...) -> Edit { { workspace in for edit in edits { try edit(workspace) } } }

  /// The sample pipeline with other stages, each on a line of its own from the third on.
  static func pipeline(_ stages: [String], model: String = "../model.safetensors", more: String = "") -> String {
    "model: \(model)\nstages:\n" + stages.map { "  - \($0)\n" }.joined()
      + "outputs: ['../build/${name}.condensed']\n\(more)"
  }

  static let sample = pipeline([
    "prune: {sparsity: 0.5}", "cluster: {bits: 3}", "quantize: {dtype: int8}", "huffman: {layout: auto}",
  ])

  /// The sample model and the sample pipeline.
  static let start: Edit = all(model { _ in }, write(sample))

  static func starting(_ stages: String..., model: String = "../model.safetensors") -> Edit {
    all(self.model { _ in }, write(pipeline(stages, model: model)))
  }
}

/// Three matrices and a bias.
struct SampleModel {
  var file = "model.safetensors"
  /// Names with the seeds of their values.
  var matrices: [(name: String, seed: UInt64)] = [("a", 1), ("b", 2), ("c", 3)]
  var shape = [6, 8]
  /// Tensors that are not float32, or of another shape.
  var dtypes: [String: DType] = [:]
  var shapes: [String: [Int]] = [:]
  /// Tensors whose values are that many times as large.
  var scales: [String: Float] = [:]
  var envelope: [String: String] = [:]

  /// Writes other values for a tensor.
  mutating func change(_ name: String) {
    for index in matrices.indices where matrices[index].name == name { matrices[index].seed += 100 }
  }

  func write(in workspace: TemporaryWorkspace) throws {
    let tensors = try matrices.map { name, seed in
      var random = SeededGenerator(seed: seed)
      var tensor = try Tensor.randomWeights(shapes[name] ?? shape, dtype: dtypes[name] ?? .f32, using: &random)
      if let scale = scales[name] {
        tensor = try Tensor((tensor.floats ?? []).map { $0 * scale }, shape: tensor.shape.dimensions)
      }
      return (name, tensor)
    }
    let folder = (workspace.path(file) as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try workspace.writeModel(tensors + [("bias", try Tensor([1, 2, 3]))], to: file, envelope: envelope)
  }
}
