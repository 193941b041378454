import CondenseEngine
import CondenseModels
import CondensePipelines
import CondenseStages
import Testing

/// A pipeline file with something wrong in it, and all that is reported of it as `line:column: message`.
struct MalformedFile: Sendable, CustomTestStringConvertible {
  var title: String
  var bytes: [UInt8]
  var expected: [String]

  init(_ title: String, bytes: [UInt8], _ expected: [String]) {
    self.title = title
    self.bytes = bytes
    self.expected = expected
  }

  init(_ title: String, _ text: String, _ expected: [String]) {
    self.init(title, bytes: Array(text.utf8), expected)
  }

  var testDescription: String { title }
}

extension CheckerTests {
  /// All that is reported of a file.
  private static func reported(_ bytes: [UInt8]) -> [String] {
    var parsed = PipelineParser.parse(SourceText(file: "/w/p.yaml", bytes: bytes))
    let checked = PipelineChecker(stages: .builtIn, formats: .builtIn).check(&parsed)
    #expect(checked.isEmpty)
    return parsed.diagnostics.map { diagnostic in
      let place = diagnostic.range.map { "\($0.start.line):\($0.start.column): " } ?? ""
      return place + diagnostic.message
    }
  }

  @Test("What is no YAML is refused at its place, with what to do", arguments: MalformedFile.yaml)
  func malformedYAML(file: MalformedFile) {
    #expect(Self.reported(file.bytes) == file.expected)
  }

  @Test(
    "What is no pipeline is reported at every place, with what was expected",
    arguments: MalformedFile.pipelines + MalformedFile.stageLists)
  func malformedPipeline(file: MalformedFile) {
    #expect(Self.reported(file.bytes) == file.expected)
  }
}
