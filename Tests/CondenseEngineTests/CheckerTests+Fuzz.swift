import CondenseEngine
import CondenseModels
import CondensePipelines
import CondenseStages
import TestSupport
import Testing

/// Damaged pipeline files are read or reported, whatever the damage.
@Suite("Fuzzed pipelines")
struct PipelineFuzzTests {
  private static let pipelines = [
    """
    # A whole one.
    name: small
    model: {path: ../m.safetensors, format: safetensors}
    stages:
      - prune: {id: p, sparsity: 90%, pattern: {block: [4, 4]}, only: "*.weight", skip: [a*, 'b[0-9]{c,d}?']}
      - cluster:
          bits: 4
          overrides:
            - {match: fc1*, bits: 0x3}
      - quantize: &q {dtype: int8, granularity: {group: 128}, symmetric: no}
      - huffman
      - huffman: {id: again, from: p, layout: sparse}
    outputs: [../x.condensed, {path: y.bin, from: again, format: condensed}]
    checks:
      bytes: {max: 30 kB}
      ratio: {min: 12, max: 1e2}
      density: {max: 8%}
      sqnr: {min: 20 dB}

    """,
    """
    extends: base.yaml
    model: {pipeline: "other[bits=${bits}]", stage: prune}
    matrix: {bits: [3, 0x4, "5"], sparsity: [0.9, 50%]}
    name: x-${bits}
    stages:
      - prune: {sparsity: "${sparsity}", id: "p${bits}", only: '*.{weight,b${bits}}'}
      - cluster: {bits: "${bits}", overrides: [{match: "fc${bits}", bits: 2}]}
    outputs: ["o/${name}-$${bits}.condensed", {path: "${name}.bin", format: condensed, from: "p${bits}"}]
    checks: {ratio: {min: "${bits}"}, density: {max: 0.${bits}}}

    """,
    """
    model: models/**/[a-c]*.{safetensors,bin}
    matrix: {a: [x, y]}
    stages: [huffman]
    outputs: ["${model}-${a}.condensed"]

    """,
    "model: &m a.safetensors\r\nstages: [huffman]\r\noutputs: [b.condensed, *m]\r\n# äöü🦉\r\n",
    "\u{FEFF}%YAML 1.2\n---\n? name\n: |-\n  x\n\"model\": 'it''s'\nstages: !!seq\n- \"\\x68uffman\"\n...\n",
  ]

  private static let damage = Mutation(words: [
    ": ", "- ", "\n", "\r", "\t", "  ", "[", "]", "{", "}", ",", "&a ", "*a", "*q", "<<: *q", "!!str ", "!x ", "|", ">",
    "'",
    "\"", "\\", "\\u", "#", "%", "---\n", "...\n", "? ", "~", "null", "true", ".nan", ".inf", "-1", "1e999", "0x",
    "99999999999999999999",
    "from: ", "id: ", "model: ", "stages: ", "outputs: ", "checks: ", "only: ", "overrides: ", "match: ", "prune",
    "huffman", "\u{2028}",
    "extends: p.yaml\n", "extends: base.yaml\n", "matrix: ", "matrix: {a: [1, 2]}\n", "pipeline: ", "stage: ",
    "${bits}",
    "'${sparsity}'", "${model}", "${name}", "$${", "${", "}", "**/", "defaults: ", "name: ",
    "\u{85}", "🦉", "\0", "${x}", "%", " kB", "{a,b}", "[a-", "[[[[[[[[[[", "{x: {x: {x: ",
  ])

  /// A parser that finds bases and models: the base is damaged in turn.
  private static func parser(base: [UInt8]) -> PipelineParser {
    var surroundings = PipelineSurroundings()
    surroundings.read = { path throws(UnreadableFile) in
      guard path == "/w/base.yaml" else { throw UnreadableFile("none", isMissing: true) }
      return base
    }
    surroundings.findModels = { pattern, folder in
      var matches = ModelMatches()
      if (try? PathPattern(pattern)) == nil { matches.problem = "the pattern is none" }
      matches.paths = ["/w/models/a.safetensors", "/w/models/b.bin"]
      return matches
    }
    return PipelineParser(surroundings)
  }

  @Test("A damaged pipeline", arguments: 0..<FuzzRun.parts)
  func pipeline(part: Int) {
    let checker = PipelineChecker(stages: .builtIn, formats: .builtIn)
    let renderer = DiagnosticRenderer()
    var refused = 0
    FuzzRun.current.inputs(of: part, "YAML", percent: 25) { generator, seed in
      let text = Self.pipelines.randomElement(using: &generator) ?? ""
      let source = SourceText(file: "/w/p.yaml", bytes: Self.damage.damaged(Array(text.utf8), using: &generator))
      let base = Array((Self.pipelines.randomElement(using: &generator) ?? "").utf8)
      var parser = Self.parser(
        base: Bool.random(using: &generator) ? base : Self.damage.damaged(base, using: &generator))
      var parsed = parser.parse(source)
      #expect(parsed.builds.count <= 1000, "seed \(seed)")
      let checked = checker.check(&parsed)
      if parsed.hasErrors { refused += 1 }
      #expect(checked.isEmpty || !parsed.hasErrors, "seed \(seed)")
      for diagnostic in parsed.diagnostics {
        // Every place is in the text, or right behind a line of it, and can be shown.
        let start = diagnostic.range?.start ?? SourcePosition(line: 1, column: 1)
        let text = parsed.source(of: diagnostic)
        let line = text?.line(start.line)
        #expect(line != nil && start.column <= (line ?? "").unicodeScalars.count + 2, "seed \(seed): \(diagnostic)")
        #expect(!renderer.text(diagnostic, source: text).isEmpty)
      }
    }
    #expect(refused > FuzzRun.current.share(25) / 4)
  }
}
