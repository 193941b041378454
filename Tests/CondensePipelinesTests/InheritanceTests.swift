import TestSupport
import Testing

@testable import CondensePipelines

@Suite("Pipelines that extend others")
struct InheritanceTests {
  private static let base = """
    name: base
    model: {path: models/m.bin, format: safetensors}
    stages: [{prune: {id: p, sparsity: 0.5}}, huffman]
    checks:
      ratio: {min: 2}
      density: {max: 50%}
    """

  @Test("Mappings merge deeply, lists and single values replace, and the name is the file's own")
  func merging() throws {
    let files = FilesInMemory(files: [
      "/w/bases/base.yaml": Self.base,
      "/w/p.yaml": """
      extends: bases/base.yaml
      model: {path: other.bin}
      outputs: [o.condensed]
      checks:
        ratio: {max: 9, min: 3}
        sqnr: {min: 20 dB}
      """,
    ])
    let parsed = files.parse("/w/p.yaml")
    #expect(parsed.reported == [])
    let pipeline = try #require(parsed.builds.first)
    #expect(pipeline.name.value == "p" && pipeline.file == "/w/p.yaml")
    #expect(pipeline.model?.path.value == "other.bin" && pipeline.model?.format?.value == "safetensors")
    #expect(pipeline.stages.map(\.id.value) == ["p", "huffman"])
    #expect(pipeline.checks.map(\.metric.value) == ["ratio", "density", "sqnr"])
    #expect(pipeline.checks.map { $0.min?.value } == [3, nil, 20])
    #expect(pipeline.checks.map { $0.max?.value } == [9, 0.5, nil])
    #expect(parsed.bases.keys.sorted() == ["/w/bases/base.yaml"])
  }

  @Test("A path is relative to the file that wrote it")
  func paths() throws {
    let files = FilesInMemory(files: [
      "/w/bases/base.yaml": Self.base,
      "/w/p.yaml": "extends: bases/base.yaml\noutputs: [../o.condensed]\n",
    ])
    let pipeline = try #require(files.parse("/w/p.yaml").builds.first)
    #expect(pipeline.model?.path.absolutePath == "/w/bases/models/m.bin")
    #expect(pipeline.outputs.first?.path.absolutePath == "/o.condensed")
  }

  @Test("Bases extend bases; what is nearer counts")
  func chain() {
    let files = FilesInMemory(files: [
      "/w/a.yaml": "extends: b.yaml\nstages: [a]\n", "/w/b.yaml": "extends: sub/c.yaml\nstages: [b]\nmodel: b.bin\n",
      "/w/sub/c.yaml": "stages: [c]\nmodel: c.bin\noutputs: [c.condensed]\n",
    ])
    let parsed = files.parse("/w/a.yaml")
    #expect(parsed.reported == [] && !parsed.isBase)
    #expect(parsed.builds.first?.stages.map(\.id.value) == ["a"])
    #expect(parsed.builds.first?.model?.path.value == "b.bin")
    #expect(parsed.builds.first?.outputs.first?.path.absolutePath == "/w/sub/c.condensed")
  }

  @Test("An error in a base points into the base, and is the same for all that extend it")
  func inherited() {
    let files = FilesInMemory(files: [
      "/w/base.yaml": "model: m.bin\nstages: [{a: {only: '['}}]\n", "/w/a.yaml": "extends: base.yaml\noutputs: [a]\n",
      "/w/b.yaml": "extends: base.yaml\noutputs: [b]\nchecks: 3\n",
    ])
    let error = "/w/base.yaml:2:21: the pattern '[' is none: a '[' does not close"
    #expect(files.parse("/w/a.yaml").reported == [error])
    #expect(files.parse("/w/b.yaml").reported.contains(error))
    #expect(files.parse("/w/b.yaml").reported.count == 2)
    #expect(files.parse("/w/a.yaml").diagnostics.allSatisfy { files.parse("/w/a.yaml").source(of: $0) != nil })
  }

