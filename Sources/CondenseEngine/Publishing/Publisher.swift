import CondenseCodecs
import CondenseFiles
import CondenseModels
import CondensePipelines
import CondenseStore
import CondenseTensors
import Foundation

/// Writes a pipeline's outputs, holds them to its checks, and puts them in place: all of them or none.
final class Publisher: Sendable {
  private let plan: BuildPlan
  private let models: [ModelSource]
  private let formats: ModelFormats
  private let store: any ArtifactStore
  private let runner: ActionRunner
  private let staging: ScratchFolder
  private let published = Locked<[Int: Publication]>([:])

  init(
    plan: BuildPlan, models: [ModelSource], formats: ModelFormats, store: any ArtifactStore, runner: ActionRunner,
    staging: ScratchFolder
  ) {
    self.plan = plan
    self.models = models
    self.formats = formats
    self.store = store
    self.runner = runner
    self.staging = staging
  }

  /// What publishing a pipeline came to.
  struct Publication: Sendable {
    var outputs: [OutputReport]
    var checks: [CheckReport]
    /// Of the first output, also where a check kept it from being published.
    var metrics: OutputMetrics?
  }

  /// An output that is ready to take its place.
  private struct Candidate {
    var path: String
    var facts: OutputFacts
    /// Nil where the output is there already.
    var staged: String?
    var metrics: OutputMetrics
  }

  var publications: [Int: Publication] { published.withLock { $0 } }

  /// Publishes pipeline `index`; `inputs` are what the nodes under its publishing node yielded.
  ///
  /// - Throws: ``LostInputs``, errors of reading the store, of writing the outputs.
  func publish(_ index: Int, inputs: [BuildGraph.NodeID: Outcome]) throws {
    let pipeline = plan.pipelines[index]
    var candidates: [Candidate] = []
    defer { for case let staged? in candidates.map(\.staged) { try? FileSystem.remove(staged) } }
    for output in pipeline.outputs.indices {
      candidates.append(try candidate(pipeline, output: output, inputs: inputs))
    }
    let checks = pipeline.pipeline.checks.flatMap { check in
      candidates.map { CheckReport(check, output: $0.path, metrics: $0.metrics) }
    }
    var outputs: [OutputReport] = []
    if checks.allSatisfy(\.held) {
      for candidate in candidates {
        if let staged = candidate.staged {
          try OutputFile(path: candidate.path, store: store).replace(with: staged, facts: candidate.facts)
        }
        outputs.append(
          OutputReport(
            path: candidate.path, bytes: candidate.facts.byteCount, sha256: candidate.facts.sha256.hex,
            metrics: candidate.metrics, wasWritten: candidate.staged != nil))
      }
    }
    let publication = Publication(outputs: outputs, checks: checks, metrics: candidates.first?.metrics)
    published.withLock { $0[index] = publication }
  }

  private func candidate(
    _ pipeline: PipelinePlan, output: Int, inputs: [BuildGraph.NodeID: Outcome]
  ) throws -> Candidate {
    let declared = pipeline.pipeline.outputs[output]
    let source = models[pipeline.model]
    let nodes = pipeline.outputs[output]
    let artifacts = nodes.compactMap { inputs[$0]?.artifact }
    guard artifacts.count == nodes.count else { preconditionFailure("publishing waits for all tensors") }
    let metrics = pipeline.outputMetrics[output].reduce(into: TensorMetrics()) { sum, node in
      if case .metrics(let metrics) = inputs[node], metrics.isFloatingPoint { sum += metrics }
    }
    let path = declared.path
    let contentKey = contentKey(format: declared.format, model: source.model, artifacts: artifacts)
    var staged: String?
    let facts: OutputFacts
    if let current = OutputFile(path: path, store: store).current(contentKey: contentKey) {
      facts = current
    } else {
      let file = staging.newFile()
      staged = file
      do {
        facts = try write(
          declared.format, to: file, model: source.model, nodes: nodes, artifacts: artifacts, contentKey: contentKey)
      } catch {
        try? FileSystem.remove(file)
        guard let lost = error as? LostInputs else { throw error }
        // Where one tensor is gone others may be: made again one at a time, each would cost a file written in vain.
        throw LostInputs(nodes: Set(lost.nodes + runner.lost(nodes, artifacts)).sorted())
      }
    }
    return Candidate(
      path: path, facts: facts, staged: staged,
      metrics: OutputMetrics(metrics, sourceBytes: source.model.byteCount, bytes: facts.byteCount))
  }

  private func write(
    _ format: String, to path: String, model: any OpenModel, nodes: [BuildGraph.NodeID], artifacts: [Artifact],
    contentKey: Digest
  ) throws -> OutputFacts {
    guard let format = formats.format(named: format) else {
      preconditionFailure("a checked pipeline names formats that exist")
    }
    let contents = ModelContents(tensors: model.tensors, envelope: model.envelope) { [runner] index in
      try runner.tensor(nodes[index], artifacts[index])
    }
    var hasher = SHA256()
    let file = try NewFile(path) { hasher.update($0) }
    try format.write(contents, to: file)
    // The rename that follows must never be on the disk before the content is.
    try file.sync()
    return OutputFacts(contentKey: contentKey, sha256: hasher.finish(), byteCount: file.byteCount)
  }

  private func contentKey(format: String, model: any OpenModel, artifacts: [Artifact]) -> Digest {
    var hasher = SHA256()
    hasher.updateField("condense output")
    hasher.updateField(1)
    hasher.updateField(format)
    for (key, value) in model.envelope.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      hasher.updateField(key)
      hasher.updateField(value)
    }
    hasher.updateField(UInt64(artifacts.count))
    for (tensor, artifact) in zip(model.tensors, artifacts) {
      hasher.updateField(tensor.name)
      hasher.updateField(artifact.digest)
    }
    return hasher.finish()
  }
}

extension CheckReport {
  init(_ check: CheckUse, output: String, metrics: OutputMetrics) {
    let value: Double? =
      switch check.metric.value {
      case "bytes": Double(metrics.bytes)
      case "ratio": metrics.ratio
      case "density": metrics.density
      case "sqnr": metrics.sqnr
      case "max_error": metrics.maxError
      case "cosine": metrics.cosine
      default: nil
      }
    let minimum = check.min?.value
    let maximum = check.max?.value
    // Nothing lost is an endless signal-to-noise ratio.
    let compared = value ?? .infinity
    self.init(
      output: output, metric: check.metric.value, value: value, min: minimum, max: maximum,
      held: compared >= (minimum ?? -.infinity) && compared <= (maximum ?? .infinity))
  }
}
