import CondensePipelines
import CondenseStages

/// Another pipeline's stages up to one of them: what a pipeline that has its result as model starts with.
struct Upstream {
  var model: Pipeline.ModelReference
  /// In an order in which inputs come first.
  var stages: [CheckedStage]
  /// What the pipeline's own stages are made from where they say `model`.
  var start: StageInput

  /// - Parameter stage: a stage's id; nil for the last one written.
  /// - Throws: ``Diagnostic`` where there is no such stage.
  init(_ pipeline: CheckedPipeline, stage: Located<String>?) throws(Diagnostic) {
    model = pipeline.model
    let own = pipeline.stages.indices.filter { pipeline.stages[$0].pipeline == nil }
    var end = StageInput.model
    if let stage {
      guard let index = own.first(where: { pipeline.stages[$0].id == stage.value }) else {
        throw .unknown(
          "stage of \(Diagnostic.quoted(pipeline.name))", stage, known: own.map { pipeline.stages[$0].id })
      }
      end = .stage(index)
    } else {
      end = pipeline.lastStage
    }
    // What a lossless stage was given has the same values, and further stages take those, not their coding.
    while case .stage(let index) = end, pipeline.stages[index].description.isLossless {
      end = pipeline.stages[index].input
    }
    var needed: [Int] = []
    var next = end
    while case .stage(let index) = next {
      needed.append(index)
      next = pipeline.stages[index].input
    }
    var places: [Int: Int] = [:]
    stages = []
    for index in needed.reversed() {
      var stage = pipeline.stages[index]
      if case .stage(let input) = stage.input, let place = places[input] { stage.input = .stage(place) }
      if stage.pipeline == nil {
        stage.pipeline = pipeline.name
        stage.id = "\(pipeline.name)/\(stage.id)"
      }
      places[index] = stages.count
      stages.append(stage)
    }
    start = stages.isEmpty ? .model : .stage(stages.count - 1)
  }
}
