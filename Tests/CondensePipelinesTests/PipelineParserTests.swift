import CondensePipelines
import Testing

@Suite("Pipeline files")
struct PipelineParserTests {
  private static func parse(_ text: String) -> ParsedPipeline {
    PipelineParser.parse(SourceText(file: "/folder/digits.yaml", text: text))
  }

  @Test("A whole pipeline is read, every value with its place")
  func whole() throws {
    let parsed = Self.parse(
      """
      name: small
      model: {path: ../m.bin, format: safetensors}
      stages:
        - prune: {id: p, sparsity: 90%, only: "*.weight", skip: [a*, b?]}
        - huffman
        - quantize:
            from: p
            dtype: int8
            overrides:
              - {match: fc1*, dtype: int4}
      outputs:
        - ../x.condensed
        - {path: y, from: p, format: safetensors}
      checks:
        bytes: {max: 30 kB}
        ratio: {min: 12, max: 100}
        density: {max: 8%}
        sqnr: {min: 20 dB}
      """)
    #expect(parsed.diagnostics.isEmpty)
    let pipeline = try #require(parsed.builds.first)
    #expect(pipeline.name.value == "small")
    #expect(pipeline.model?.path.value == "../m.bin" && pipeline.model?.format?.value == "safetensors")
    #expect(pipeline.stages.map(\.id.value) == ["p", "huffman", "quantize"])
    #expect(pipeline.stages[0].only.map(\.value.pattern) == ["*.weight"])
    #expect(pipeline.stages[0].skip.map(\.value.pattern) == ["a*", "b?"])
    #expect(pipeline.stages[0].parameters.map(\.key.value) == ["sparsity"])
    #expect(pipeline.stages[2].overrides[0].parameters.map(\.key.value) == ["dtype"])
    #expect(pipeline.inputIDs == ["p": "model", "huffman": "p", "quantize": "p"])
    #expect(pipeline.outputs.map(\.path.value) == ["../x.condensed", "y"])
    #expect(pipeline.checks.map { $0.max?.value } == [30_000, 100, 0.08, nil])
    #expect(pipeline.checks[3].min?.value == 20)
    #expect(pipeline.stages[2].from?.range.start == SourcePosition(line: 7, column: 13))
  }

  @Test("The name is the file's without folder and extension, unless given")
  func names() {
    #expect(Self.parse("model: m").builds.first?.name.value == "digits")
  }

  @Test("A base has no outputs and may lack the rest")
  func base() {
    for text in ["stages: [huffman]", "checks: {ratio: {min: 2}}", "model: m.safetensors"] {
      #expect(Self.parse(text).diagnostics.isEmpty)
    }
  }

  private static let rest = "\nstages: [huffman]\noutputs: [o]\n"