  @Test("A base that is not there, or is none, is reported where it is named, and what it would say is not missed")
  func brokenBases() {
    let files = FilesInMemory(files: [
      "/w/a.yaml": "extends: none.yaml\noutputs: [{path: a, from: p}]\nchecks: {ratio: {min: '${x}'}}\n",
      "/w/b.yaml": "extends: list.yaml\noutputs: [b]\n", "/w/list.yaml": "\n- a\n",
      "/w/c.yaml": "extends: bad.yaml\noutputs: [c]\nmodle: x\n", "/w/bad.yaml": "a: 1\nb: [\n",
      "/w/d.yaml": "extends: empty.yaml\noutputs: [c]\n", "/w/empty.yaml": "",
    ])
    #expect(
      files.parse("/w/a.yaml").reported == [
        "/w/a.yaml:1:10: there is no pipeline 'none.yaml' (looked for /w/none.yaml)"
      ])
    #expect(files.parse("/w/b.yaml").reported == ["/w/b.yaml:1:10: 'list.yaml' is no pipeline"])
    #expect(files.parse("/w/b.yaml").diagnostics.first?.notes.first?.range.start.line == 2)
    #expect(
      files.parse("/w/c.yaml").reported == [
        "/w/c.yaml:1:10: 'bad.yaml' is no pipeline", "/w/c.yaml:3:1: unknown key 'modle'; did you mean 'model'?",
        "/w/bad.yaml:3:1: expected a value",
      ])
    #expect(files.parse("/w/d.yaml").reported == ["/w/d.yaml:1:10: 'empty.yaml' is no pipeline"])
  }

  @Test("A circle is one error with its path, whichever of its files is read")
  func circles() {
    let files = FilesInMemory(files: [
      "/w/c.yaml": "extends: a.yaml\n", "/w/a.yaml": "model: m\nextends: b.yaml\n", "/w/b.yaml": "extends: c.yaml\n",
      "/w/d.yaml": "\n\nextends: b.yaml\noutputs: [o]\n",
    ])
    let error = "files extend each other in a circle: /w/a.yaml:2 → /w/b.yaml:1 → /w/c.yaml:1 → /w/a.yaml:2"
    for file in ["/w/a.yaml", "/w/b.yaml", "/w/c.yaml", "/w/d.yaml"] {
      #expect(files.parse(file).reported == ["/w/a.yaml:2:10: \(error)"])
      #expect(files.parse(file).diagnostics.first?.notes.map(\.file) == ["/w/b.yaml", "/w/c.yaml"])
    }
  }

  @Test("Files that extend each other without end, or stand for too much together, are refused")
  func bounds() {
    var files = FilesInMemory(files: [:])
    for index in 0..<40 { files.files["/w/\(index).yaml"] = "extends: \(index + 1).yaml\n" }
    #expect(files.parse("/w/0.yaml").reported == ["/w/31.yaml:1:10: more than 32 files extend each other"])
    // Bases of 40,000 values each, in a few bytes.
    let bomb = "x: &a [\(String(repeating: "0,", count: 100))]\ny: [\(String(repeating: "*a,", count: 390))]\n"
    for index in 0..<40 { files.files["/w/\(index).yaml"] = "extends: \(index + 1).yaml\n" + bomb }
    #expect(
      files.parse("/w/0.yaml").reported.contains(
        "/w/1.yaml:1:10: the file and what it extends stand for more than 100000 values"))
  }

  @Test("Defaults of the workspace are below everything")
  func defaults() throws {
    let files = FilesInMemory(
      files: [
        "/w/p/base.yaml": "checks: {ratio: {min: 2}}\n",
        "/w/p/a.yaml": "extends: base.yaml\nstages: [huffman]\noutputs: [a]\n",
      ], defaults: "model: m.bin\nchecks: {ratio: {min: 1, max: 9}, sqnr: {min: 10}}\n")
    let pipeline = try #require(files.parse("/w/p/a.yaml").builds.first)
    #expect(files.parse("/w/p/a.yaml").reported == [])
    #expect(pipeline.model?.path.absolutePath == "/w/m.bin")
    #expect(pipeline.checks.map { $0.min?.value } == [2, 10])
    #expect(pipeline.checks.first?.max?.value == 9)
    #expect(files.parse("/w/p/base.yaml").isBase)
  }

  /// A mapping of mappings, lists and single values, as a value and as YAML.
  private indirect enum Value: Equatable {
    case single(Int)
    case list([Int])
    case mapping([String: Value])

    static func random(depth: Int, _ generator: inout SeededGenerator) -> Value {
      switch Int.random(in: depth == 0 ? 0...0 : depth > 3 ? 1...2 : 0...2, using: &generator) {
      case 1: return .single(Int.random(in: 0..<100, using: &generator))
      case 2: return .list((0..<Int.random(in: 0..<3, using: &generator)).map { $0 })
      default:
        let keys = ["a", "b", "c", "d"].filter { _ in Bool.random(using: &generator) }
        return .mapping(Dictionary(uniqueKeysWithValues: keys.map { ($0, random(depth: depth + 1, &generator)) }))
      }
    }

    func over(_ base: Value) -> Value {
      guard case .mapping(let own) = self, case .mapping(let below) = base else { return self }
      return .mapping(below.merging(own) { $1.over($0) })
    }

    var yaml: String {
      switch self {
      case .single(let number): "\(number)"
      case .list(let numbers): "\(numbers)"
      case .mapping(let values): "{\(values.map { "\($0): \($1.yaml)" }.joined(separator: ", "))}"
      }
    }

    init(_ node: Node) {
      if let pairs = node.mapping {
        self = .mapping(Dictionary(pairs.map { ($0.key.value, Value($0.value)) }) { first, _ in first })
      } else if let items = node.sequence {
        self = .list(items.compactMap(\.integer))
      } else {
        self = .single(node.integer ?? -1)
      }
    }
  }

  @Test("Files that extend each other come to what merging their mappings one by one does", arguments: UInt64(1)...5)
  func merge(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<40 {
      let values = (0..<Int.random(in: 1...4, using: &generator)).map { _ in Value.random(depth: 0, &generator) }
      var files = FilesInMemory(files: [:])
      for (index, value) in values.enumerated() {
        let extends = index + 1 < values.count ? "extends: \(index + 1).yaml\n" : ""
        files.files["/w/\(index).yaml"] = extends + "stages: [\(index)]\nmodel: m\noutputs: [o]\n"
        files.files["/w/\(index).yaml"]? += "checks: {}\n"
        // An unknown key is merged all the same.
        files.files["/w/\(index).yaml"]? += "x: \(value.yaml)\n"
      }
      // A base is put together with its own bases first.
      let expected = values.dropLast().reversed().reduce(values[values.count - 1]) { $1.over($0) }
      let merged = files.merged("/w/0.yaml")
      #expect(merged.map { Value($0) } == expected, "\(values.map(\.yaml)), seed \(seed)")
    }
  }
}
