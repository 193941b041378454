import TestSupport

/// A pipeline that is nearly always right, as a value that can be edited a part at a time.
struct RandomPipeline {
  enum Source {
    case file(String)
    /// All models.
    case pattern
    case pipeline(String, stage: String?)
  }

  struct Stage {
    var id: String
    /// What it is: stages follow each other in the order of ``RandomPipeline/kinds``.
    var kind: Int
    /// Its parameters, those of the pipeline's own keys among them.
    var settings: [String]
    /// The id of what it is made from; nil for the model.
    var from: String?
  }

  static let kinds = ["prune", "cluster", "quantize", "huffman", "entropy"]

  var source: Source
  /// A base to take the stages from.
  var base: String?
  /// Values of `${bits}`; none for no matrix.
  var bits: [Int] = []
  var stages: [Stage] = []
  var format = "condensed"
  /// A part of the outputs' names.
  var outputSuffix = ""
  var checks: String?
  /// What stands in a comment.
  var comment = 0

  /// Where other stages can go on: all but those that code losslessly.
  var last: Stage? { stages.last { $0.kind < 3 } }

  /// A stage that can follow another one, or the model.
  static func stage(after parent: Stage?, id: String, hasBits: Bool, _ random: inout SeededGenerator) -> Stage {
    let first = parent.map { $0.kind + ($0.kind == 0 ? 0 : 1) } ?? 0
    // Now and then one that cannot.
    let kind = random.chance(2) ? 0 : Int.random(in: min(first, 3)...4, using: &random)
    return Stage(
      id: id, kind: kind, settings: settings(kind, hasBits: hasBits, &random), from: parent?.id)
  }

  static func settings(_ kind: Int, hasBits: Bool, _ random: inout SeededGenerator) -> [String] {
    var settings: [String] = []
    var override = ""
    switch kind {
    case 0:
      settings.append(random.pick(["sparsity: 0.5", "sparsity: 0.25", "sparsity: 75%", "threshold: 0.5"]))
      if random.chance(40), settings[0].hasPrefix("sparsity") { settings.append("scope: model") }
      if random.chance(15), settings[0].hasPrefix("sparsity") { settings.append("pattern: channel") }
      if settings[0].hasPrefix("sparsity") { override = "sparsity: \(random.pick(["0.1", "0.5", "0.9"]))" }
    case 1:
      settings.append("bits: \(hasBits ? "'${bits}'" : random.pick(["1", "2", "3"]))")
      if random.chance(25) { settings.append("scope: channel") }
      override = "bits: \(random.pick(["1", "2", "4"]))"
    case 2:
      settings.append("dtype: \(random.pick(["int8", "int4", "uint8", "float16"]))")
    case 3:
      if random.chance(50) { settings.append("layout: \(random.pick(["auto", "dense", "sparse"]))") }
    default: break
    }
    if random.chance(20) {
      settings.append(random.pick(["only: [t0, t1]", "skip: t1", "skip: 't[02]'", "only: '*'"]))
    }
    if random.chance(20), !override.isEmpty {
      settings.append("overrides: [{match: \(random.pick(["t0", "'t[12]'", "'*'"])), \(override)}]")
    }
    return settings
  }

  private var stageLines: String {
    let previous: [String?] = [nil] + stages.map(\.id)
    return "stages:\n"
      + zip(stages, previous).map { stage, before in
        let from = stage.from == before ? [] : ["from: \(stage.from ?? "model")"]
        let settings = ["id: \(stage.id)"] + from + stage.settings
        return "  - \(RandomPipeline.kinds[stage.kind]): {\(settings.joined(separator: ", "))}\n"
      }.joined()
  }

  /// The file; a base where it has no name.
  func text(isBase: Bool) -> String {
    var text = "# \(comment)\n"
    if let base { text += "extends: \(base).yaml\n" }
    if !isBase {
      switch source {
      case .file(let name): text += "model: ../models/\(name).safetensors\n"
      case .pattern: text += "model: ../models/*.safetensors\n"
      case .pipeline(let name, let stage):
        text += "model: {pipeline: \(name)\(stage.map { ", stage: \($0)" } ?? "")}\n"
      }
      if !bits.isEmpty { text += "matrix: {bits: [\(bits.map(String.init).joined(separator: ", "))]}\n" }
    }
    if base == nil { text += stageLines }
    if isBase { return text }
    let path = "../build/${name}\(outputSuffix)"
    text += "outputs:\n  - '\(path).\(format)'\n"
    // Every stage that nothing is made from, so that there is nothing to warn about.
    for stage in stages.dropLast() where base == nil && !stages.contains(where: { $0.from == stage.id }) {
      text += "  - {path: '\(path)-\(stage.id).condensed', from: \(stage.id)}\n"
    }
    if let checks { text += "checks: {\(checks)}\n" }
    return text
  }
}

extension SeededGenerator {
  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: 0..<elements.count, using: &self)]
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}