  static let malformed: [(text: String, message: String, line: Int, column: Int)] = [
    ("", "the file is empty", 1, 1), ("# only a comment\n", "the file is empty", 1, 1),
    ("~", "the file is empty", 1, 1),
    ("[]", "a pipeline is a mapping with model, stages and outputs, not a list", 1, 1), ("hello", "not 'hello'", 1, 1),
    ("12", "not the number 12", 1, 1),
    ("modle: m" + rest, "unknown key 'modle'; did you mean 'model'?", 1, 1),
    (
      "x: 1\nmodel: m" + rest, "unknown key 'x'; expected one of model, name, extends, matrix, stages, outputs, checks",
      1, 1
    ),
    ("stages: [huffman]\noutputs: [o]", "no model", 1, 1), ("model: m\noutputs: [o]", "no stages", 1, 1),
    ("model: [m]" + rest, "expected a path to a model, found a list", 1, 8),
    ("model:" + rest, "expected a path to a model, found nothing", 1, 0),
    ("model: {}" + rest, "the model has no path", 1, 8), ("model: {path: }" + rest, "found nothing", 1, 0),
    ("model: {pth: m}" + rest, "unknown key 'pth'; did you mean 'path'?", 1, 9),
    ("model: {path: m, format: [a]}" + rest, "expected a format's name, found a list", 1, 26),
    ("model: {pipeline: [a]}" + rest, "expected a pipeline's name, found a list", 1, 19),
    ("model: {pipeline: a, path: b}" + rest, "'path' is for a model that is a file", 1, 22),
    ("model: {stage: a}" + rest, "a stage of which pipeline? add 'pipeline: its name'", 1, 9),
    ("model: {pipeline: a}\nstages: [x]\noutputs: ['${model}']", "'${model}' is a model file's name", 3, 11),
    ("model: m\nstages: [{a: {id: a/b}}]\noutputs: [o]", "an id has no slash", 2, 19),
    ("model: a/*.safetensors" + rest, "no model matches 'a/*.safetensors' (looked for /folder/a/*.safetensors)", 1, 8),
    ("model: ${x}.safetensors" + rest, "unknown variable 'x'; 'matrix' gives variables their values", 1, 8),
    ("model: '${model}.safetensors'" + rest, "'${model}' is made from the model, so it cannot stand in it", 1, 8),
    ("model: ${x" + rest, "a '${' does not close", 1, 8),
    ("model: '${x y}'" + rest, "'x y' is no variable's name", 1, 8),
    ("model: m\nchecks: {ratio: {min: '${name}'}}" + rest, "'${name}' is for outputs only", 2, 23),
    ("model: m\nmatrix: {bits: [3]}\nstages: [huffman]\noutputs: ['${bist}']", "did you mean 'bits'?", 4, 11),
    ("model: \"a\\tb\"" + rest, "control characters", 1, 8),
    ("model: m\nextends: b" + rest, "there is no pipeline 'b' (looked for /folder/b)", 2, 10),
    ("model: m\nextends: [b]" + rest, "expected a path to a pipeline file to extend, found a list", 2, 10),
    ("model: m\nextends: ${x}" + rest, "variables are not for 'extends'", 2, 10),
    ("model: m\nextends: digits.yaml" + rest, "in a circle: /folder/digits.yaml:2 → /folder/digits.yaml:2", 2, 10),
    ("model: m\nmatrix: {}" + rest, "expected axes such as {bits: [3, 4, 5]}, found an empty mapping", 2, 9),
    ("model: m\nmatrix: [3]" + rest, "expected axes such as {bits: [3, 4, 5]}, found a list", 2, 9),
    ("model: m\nmatrix: {bits: 3}" + rest, "expected a list of values such as [3, 4, 5], found the number 3", 2, 16),
    ("model: m\nmatrix: {bits: []}" + rest, "the axis has no values", 2, 16),
    ("model: m\nmatrix: {bits: [3, [4]]}" + rest, "expected a single value, found a list", 2, 20),
    ("model: m\nmatrix: {bits: [3, ~]}" + rest, "expected a single value, found nothing", 2, 20),
    ("model: m\nmatrix: {bits: [3, 4, 3]}" + rest, "the value '3' is there twice", 2, 23),
    ("model: m\nmatrix: {bits: [a/b]}" + rest, "it is not empty and has no slash", 2, 17),
    ("model: m\nmatrix: {bits: ['${x}']}" + rest, "variables are not for 'matrix'", 2, 17),
    ("model: m\nmatrix: {model: [3]}" + rest, "'${model}' has a meaning already", 2, 10),
    ("model: m\nmatrix: {a b: [3]}" + rest, "'a b' is no variable's name", 2, 10),
    ("model: m\nname: a/b" + rest, "a name has no slash", 2, 7),
    ("model: m\nname: .a" + rest, "does not begin with a dot", 2, 7),
    ("model: m\nname: [a]" + rest, "expected a name, found a list", 2, 7),
    ("model: m\nstages: huffman\noutputs: [o]", "expected a list of stages", 2, 9),
    ("model: m\nstages: {prune: {}}\noutputs: [o]", "expected a list of stages, such as", 2, 9),
    ("model: m\nstages: []\noutputs: [o]", "the list of stages is empty", 2, 9),
    ("model: m\nstages: [{}]\noutputs: [o]", "found an empty mapping", 2, 10),
    (
      "model: m\nstages: [[a]]\noutputs: [o]", "expected a stage's name, or one with its parameters, found a list", 2,
      10
    ),
    (
      "model: m\nstages:\n  - prune: {sparsity: 1}\n    cluster: {}\noutputs: [o]", "'cluster' stands beside 'prune'",
      4, 5
    ),
    (
      "model: m\nstages:\n  - prune: 0.5\noutputs: [o]",
      "expected the parameters of 'prune' as a mapping, found the number 0.5", 3, 12
    ),
    ("model: m\nstages: [{a: {id: [x]}}]\noutputs: [o]", "expected an id", 2, 19),
    ("model: m\nstages: [{a: {from: 1}}]\noutputs: [o]", "unknown stage id '1'", 2, 21),
    ("model: m\nstages: [{a: {from: modle}}]\noutputs: [o]", "unknown stage id 'modle'; did you mean 'model'?", 2, 21),
    ("model: m\nstages: [{a: {only: {x: y}}}]\noutputs: [o]", "expected a pattern of tensor names", 2, 21),
    ("model: m\nstages: [{a: {skip: ['[a']}}]\noutputs: [o]", "the pattern '[a' is none: a '[' does not close", 2, 22),
    ("model: m\nstages: [{a: {skip: ['{a']}}]\noutputs: [o]", "a '{' does not close", 2, 22),
    ("model: m\nstages: [{a: {skip: ['[z-a]']}}]\noutputs: [o]", "the range z-a is empty", 2, 22),
    ("model: m\nstages: [{a: {overrides: {}}}]\noutputs: [o]", "expected a list such as", 2, 26),
    ("model: m\nstages: [{a: {overrides: [x]}}]\noutputs: [o]", "expected a mapping such as", 2, 27),
    ("model: m\nstages: [{a: {overrides: [{bits: 3}]}}]\noutputs: [o]", "no 'match'", 2, 27),
    ("model: m\nstages: [{a: {overrides: [{match: x, id: 3}]}}]\noutputs: [o]", "'id' belongs to the stage", 2, 38),
    ("model: m\nstages: [a, a]\noutputs: [o]", "the id 'a' is there twice", 2, 13),
    ("model: m\nstages: [{a: {id: model}}]\noutputs: [o]", "'model' stands for the pipeline's model", 2, 19),
    ("model: m\nstages: [{a: {from: b}}, {b: {from: a}}]\noutputs: [o]", "in a circle: a ← b ← a", 2, 21),
    ("model: m\nstages: [{a: {from: a}}]\noutputs: [o]", "in a circle: a ← a", 2, 21),
    ("model: m\nstages: [a]\noutputs: []", "the list of outputs is empty", 3, 10),
    (
      "model: m\nstages: [{a: {bits: ${x}}}]\noutputs: [o]", "inside of braces and brackets, put '${…}' in quotes", 2,
      22
    ),
    ("model: m\nstages: [a]\noutputs: [${name}]", "inside of braces and brackets, put '${…}' in quotes", 3, 12),
    ("model: m\nstages: [a]\noutputs: o", "expected a list of outputs", 3, 10),
    ("model: m\nstages: [a]\noutputs: [[o]]", "expected a path to write to, found a list", 3, 11),
    ("model: m\nstages: [a]\noutputs: [{from: a}]", "the output has no path", 3, 11),
    ("model: m\nstages: [a]\noutputs: [{path: o, from: b}]", "unknown stage id 'b'; did you mean 'a'?", 3, 27),
    ("model: m\nstages: [a]\noutputs: [{path: o, form: a}]", "unknown key 'form'; did you mean 'from'?", 3, 21),
    ("model: m\nstages: [a]\noutputs: [o, p, o]", "the output 'o' is there twice", 3, 17),
    ("model: m\nchecks: [ratio]" + rest, "expected checks such as", 2, 9),
    ("model: m\nchecks: {ratio: 12}" + rest, "expected bounds such as {min: 12}, found the number 12", 2, 17),
    ("model: m\nchecks: {ratio: {}}" + rest, "neither min nor max", 2, 17),
    ("model: m\nchecks: {ratio: {mni: 1}}" + rest, "unknown key 'mni'; did you mean 'min'?", 2, 18),
    ("model: m\nchecks: {ratio: {min: big}}" + rest, "expected a number, found 'big'", 2, 23),
    ("model: m\nchecks: {ratio: {min: 20 dB}}" + rest, "expected a number, found '20 dB'", 2, 23),
    ("model: m\nchecks: {bytes: {max: 3 kilo}}" + rest, "expected a size such as", 2, 23),
    ("model: m\nchecks: {bytes: {max: 8%}}" + rest, "expected a size such as", 2, 23),
    ("model: m\nchecks: {density: {max: 8 kB}}" + rest, "expected a number or a share", 2, 25),
    ("model: m\nchecks: {sqnr: {min: .nan}}" + rest, "expected a number of decibels", 2, 22),
    ("model: m\nchecks: {ratio: {min: 3, max: 2}}" + rest, "min is above max", 2, 23),
    ("model: a\nmodel: b" + rest, "the key 'model' is there twice", 2, 1),
  ]

