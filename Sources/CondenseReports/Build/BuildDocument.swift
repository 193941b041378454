import CondenseEngine

/// What `condense build --json` prints.
package struct BuildDocument: Encodable {
  package var pipelines: [Pipeline]
  package var actions: ActionCounts
  package var seconds: Double

  package init(_ report: BuildReport) {
    pipelines = report.pipelines.map { Pipeline($0) }
    actions = report.actions
    seconds = report.seconds
  }

  package struct Pipeline: Encodable {
    var name: String
    var file: String
    var status: PipelineReport.Status
    var actions: ActionCounts
    var outputs: [Output]
    var metrics: Nullable<Metrics>
    var checks: [Check]
    var stages: [Stage]
    var tensors: [Tensor]
    var error: Nullable<String>

    init(_ report: PipelineReport) {
      name = report.name
      file = report.file
      status = report.status
      actions = report.actions
      outputs = report.outputs.map {
        Output(
          path: $0.path, bytes: $0.bytes, sha256: $0.sha256, written: $0.wasWritten, metrics: Metrics($0.metrics))
      }
      metrics = Nullable(report.metrics.map { Metrics($0) })
      checks = report.checks.map { Check($0) }
      stages = report.stages.map { Stage($0) }
      tensors = report.tensors.map { Tensor($0) }
      error = Nullable(report.error)
    }
  }

  package struct Output: Encodable {
    var path: String
    var bytes: Int
    var sha256: String
    var written: Bool
    var metrics: Metrics
  }

  package struct Metrics: Encodable {
    var sourceBytes: Int
    var bytes: Int
    var ratio: Double
    var density: Double
    var sqnr: Nullable<Double>
    var maxError: Nullable<Double>
    var cosine: Double

    init(_ metrics: OutputMetrics) {
      sourceBytes = metrics.sourceBytes
      bytes = metrics.bytes
      ratio = metrics.ratio
      density = metrics.density
      sqnr = Nullable(JSONOutput.finite(metrics.sqnr))
      maxError = Nullable(JSONOutput.finite(metrics.maxError))
      cosine = metrics.cosine
    }
  }

  package struct Check: Encodable {
    var metric: String
    var value: Nullable<Double>
    var min: Nullable<Double>
    var max: Nullable<Double>
    var held: Bool
    var output: String

    init(_ check: CheckReport) {
      metric = check.metric
      value = Nullable(JSONOutput.finite(check.value))
      min = Nullable(check.min)
      max = Nullable(check.max)
      held = check.held
      output = check.output
    }
  }

  package struct Stage: Encodable {
    var id: String
    var stage: String
    var tensors: Int
    var actions: ActionCounts
    var metrics: Metrics
    /// The numbers that the stage itself reports, by name.
    var reported: [String: Double]

    init(_ stage: StageReport) {
      id = stage.id
      self.stage = stage.stage
      tensors = stage.tensors
      actions = stage.actions
      metrics = Metrics(stage.metrics)
      reported = stage.values
    }
  }

  package struct Tensor: Encodable {
    var name: String
    var dtype: String
    var shape: [Int]
    var sourceBytes: Int
    var steps: [Step]

    package struct Step: Encodable {
      var stage: String
      var bytes: Int
      var ran: Bool
      var density: Double
      var sqnr: Nullable<Double>
    }

    init(_ tensor: TensorReport) {
      name = tensor.name
      dtype = tensor.dtype
      shape = tensor.shape
      sourceBytes = tensor.sourceBytes
      steps = tensor.steps.map {
        Step(
          stage: $0.stage, bytes: $0.bytes, ran: $0.ran, density: $0.density,
          sqnr: Nullable(JSONOutput.finite($0.sqnr)))
      }
    }
  }
}
