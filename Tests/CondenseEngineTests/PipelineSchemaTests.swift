import CondenseEngine
import CondenseModels
import CondensePipelines
import CondenseStages
import Foundation
import TestSupport
import Testing

@Suite("The schema of pipeline files")
struct PipelineSchemaTests {
  private static let validator = SchemaValidator(
    root: PipelineSchema(stages: .builtIn, formats: .builtIn).document)

  private static func isAccepted(_ text: String) throws -> Bool {
    let root = try YAMLParser.parse(SourceText(file: "p.yaml", text: text)).root
    return try validator.accepts(try #require(root))
  }

  /// Whether the parser and the checker find nothing wrong; models and bases are not looked for.
  private static func isValid(_ text: String) -> [String] {
    var parsed = PipelineParser.parse(SourceText(file: "/w/p.yaml", text: text))
    _ = PipelineChecker(stages: .builtIn, formats: .builtIn).check(&parsed)
    return parsed.diagnostics.filter { $0.severity == .error }.map(\.message)
  }

  @Test("It is a JSON document, the same every time, that names the draft and every stage")
  func document() throws {
    let text = PipelineSchema(stages: .builtIn, formats: .builtIn).document.text
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    #expect(object?["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
    let definitions = object?["$defs"] as? [String: Any]
    for stage in StageRegistry.builtIn.names { #expect(definitions?["stage-" + stage] != nil) }
    #expect(text == PipelineSchema(stages: .builtIn, formats: .builtIn).document.text)
  }

  @Test("Every sample is accepted")
  func samples() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    let files = Workspace(root: root).pipelines(at: [root + "/pipelines"]).files
    #expect(files.count >= 4)
    for file in files {
      #expect(try Self.isAccepted(String(contentsOfFile: file, encoding: .utf8)), "\(file)")
    }
  }

  @Test("Every stage's examples are accepted")
  func examples() throws {
    for example in StageRegistry.builtIn.stages.flatMap(\.description.examples) {
      #expect(try Self.isAccepted("stages: \(example.stages)\n"), "\(example.stages)")
    }
  }

  @Test("Generated pipelines are accepted by schema and parser alike", arguments: UInt64(1)...5)
  func generated(seed: UInt64) throws {
    var generator = PipelineGenerator(seed: seed)
    for _ in 0..<100 {
      let text = PipelineGenerator.text(generator.pipeline())
      #expect(try Self.isAccepted(text), "\(text), seed \(seed)")
      #expect(Self.isValid(text) == [], "\(text), seed \(seed)")
    }
  }

  @Test("Generated pipelines with one thing wrong are refused by schema and parser alike", arguments: UInt64(1)...5)
  func broken(seed: UInt64) throws {
    var generator = PipelineGenerator(seed: seed)
    for _ in 0..<100 {
      let text = PipelineGenerator.text(generator.broken())
      #expect(try !Self.isAccepted(text), "\(text), seed \(seed)")
      #expect(Self.isValid(text) != [], "\(text), seed \(seed)")
    }
  }

  @Test("A pipeline that extends another needs no model and no stages of its own, nor one with defaults")
  func inherited() throws {
    #expect(try Self.isAccepted("extends: base.yaml\noutputs: [o.condensed]\n"))
    #expect(try Self.isAccepted("extends: base.yaml\nmodel: {format: safetensors}\n"))
    #expect(try !Self.isAccepted("model: {format: safetensors}\n"))
    #expect(try !Self.isAccepted("outputs: [o.condensed]\nstages: [huffman]\n"))
    let configuration = Configuration(SourceText(file: "c", text: "defaults: {model: m.safetensors}\n"))
    let schema = PipelineSchema(stages: .builtIn, formats: .builtIn, configuration: configuration).document
    let root = try YAMLParser.parse(SourceText(file: "p", text: "outputs: [o.condensed]\nstages: [huffman]\n")).root
    #expect(try SchemaValidator(root: schema).accepts(try #require(root)))
  }

  @Test("Variables may stand wherever single values do")
  func variables() throws {
    #expect(
      try Self.isAccepted(
        """
        model: {path: "${a}.bin", format: "${f}"}
        name: "n-${a}"
        matrix: {a: [1], f: [safetensors]}
        stages:
          - "${s}"
          - prune: {sparsity: "${x}", pattern: {block: ["${r}", 2]}, id: "${i}", only: "${o}"}
          - quantize: {granularity: {group: "${g}"}, symmetric: "${y}", overrides: [{match: "${o}", dtype: "${d}"}]}
        outputs: ["${name}", {path: "${model}", from: "${i}", format: "${f}"}]
        checks: {ratio: {min: "${m}"}}
        """))
  }
}
