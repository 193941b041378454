import CondenseFiles
import CondenseModels
import CondensePipelines
import CondenseStages
import CondenseTensors
import Foundation
import TestSupport
import Testing

@testable import CondenseEngine

@Suite("The pages about pipelines")
struct PipelineDocumentationTests {
  /// The files of docs/pipelines.md: YAML whose first line is a comment with the file's name.
  private static func files() throws -> [(name: String, text: String)] {
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "docs/pipelines.md")
    return try String(contentsOf: page, encoding: .utf8).components(separatedBy: "```yaml\n").dropFirst().compactMap {
      let text = $0.components(separatedBy: "```")[0]
      let first = text.split(separator: "\n").first ?? ""
      return first.hasPrefix("# ") && first.hasSuffix(".yaml") ? (String(first.dropFirst(2)), text) : nil
    }
  }

  @Test("The files of docs/pipelines.md are a workspace without an error, and build")
  func workspace() throws {
    let workspace = try TemporaryWorkspace()
    for folder in ["models/zoo/small", "pipelines/bases", "apps/a/pipelines"] {
      try FileSystem.makeFolders(workspace.path(folder))
    }
    var generator = SeededGenerator(seed: 9)
    for model in ["digits", "zoo/lenet", "zoo/small/mlp"] {
      try workspace.writeModel(
        [
          ("fc1.weight", .randomWeights([64, 64], using: &generator)),
          ("fc2.weight", .randomWeights([64, 64], using: &generator)),
        ],
        to: "models/\(model).safetensors")
    }
    let files = try Self.files()
    #expect(files.count >= 8)
    for file in files { try workspace.write(file.text, to: file.name) }
    #expect(Workspace(root: workspace.root).configuration.diagnostics.isEmpty)
    #expect(Workspace(root: workspace.root).allPipelines().problems.isEmpty)
    let result = try workspace.build()
    #expect(result.diagnostics.map(\.diagnostic.message) == [])
    #expect(
      result.report.pipelines.map(\.name) == [
        "digits", "rounded", "strict[bits=6]", "strict[bits=7]", "sweep[bits=3,sparsity=0.7]",
        "sweep[bits=3,sparsity=80%]", "sweep[bits=4,sparsity=0.7]", "sweep[bits=4,sparsity=80%]",
        "sweep[bits=5,sparsity=0.7]", "sweep[bits=5,sparsity=80%]", "two-ways", "zoo[lenet]", "zoo[mlp]",
      ])
    #expect(result.report.pipelines.compactMap(\.error) == [])
  }

  @Test("The schema accepts them")
  func schema() throws {
    let validator = SchemaValidator(root: PipelineSchema(stages: .builtIn, formats: .builtIn).document)
    for file in try Self.files() where file.name != "condense.yaml" {
      let root = try YAMLParser.parse(SourceText(file: file.name, text: file.text)).root
      #expect(try validator.accepts(try #require(root)), "\(file.name)")
    }
  }
}
