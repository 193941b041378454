import CondenseEngine

/// What `condense graph --format json` prints.
package struct GraphDocument: Encodable {
  package var pipelines: [Pipeline]

  package init(_ graphs: [StageGraph]) { pipelines = graphs.map(\.document) }

  package struct Pipeline: Encodable {
    var name: String
    var file: String
    var model: Model
    var actions: PlannedPipeline.Actions
    var stages: [Stage]
    var outputs: [Output]
  }

  package struct Model: Encodable {
    var path: String
    var bytes: Int
  }

  package struct Stage: Encodable {
    var id: String
    var stage: String
    var from: String
    var tensors: Int
    var bytes: Nullable<Int>
    var actions: PlannedPipeline.Actions
  }

  package struct Output: Encodable {
    var path: String
    var from: String
    var bytes: Nullable<Int>
  }
}
