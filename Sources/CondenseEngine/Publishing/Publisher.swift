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
    /// The outputs as they stand on disk.
    var files: [TrackedFile]
    /// For each output why it was written, or not.
    var reasons: [PublishingReason]
    var checks: [CheckReport]
    /// Of the first output, also where a check kept it from being published.
    var metrics: OutputMetrics?
  }

  /// An output that is ready to take its place.
  struct Candidate {
    var path: String
    var facts: OutputFacts
    var place: Place
    var metrics: OutputMetrics

    enum Place {
      /// A file that is to take the output's place.
      case staged(StagedFile, PublishingReason)
      case inPlace(TrackedFile)
    }

    var staged: StagedFile? { if case .staged(let file, _) = place { file } else { nil } }

    var reason: PublishingReason { if case .staged(_, let reason) = place { reason } else { .unchanged } }
  }

  var publications: [Int: Publication] { published.withLock { $0 } }

  /// A pipeline to publish, with what the nodes under its publishing node yielded.
  struct Job: Sendable {
    var pipeline: Int
    var inputs: [BuildGraph.NodeID: Outcome]
  }

  /// Publishes pipelines, each by itself, but with one wait for the disk: all is written, then synced, then put in place.
  ///
  /// What can fail: ``LostInputs``, errors of reading the store, of writing the outputs.
  func publish(_ jobs: [Job]) -> [Result<Void, any Error>] {
    let prepared = jobs.map { job in Result { try candidates(job) } }
    defer {
      for file in prepared.flatMap({ (try? $0.get()) ?? [] }).compactMap(\.staged) {
        try? FileSystem.remove(file.path)
      }
    }
    // The renames that follow must never be on the disk before the content is. The first sync takes most of it along.
    let synced = prepared.map { result in
      result.flatMap { candidates in
        Result {
          for file in candidates.compactMap(\.staged) { try file.sync() }
          return candidates
        }
      }
    }
    // What a power cut may take back is a whole rename, and the next build sees it: nothing waits for the folders.
    return zip(jobs, synced).map { job, result in
      result.flatMap { candidates in Result { try putInPlace(job.pipeline, job.inputs, candidates) } }
    }
  }

  func candidates(_ job: Job) throws -> [Candidate] {
    let pipeline = plan.pipelines[job.pipeline]
    var candidates: [Candidate] = []
    do {
      for output in pipeline.outputs.indices {
        candidates.append(try candidate(pipeline, output: output, inputs: job.inputs))
      }
    } catch {
      for file in candidates.compactMap(\.staged) { try? FileSystem.remove(file.path) }
      throw error
    }
    return candidates
  }

  /// Holds the outputs to the pipeline's checks, and if they pass puts them in place.
  private func putInPlace(
    _ index: Int, _ inputs: [BuildGraph.NodeID: Outcome], _ candidates: [Candidate]
  ) throws {
    let checks = checks(of: index, inputs, candidates)
    var outputs: [OutputReport] = []
    var files: [TrackedFile] = []
    var reasons = candidates.map { _ in PublishingReason.held }
    if checks.allSatisfy(\.held) {
      reasons = candidates.map(\.reason)
      for candidate in candidates {
        switch candidate.place {
        case .staged(let staged, _):
          files.append(
            try OutputFile(path: candidate.path, store: store).replace(with: staged.path, facts: candidate.facts))
        case .inPlace(let file): files.append(file)
        }
        outputs.append(
          OutputReport(
            path: candidate.path, bytes: candidate.facts.byteCount, sha256: candidate.facts.sha256.hex,
            metrics: candidate.metrics, wasWritten: candidate.staged != nil))
      }
    }
    let publication = Publication(
      outputs: outputs, files: files, reasons: reasons, checks: checks, metrics: candidates.first?.metrics)
    published.withLock { $0[index] = publication }
  }

  /// Holds the outputs to the pipeline's checks: to one on what a stage reports, those that the stage leads to.
  func checks(
    of index: Int, _ inputs: [BuildGraph.NodeID: Outcome], _ candidates: [Candidate]
  ) -> [CheckReport] {
    let pipeline = plan.pipelines[index]
    let outputs = zip(candidates, pipeline.pipeline.outputs).map { candidate, output in
      (candidate: candidate, reported: pipeline.reportedMetrics(leadingTo: output.from, inputs))
    }
    return pipeline.pipeline.checks.flatMap { check in
      let name = check.metric.value
      let bound = Metric.isMeasured(name) ? outputs : outputs.filter { $0.reported.names.contains(name) }
      // A check that binds no output must not pass for it.
      return (bound.isEmpty ? outputs : bound).map {
        CheckReport(check, output: $0.candidate.path, metrics: $0.candidate.metrics, reported: $0.reported)
      }
    }
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
    let place: Candidate.Place
    let facts: OutputFacts
    switch OutputFile(path: path, store: store).current(contentKey: contentKey) {
    case .upToDate(let current, let file):
      facts = current
      place = .inPlace(file)
    case .outOfDate(let reason):
      let staged = staging.newFile()
      do {
        let file = try write(declared.format, to: staged, model: source.model, nodes: nodes, artifacts: artifacts)
        facts = OutputFacts(contentKey: contentKey, sha256: file.sha256, byteCount: file.byteCount)
        place = .staged(file, reason)
      } catch {
        try? FileSystem.remove(staged)
        guard let lost = error as? LostInputs else { throw error }
        // Where one tensor is gone others may be: made again one at a time, each would cost a file written in vain.
        throw LostInputs(nodes: Set(lost.nodes + runner.lost(nodes, artifacts)).sorted())
      }
    }
    return Candidate(
      path: path, facts: facts, place: place,
      metrics: OutputMetrics(metrics, sourceBytes: source.model.byteCount, bytes: facts.byteCount))
  }

  private func write(
    _ format: String, to path: String, model: any OpenModel, nodes: [BuildGraph.NodeID], artifacts: [Artifact]
  ) throws -> StagedFile {
    guard let format = formats.format(named: format) else {
      preconditionFailure("a checked pipeline names formats that exist")
    }
    let contents = ModelContents(tensors: model.tensors, envelope: model.envelope) { [runner] index in
      try runner.tensor(nodes[index], artifacts[index])
    }
    var hasher = SHA256()
    let file = try NewFile(path) { hasher.update($0) }
    try format.write(contents, to: file)
    return StagedFile(path: path, sha256: hasher.finish(), byteCount: file.byteCount)
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

extension Scheduler {
  /// The pipeline that a node publishes, with what is known of all that goes into it; nil for other nodes.
  func publication(at node: BuildGraph.NodeID, in graph: BuildGraph) -> Publisher.Job? {
    guard case .publish(let pipeline) = graph[node].work else { return nil }
    let inputs = graph[node].inputs.compactMap { input in outcome(of: input).map { (input, $0) } }
    return Publisher.Job(pipeline: pipeline, inputs: Dictionary(inputs) { first, _ in first })
  }
}

extension CheckReport {
  /// - Parameter reported: what stages report themselves.
  init(_ check: CheckUse, output: String, metrics: OutputMetrics, reported: ReportedMetrics) {
    let name = check.metric.value
    let value: Double? =
      switch name {
      case "bytes": Double(metrics.bytes)
      case "ratio": metrics.ratio
      case "density": metrics.density
      case "sqnr": metrics.sqnr
      case "max_error": metrics.maxError
      case "cosine": metrics.cosine
      default: reported.values[name]
      }
    let minimum = check.min?.value
    let maximum = check.max?.value
    // Nothing lost is an endless signal-to-noise ratio. Of what no stage reported nothing holds.
    let compared = value ?? (Metric.isMeasured(name) ? .infinity : .nan)
    self.init(
      output: output, metric: name, value: value, min: minimum, max: maximum,
      held: compared >= (minimum ?? -.infinity) && compared <= (maximum ?? .infinity))
  }
}