  @Test("A malformed file is reported at its place with what was expected", arguments: malformed.indices)
  func reported(index: Int) {
    let (text, message, line, column) = Self.malformed[index]
    let parsed = Self.parse(text)
    let first = parsed.diagnostics.first { $0.message.contains(message) }
    #expect(first != nil, "\(text): \(parsed.diagnostics.map(\.message))")
    #expect(first?.severity == .error)
    #expect(first?.range?.start.line == line, "\(text)")
    if column > 0 { #expect(first?.range?.start.column == column, "\(text)") }
    #expect(parsed.diagnostics.count == 1, "\(text): \(parsed.diagnostics.map(\.message))")
  }

  @Test("One run reports every error of a file")
  func allErrors() {
    let parsed = Self.parse(
      "modl: m\nstages: [{a: {only: '[', from: zzz}}, 3, a]\noutputs: [{pth: o}]\nchecks: {rato: 1}\n")
    #expect(parsed.diagnostics.count >= 7)
    #expect(!parsed.builds.isEmpty)
  }

  @Test("Errors are in the file's order, and a hostile file's are not without end")
  func ordered() {
    let parsed = Self.parse((1...3000).map { "k\($0): 1\n" }.joined())
    #expect(parsed.diagnostics.count == 1001)
    #expect(parsed.diagnostics.compactMap(\.range?.start.line) == Array(1...1000))
    #expect(parsed.diagnostics.last?.message == "2000 more errors like these")
  }

  @Test("Words of the file are quoted without what a terminal would act on, and not at length")
  func quoted() {
    #expect(Diagnostic.quoted("a\u{1B}[31m\u{9B}\u{202E}\u{2028}\n🦉") == "'a�[31m����🦉'")
    #expect(Diagnostic.quoted(String(repeating: "ü", count: 61)) == "'\(String(repeating: "ü", count: 60))…'")
  }
}
