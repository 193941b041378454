import CondensePipelines
import TestSupport
import Testing

@Suite("Builds of a matrix, and variables")
struct MatrixTests {
  private static func parse(_ text: String, models: [String] = []) -> ParsedPipeline {
    FilesInMemory(files: ["/w/p.yaml": text], models: models).parse("/w/p.yaml")
  }

  @Test("One build for each combination, the first axis slowest, with values of their own types")
  func combinations() {
    let parsed = Self.parse(
      """
      matrix: {bits: [3, 0x4], sparsity: [0.9, 50%]}
      model: m-${bits}.bin
      stages:
        - prune: {id: "p${bits}", sparsity: "${sparsity}"}
        - cluster: {bits: "${bits}", count: 1${bits}}
      outputs: ["${name}/${bits}$${bits}$$.condensed"]
      checks: {density: {max: "${sparsity}"}}
      """.replacing("count: 1${bits}}", with: "count: \"1${bits}\"}"))
    #expect(parsed.reported == [])
    #expect(
      parsed.builds.map(\.name.value) == [
        "p[bits=3,sparsity=0.9]", "p[bits=3,sparsity=50%]", "p[bits=0x4,sparsity=0.9]", "p[bits=0x4,sparsity=50%]",
      ])
    #expect(parsed.name == "p")
    #expect(parsed.builds.map { $0.model?.path.value } == ["m-3.bin", "m-3.bin", "m-0x4.bin", "m-0x4.bin"])
    #expect(parsed.builds.map { $0.stages[0].id.value } == ["p3", "p3", "p0x4", "p0x4"])
    #expect(parsed.builds.map { $0.stages[1].parameters[0].value.integer } == [3, 3, 4, 4])
    #expect(parsed.builds[0].stages[1].parameters[1].value.string == "13")
    #expect(parsed.builds[0].stages[1].parameters[1].value.integer == nil)
    #expect(parsed.builds.map { $0.checks[0].max?.value } == [0.9, 0.5, 0.9, 0.5])
    #expect(parsed.builds[1].outputs[0].path.value == "p[bits=3,sparsity=50%]/3${bits}$$.condensed")
  }

  @Test("A variable in a plain text leaves it plain, so that it can be a number")
  func plain() {
    let parsed = Self.parse(
      "matrix: {x: [5, 75]}\nmodel: m\nstages:\n  - prune:\n      sparsity: 0.${x}\noutputs: ['${x}']\n")
    #expect(parsed.builds.map { $0.stages[0].parameters[0].value.number } == [0.5, 0.75])
  }

  @Test("Models that a pattern names are builds, by their names, then as the matrix has it")
  func models() {
    let parsed = Self.parse(
      "model: models/*.bin\nmatrix: {bits: [4, 3]}\nstages: [{c: {bits: '${bits}'}}]\noutputs: ['${model}-${bits}']\n",
      models: ["/w/models/b.bin", "/w/models/a.bin", "/w/other.bin"])
    #expect(parsed.reported == [])
    #expect(parsed.builds.map(\.name.value) == ["p[a,bits=4]", "p[a,bits=3]", "p[b,bits=4]", "p[b,bits=3]"])
    #expect(parsed.builds.map { $0.outputs[0].path.value } == ["a-4", "a-3", "b-4", "b-3"])
    #expect(parsed.builds.map { $0.model?.path.value } == ["a", "a", "b", "b"].map { "/w/models/\($0).bin" })
    #expect(parsed.listedFolders == ["/models"])
  }

  @Test("A single model's name is known too")
  func modelName() {
    let parsed = Self.parse("model: a/lenet.v2.bin\nstages: [x]\noutputs: ['${model}/${name}']\n")
    #expect(parsed.builds.map { $0.outputs[0].path.value } == ["lenet.v2/p"])
  }

  @Test("An axis that nothing uses is warned of")
  func unused() {
    let parsed = Self.parse("matrix: {a: [1, 2], b: [1]}\nmodel: m\nstages: [x]\noutputs: ['${name}${b}']\n")
    #expect(parsed.reported == ["/w/p.yaml:1:10: nothing uses ${a}, so its builds are alike"])
    #expect(parsed.diagnostics.map(\.severity) == [.warning])
  }

  @Test("A base leaves variables to what extends it; what can be checked without them is")
  func openVariables() {
    let base =
      "model: '${size}.bin'\nstages: [{c: {bits: '${bits}', id: '${id}', only: '['}}]\nchecks: {ratio: {min: '${x}'}}\n"
    let files = FilesInMemory(files: [
      "/w/base.yaml": base, "/w/p.yaml": "extends: base.yaml\nmatrix: {bits: [3]}\noutputs: ['${bits}']\n",
    ])
    let pattern = "/w/base.yaml:2:51: the pattern '[' is none: a '[' does not close"
    #expect(files.parse("/w/base.yaml").reported == [pattern])
    #expect(files.parse("/w/base.yaml").builds.first?.isPartial == true)
    #expect(
      files.parse("/w/p.yaml").reported == [
        "/w/base.yaml:1:8: unknown variable 'size'; expected bits",
        "/w/base.yaml:2:36: unknown variable 'id'; expected bits",
        pattern, "/w/base.yaml:3:23: unknown variable 'x'; expected bits",
      ])
  }

  @Test("What is wrong with a variable's value tells where the value is from")
  func origin() {
    let parsed = Self.parse(
      "model: m\nmatrix: {x: [3, big]}\nstages: [s]\noutputs: ['${x}']\nchecks: {ratio: {min: '${x}'}}\n")
    #expect(parsed.reported == ["/w/p.yaml:5:23: expected a number, found 'big'"])
    #expect(parsed.diagnostics.first?.notes.map(\.message) == ["x is 'big' here"])
    #expect(parsed.diagnostics.first?.notes.first?.range.start == SourcePosition(line: 2, column: 17))
  }

  @Test(
    "Hostile matrices are refused before they are made",
    arguments: [
      (
        "matrix: {a: &a [0,1,2,3,4,5,6,7,8,9], b: *a, c: *a, d: *a, e: *a, f: *a, g: *a, h: *a, i: *a}",
        "more than 1000 builds"
      ),
      ("matrix: {a: [\((0...1000).map { "\($0)" }.joined(separator: ","))]}", "more than 1000 builds"),
      ("matrix: {\((0..<17).map { "a\($0): [1]" }.joined(separator: ", "))}", "17 axes; a matrix has at most 16"),
      ("matrix: {a: [\(String(repeating: "x", count: 129))]}", "has at most 128 bytes"),
      (
        "matrix: {a: [\((0..<1000).map { "\($0)" }.joined(separator: ","))]}\nstages: [{x: {\((0..<1100).map { "k\($0): 1" }.joined(separator: ", "))}}]",
        "stand for more than 1000000 values together"
      ),
    ])
  func hostile(text: String, message: String) {
    let stages = text.contains("stages") ? "" : "stages: [x]\n"
    let parsed = Self.parse("model: m\n\(stages)outputs: ['${a}']\n\(text)\n")
    #expect(parsed.diagnostics.contains { $0.message.contains(message) }, "\(parsed.reported.prefix(5))")
    #expect(parsed.builds.count <= 1000)
  }

  @Test("Many builds with one error have it once")
  func once() {
    let parsed = Self.parse(
      "matrix: {a: [\((0..<1000).map { "\($0)" }.joined(separator: ","))]}\nmodel: m\nstages: [x, x]\noutputs: ['${a}']\n"
    )
    #expect(parsed.reported == ["/w/p.yaml:3:13: the id 'x' is there twice; give one of the stages an 'id' of its own"])
  }

  @Test("Reading variables is what replacing them one after the other finds", arguments: UInt64(1)...5)
  func substitution(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<50 {
      let parts = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
        ["a", "${v}", "$${", "${w}", "}", "$x", "{"].randomElement(using: &generator) ?? ""
      }
      // Two parts must not make a variable, or an escape, between them.
      guard !zip(parts, parts.dropFirst()).contains(where: { $0.hasSuffix("$") || ($0 == "$x" && $1 == "{") }) else {
        continue
      }
      let expected = parts.map { ["${v}": "7", "$${": "${", "${w}": "z"][$0] ?? $0 }.joined()
      let parsed = Self.parse(
        "matrix: {v: [7], w: [z]}\nmodel: m\nstages: [x]\noutputs: ['\(parts.joined())-${v}${w}']\n")
      #expect(parsed.builds.first?.outputs.first?.path.value == expected + "-7z", "\(parts), seed \(seed)")
    }
  }

  @Test("A build of a matrix is what the file would be with the values written in", arguments: UInt64(1)...5)
  func writtenOut(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    func pick(_ words: [String]) -> String { words.randomElement(using: &generator) ?? "" }
    for _ in 0..<40 {
      let axes = (0..<Int.random(in: 1...3, using: &generator)).map { axis in
        ("v\(axis)", Array(["3", "0.5", "ab", "x1", "80%", "7"].shuffled(using: &generator).prefix(2)))
      }
      func value() -> String { pick(["${\(axes.randomElement(using: &generator)?.0 ?? "")}", "7", "a"]) }
      let text = """
        name: n-\(value())
        model: m-\(value()).bin
        stages:
          - a-\(value()):
              bits: \(value())
              x: 1\(value())
              only: [f*, "\(value())"]
          - b: {y: "\(value())", id: i-\(pick(["b", "c"]))}
        outputs:
          - \(value())/\(value()).bin
        """
      // What is to stand in a stage's key is no variable.
      let body = text.replacing(/a-\$?\{?[a-z0-9]+\}?:/, with: "a:")
      let matrix = "matrix: {\(axes.map { "\($0.0): [\($0.1.joined(separator: ", "))]" }.joined(separator: ", "))}\n"
      let builds = Self.parse(matrix + body).builds
      var combinations: [[(String, String)]] = [[]]
      for (name, values) in axes { combinations = combinations.flatMap { c in values.map { c + [(name, $0)] } } }
      #expect(builds.count == combinations.count)
      for (build, combination) in zip(builds, combinations) {
        let written = combination.reduce(body) { $0.replacing("${\($1.0)}", with: $1.1) }
        let alone = Self.parse(written).builds.first
        let label = combination.map { "\($0.0)=\($0.1)" }.joined(separator: ",")
        let message: Comment = "\(body) \(label), seed \(seed)"
        #expect(build.name.value == "\(alone?.name.value ?? "")[\(label)]", message)
        #expect(build.model?.path.value == alone?.model?.path.value, message)
        #expect(build.stages.map(\.id.value) == alone?.stages.map(\.id.value), message)
        #expect(build.stages[0].only.map(\.value) == alone?.stages[0].only.map(\.value), message)
        #expect(build.outputs.map(\.path.value) == alone?.outputs.map(\.path.value), message)
        for (a, b) in zip(build.stages, alone?.stages ?? []) {
          #expect(a.parameters.map(\.value.string) == b.parameters.map(\.value.string), message)
          // In quotes a value stays what it is in the matrix.
          if a.id.value == "a" {
            #expect(a.parameters.map(\.value.number) == b.parameters.map(\.value.number), message)
          }
        }
      }
    }
  }
}
