import TestSupport

/// Makes random pipeline files that are right, and some with one thing wrong.
struct PipelineGenerator {
  var generator: SeededGenerator

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: 0..<elements.count, using: &generator)]
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

  /// A stage with its parameters, those of the pipeline's own keys among them.
  private mutating func stage(_ name: String, _ parameters: [String]) -> String {
    var settings = parameters
    if chance(20) {
      settings.append(pick(["only: '*.weight'", "only: [w, 'fc{1,2}*']", "skip: b*", "skip: ['[ab]?']"]))
    }
    if chance(10) { settings.append("id: \(name)-\(pick(["a", "b", "7"]))") }
    if settings.isEmpty { return pick([name, "{\(name): {}}", "{\(name): ~}"]) }
    return "{\(name): {\(settings.joined(separator: ", "))}}"
  }

  private mutating func stages(_ variable: String?) -> String {
    var stages: [String] = []
    if chance(60) {
      let amount = variable ?? pick(["0.5", "50%", "1", "0", "5e-1", "'90 %'"])
      stages.append(
        stage(
          "prune",
          ["sparsity: \(amount)"]
            + (chance(30) ? ["scope: \(pick(["tensor", "model"]))"] : [])
            + (chance(30) ? ["pattern: \(pick(["unstructured", "channel", "{block: [2, 2]}"]))"] : [])))
    }
    if chance(50) {
      let amount = pick(["bits: 4", "bits: 0x3", "count: 5"])
      let more =
        chance(40) ? ["overrides: [{match: \(pick(["w", "'fc*'", "[a, b]"])), \(amount.prefix { $0 != ":" }): 2}]"] : []
      stages.append(stage("cluster", [amount] + more))
    }
    if chance(50) {
      stages.append(stage("quantize", chance(60) ? ["dtype: \(pick(["int8", "uint8", "float16"]))"] : []))
    }
    if chance(70) || stages.isEmpty {
      stages.append(stage("huffman", chance(40) ? ["layout: \(pick(["auto", "dense", "sparse"]))"] : []))
    }
    return "[\(stages.joined(separator: ", "))]"
  }

  /// The keys of a right pipeline, each with its value in flow style.
  mutating func pipeline() -> [(key: String, value: String)] {
    var keys: [(key: String, value: String)] = []
    let hasMatrix = chance(40)
    keys.append(("model", pick(["m.safetensors", "{path: m.bin, format: safetensors}", "'sub/n.safetensors'"])))
    if chance(30) { keys.append(("name", pick(["p", "2024", "a b", "true"]))) }
    if hasMatrix { keys.append(("matrix", pick(["{s: [0.5, 90%]}", "{s: [0.25], other-1: [a, b]}"]))) }
    keys.append(("stages", stages(hasMatrix ? "'${s}'" : nil)))
    if chance(80) {
      keys.append(
        (
          "outputs",
          pick([
            "['${name}.condensed']", "[{path: '${model}-${name}.bin', format: condensed}]",
            "['o/${name}.condensed', {path: '${name}.safetensors', from: model}]",
          ])
        ))
    }
    if chance(50) {
      keys.append(
        (
          "checks",
          pick([
            "{ratio: {min: 2}}", "{bytes: {max: 30 kB}, density: {max: 50%}}", "{sqnr: {min: 10 dB, max: 90}}",
            "{ratio: {min: '4×'}, cosine: {min: 0.5}, max_error: {max: 1e-3}}",
          ])
        ))
    }
    return keys
  }

  /// One thing that is wrong, which both the schema and the parser must see.
  mutating func broken() -> [(key: String, value: String)] {
    var keys = pipeline().filter { $0.key != "outputs" } + [("outputs", "['${name}.condensed']")]
    func set(_ key: String, _ value: String) { keys = keys.filter { $0.key != key } + [(key, value)] }
    switch Int.random(in: 0..<12, using: &generator) {
    case 0: keys.append((pick(["modle", "x", "Stages"]), "1"))
    case 1: set("model", pick(["[a]", "{}", "{pth: a}", "''", "{path: a, pipeline: b}", "{stage: a}", "~"]))
    case 2:
      set(
        "stages",
        pick([
          "[]", "huffman", "[prnue]", "[{prune: {sparsity: 0.5}, cluster: {bits: 2}}]", "[[huffman]]", "[{huffman: 3}]",
        ]))
    case 3:
      set(
        "stages",
        "[{cluster: {\(pick(["bits: 9", "bits: 0", "bits: 2.5", "bits: '4'", "bits: x", "bits: [2]", "bist: 3"]))}}]")
    case 4:
      set(
        "stages",
        "[{prune: {\(pick(["sparsity: 1.5", "sparsity: -1", "sparsity: much", "sparsity: {}", "sparsity: 1, scope: all", "sparsity: 1, pattern: {blok: [1, 1]}", "sparsity: 1, pattern: {block: [1]}", "sparsity: 1, pattern: {block: [0, 1]}"]))}}]"
      )
    case 5:
      set(
        "stages",
        "[{quantize: {\(pick(["dtype: int9", "symmetric: 3", "granularity: {group: 0}", "granularity: []"]))}}]")
    case 6:
      set(
        "stages",
        "[{huffman: {\(pick(["only: []", "only: {}", "id: a/b", "id: model", "overrides: {}", "overrides: [{layout: dense}]", "overrides: [{match: a, id: b}]", "overrides: [a]", "from: [a]"]))}}]"
      )
    case 7:
      set(
        "outputs",
        pick([
          "o.condensed", "[]", "[[o]]", "[{form: a}]", "[{path: o.condensed, form: a}]", "['*.condensed']",
          "[{path: o, format: zip}]", "['']",
        ]))
    case 8:
      set(
        "checks",
        pick([
          "[ratio]", "{rato: {min: 1}}", "{ratio: 1}", "{ratio: {}}", "{ratio: {mni: 1}}", "{density: {max: 2}}",
          "{bytes: {max: 8%}}", "{sqnr: {min: 3 kB}}", "{ratio: {min: -1}}",
        ]))
    case 9:
      set(
        "matrix",
        pick([
          "{}", "[3]", "{s: 3}", "{s: []}", "{s: [[1]]}", "{s: [0.5, 0.5]}", "{s: [a/b]}", "{model: [1]}",
          "{'a b': [1]}", "{s: ['${x}']}",
        ]))
    case 10: set("name", pick(["a/b", ".a", "[a]", "''", String(repeating: "n", count: 256)]))
    default:
      let missing = pick(["model", "stages"])
      keys = keys.filter { $0.key != missing }
    }
    return keys
  }

  static func text(_ keys: [(key: String, value: String)]) -> String {
    keys.map { "\($0.key): \($0.value)\n" }.joined()
  }
}
