import ArgumentParser
import CondenseEngine
import Foundation

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Prints the JSON Schema of pipeline files, for editors to complete and check them.",
    discussion: """
      Write it beside the pipelines, as in 'condense schema > pipelines/pipeline.schema.json', and begin each pipeline with \
      the line '# yaml-language-server: $schema=pipeline.schema.json'. It holds the stages and formats that this \
      'condense' has, and knows what the workspace's 'condense.yaml' gives all pipelines.
      """)

  @OptionGroup var location: WorkspaceOptions

  func run() throws {
    let workspace = try location.resolvedWorkspace()
    let schema = PipelineSchema(
      stages: Toolbox.current.stages(of: workspace).registry,
      formats: Toolbox.current.formats, configuration: workspace.configuration)
    Console().result(schema.document.text)
  }
}
