import CondenseFiles
import CondenseModels
import CondensePipelines
import CondenseStages
import CondenseTensors
import Foundation

/// What a new workspace begins with: a pipeline, and the schema that editors check it with.
public struct StarterFiles: Sendable {
  private let root: String
  private let schema: String
  /// A model that is there already, relative to the root; nil where none was found.
  public let model: String?

  public init(root: String, stages: StageRegistry, formats: ModelFormats) {
    self.root = root
    schema = PipelineSchema(stages: stages, formats: formats).document.text + "\n"
    model = StarterFiles.model(in: root, formats).map { AbsolutePath.relative($0, to: root) }
  }

  /// The first model where models usually are; a sharded one by its index, which is the longer extension.
  private static func model(in root: String, _ formats: ModelFormats) -> String? {
    for suffix in formats.formats.filter({ $0.name != CondensedFormat().name }).flatMap(\.extensions) {
      var search = PathSearch(for: .file)
      search.find("{,models/,pipelines/,pipelines/models/}*.\(suffix)", from: root)
      if let first = search.sorted.first { return first }
    }
    return nil
  }

  static let pipelineName = "pipelines/starter.yaml"
  static let schemaName = "pipelines/pipeline.schema.json"

  /// The pipeline's text.
  var pipeline: String {
    let path = AbsolutePath.relative(
      AbsolutePath.resolve(model ?? "models/model.safetensors", from: root), to: root + "/pipelines")
    return """
      # yaml-language-server: $schema=pipeline.schema.json
      # 'condense schema' prints the schema; 'condense stages' lists what stages there are.
      # Paths are relative to this file.
      model: \(JSONText.quoted(path))
      stages:
        # The smallest half of the weights becomes zero, over the whole model.
        - prune: {sparsity: 0.5, scope: model}
        # 32 values a tensor are left.
        - cluster: {bits: 5}
        - huffman
      outputs:
        - ../build/${model}.condensed
      checks:
        # Nothing is published unless it is this much smaller.
        ratio: {min: 4}

      """
  }

  /// Writes the files; those that were written.
  ///
  /// - Throws: ``FileError``, with the code `EEXIST` where there is a pipeline already. A schema that is there stays.
  public func write() throws(FileError) -> [String] {
    try FileSystem.makeFolders(root + "/pipelines")
    let (pipelinePath, schemaPath) = (root + "/" + StarterFiles.pipelineName, root + "/" + StarterFiles.schemaName)
    try OpenFile.creating(pipelinePath).write([Bytes(pipeline.utf8)])
    do {
      try OpenFile.creating(schemaPath).write([Bytes(schema.utf8)])
      return [pipelinePath, schemaPath]
    } catch {
      guard error.code == EEXIST else { throw error }
      return [pipelinePath]
    }
  }
}
