import CondenseTensors
import Foundation
import TestSupport

/// Pipelines, bases and models that change at random, as a value: what is on disk follows from it.
struct RandomWorkspace {
  var random: SeededGenerator
  var models: [String: RandomModel] = [:]
  var bases: [String: RandomPipeline] = [:]
  var pipelines: [String: RandomPipeline] = [:]
  private var names = 0

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    for index in 0..<2 { models["m\(index)"] = RandomModel(&random) }
    for index in 0..<2 { bases["base\(index)"] = makePipeline(isBase: true) }
    for _ in 0..<4 { addPipeline() }
  }

  mutating func newName(_ prefix: String) -> String {
    names += 1
    return "\(prefix)\(names)"
  }

  mutating func addPipeline() { pipelines[newName("p")] = makePipeline(isBase: false) }

  mutating func makePipeline(isBase: Bool) -> RandomPipeline {
    var pipeline = RandomPipeline(source: source())
    if !isBase, random.chance(25) {
      pipeline.base = random.pick(bases.keys.sorted())
    }
    if !isBase, random.chance(30) { pipeline.bits = random.chance(50) ? [1, 2] : [2, 3] }
    for _ in 0...Int.random(in: 0..<3, using: &random) { addStage(to: &pipeline) }
    if random.chance(15) { pipeline.format = "safetensors" }
    if random.chance(10) { pipeline.checks = random.pick(["ratio: {min: 0.01}", "ratio: {min: 1000}"]) }
    return pipeline
  }

  mutating func addStage(to pipeline: inout RandomPipeline) {
    // Mostly a chain, sometimes a branch.
    let open = pipeline.stages.filter { $0.kind < 3 }
    let parent = random.chance(25) && !open.isEmpty ? random.chance(50) ? nil : random.pick(open) : pipeline.last
    let stage = RandomPipeline.stage(after: parent, id: newName("s"), hasBits: !pipeline.bits.isEmpty, &random)
    pipeline.stages.append(stage)
  }

  mutating func source() -> RandomPipeline.Source {
    let upstreams = pipelines.filter { $0.value.bits.isEmpty && $0.value.base == nil }.keys.sorted()
    if random.chance(25), !upstreams.isEmpty {
      let name = random.pick(upstreams)
      let stages = (pipelines[name]?.stages ?? []).filter { $0.kind < 2 }
      return .pipeline(name, stage: random.chance(70) && !stages.isEmpty ? random.pick(stages).id : nil)
    }
    return random.chance(15) ? .pattern : .file(random.pick(models.keys.sorted()))
  }

  enum Content: Equatable {
    case text(String)
    case model(RandomModel)
  }

  /// All files, by their paths in the workspace.
  var files: [String: Content] {
    var files: [String: Content] = [:]
    for (name, model) in models { files["models/\(name).safetensors"] = .model(model) }
    for (name, base) in bases { files["pipelines/\(name).yaml"] = .text(base.text(isBase: true)) }
    for (name, pipeline) in pipelines { files["pipelines/\(name).yaml"] = .text(pipeline.text(isBase: false)) }
    return files
  }
}

/// A few small tensors.
struct RandomModel: Equatable {
  struct Entry: Equatable {
    var name: String
    var seed: UInt64
    var shape: [Int]
    var dtype: DType
    /// Whether a value is not finite, which some stages refuse.
    var isBroken = false
  }

  var tensors: [Entry] = []
  var envelope: [String: String] = [:]

  init(_ random: inout SeededGenerator) {
    for index in 0...Int.random(in: 0..<3, using: &random) { tensors.append(RandomModel.entry("t\(index)", &random)) }
  }

  /// Values come from few seeds, so that tensors come to be alike.
  static func entry(_ name: String, _ random: inout SeededGenerator) -> Entry {
    Entry(
      name: name, seed: UInt64.random(in: 0..<40, using: &random),
      shape: random.pick([[4, 8], [4, 8], [6, 5], [7], [2, 3, 4], [0, 3]]),
      dtype: random.pick([.f32, .f32, .f32, .f16]))
  }

  func write(to name: String, in workspace: TemporaryWorkspace) throws {
    try workspace.writeModel(
      tensors.map { entry in
        var random = SeededGenerator(seed: entry.seed)
        var tensor = try Tensor.randomWeights(entry.shape, dtype: entry.dtype, using: &random)
        if entry.isBroken, entry.dtype == .f32, var values = tensor.floats, !values.isEmpty {
          values[0] = .infinity
          tensor = try Tensor(values, shape: entry.shape)
        }
        return (entry.name, tensor)
      }, to: name, envelope: envelope)
  }
}
