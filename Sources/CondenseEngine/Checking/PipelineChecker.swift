import CondenseModels
import CondensePipelines
import CondenseStages
import Foundation

/// Holds a parsed pipeline to what stages and formats there are.
public struct PipelineChecker: Sendable {
  private let stages: StageRegistry
  private let formats: ModelFormats

  public init(stages: StageRegistry, formats: ModelFormats) {
    self.stages = stages
    self.formats = formats
  }

  /// Checks a file's builds; adds what is wrong to `parsed`. Nothing where there are errors, and for a base, which has no
  /// outputs, and for builds that have another pipeline as model: see ``PipelineLinker``.
  public func check(_ parsed: inout ParsedPipeline) -> [CheckedPipeline] {
    var diagnostics = DiagnosticSet()
    diagnostics.formUnion(parsed.diagnostics)
    var checked: [CheckedPipeline] = []
    for build in parsed.builds where build.upstream == nil {
      let (one, problems) = check(build, after: nil, hasErrors: parsed.hasErrors)
      diagnostics.formUnion(problems)
      if let one { checked.append(one) }
    }
    parsed.diagnostics = Diagnostic.inOrder(diagnostics.all, of: parsed.source.file)
    return parsed.hasErrors ? [] : checked
  }

  /// Checks one build that starts where `upstream` ends, if there is one; nil where there are errors, and for a base.
  /// `hasErrors` tells whether there are some already.
  func check(
    _ pipeline: Pipeline, after upstream: Upstream?, hasErrors: Bool
  ) -> (checked: CheckedPipeline?, diagnostics: [Diagnostic]) {
    var check = Check(
      pipeline: pipeline, upstream: upstream, hasErrors: hasErrors, stages: stages, formats: formats)
    let checked = check.run()
    return (checked, check.diagnostics.map { pipeline.annotated($0) })
  }
}

/// One pipeline's check.
private struct Check {
  let pipeline: Pipeline
  let upstream: Upstream?
  /// Whether reading it found any.
  let hasErrors: Bool
  let stages: StageRegistry
  let formats: ModelFormats
  var diagnostics: [Diagnostic] = []

  mutating func run() -> CheckedPipeline? {
    var checked = upstream?.stages ?? []
    /// What each checked stage makes of a tensor; several forms where overrides differ.
    var forms: [Set<TensorForm>] = []
    for stage in checked { forms.append(self.forms(after: stage, forms).result) }
    var places: [String: StageInput] = ["model": upstream?.start ?? .model]
    let start = upstream?.start ?? .model
    for use in inputsFirst() {
      guard var stage = self.stage(use) else { continue }
      let inputID = pipeline.inputIDs[use.id.value] ?? "model"
      // An input that is broken itself has been reported; what follows it is checked as well as can be.
      stage.input = places[inputID] ?? start
      let (result, refusals) = self.forms(after: stage, forms)
      // Where stages are not known yet, so are forms.
      if !pipeline.isPartial { for refusal in refusals { report(refusal.message, use.name.place) } }
      places[use.id.value] = .stage(checked.count)
      checked.append(stage)
      forms.append(result)
    }
    checkMetrics(checked)
    guard !pipeline.outputs.isEmpty, !pipeline.isPartial, let model = upstream?.model ?? self.model() else {
      return nil
    }
    let last = pipeline.stages.last.flatMap { places[$0.id.value] } ?? start
    let outputs = pipeline.outputs.compactMap { output($0, places, last: last) }
    let result = CheckedPipeline(
      file: pipeline.file, name: pipeline.name.value, model: model, stages: checked, lastStage: last,
      outputs: outputs, checks: pipeline.checks)
    // Where something is wrong, a stage may seem unused because of that.
    if !hasErrors && diagnostics.isEmpty { warnOfUnused(result) }
    return result
  }

  /// Reports checks on what nothing measures. A base's may be on what a stage of those reports that extend it.
  private mutating func checkMetrics(_ checked: [CheckedStage]) {
    guard !pipeline.checks.isEmpty else { return }
    // Nor is it known of all where one could not be set up.
    let isWhole =
      checked.count == (upstream?.stages.count ?? 0) + pipeline.stages.count && !pipeline.isPartial
      && !pipeline.outputs.isEmpty
    // What cannot be used now may report it once it can.
    guard isWhole || stages.unavailable.isEmpty else { return }
    let reporting = isWhole ? checked.map(\.description) : stages.stages.map(\.description)
    let known = Metric.all.map(\.name) + reporting.flatMap { $0.metrics.map(\.name) }
    for check in pipeline.checks where !known.contains(check.metric.value) {
      diagnostics.append(.unknown("metric", check.metric, known: known))
    }
  }

  /// What a stage makes of a tensor, given what its input and earlier ones do, and why it refuses all that it could be
  /// given. Where only some forms are refused, the tensors' names decide: see `refusal(of:)`.
  private func forms(
    after stage: CheckedStage, _ forms: [Set<TensorForm>]
  ) -> (result: Set<TensorForm>, refusals: [StageRefusal]) {
    let inputs = if case .stage(let index) = stage.input { forms[index] } else { [TensorForm()] as Set }
    var result: Set<TensorForm> = []
    var refusals: [StageRefusal] = []
    for variant in [stage.base] + stage.overrides.map(\.stage) {
      let attempts = inputs.map { form in Result { () throws(StageRefusal) in try variant.form(after: form) } }
      let accepted = attempts.compactMap { try? $0.get() }
      result.formUnion(accepted)
      guard accepted.isEmpty else { continue }
      for case .failure(let refusal) in attempts { refusals.append(refusal) }
    }
    // Tensors that a stage leaves alone keep their form; they are checked when they meet the next stage.
    if !stage.only.isEmpty || !stage.skip.isEmpty { result.formUnion(inputs) }
    return (result, refusals)
  }

  private mutating func report(_ message: String, _ place: Place) {
    let diagnostic = Diagnostic(.error, message, at: place)
    // Several forms or overrides can lead to the same words.
    if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
  }

  /// The stages in an order in which inputs come first; as they were written where that will do.
  private func inputsFirst() -> [StageUse] {
    let inputs = pipeline.inputIDs
    var ordered: [StageUse] = []
    var placed: Set<String> = ["model"]
    var waiting = pipeline.stages
    while !waiting.isEmpty {
      // What is left goes in circles, or is made from something unknown: both have been reported.
      guard let next = waiting.firstIndex(where: { placed.contains(inputs[$0.id.value] ?? "model") }) else {
        return ordered + waiting
      }
      let ready = waiting.remove(at: next)
      ordered.append(ready)
      placed.insert(ready.id.value)
    }
    return ordered
  }

  private mutating func stage(_ use: StageUse) -> CheckedStage? {
    guard let stage = stages.stage(named: use.name.value) else {
      if let reason = stages.unavailable[use.name.value] {
        report("the stage \(Diagnostic.quoted(use.name.value)) cannot be used: \(reason)", use.name.place)
        return nil
      }
      diagnostics.append(.unknown("stage", use.name, known: stages.names))
      return nil
    }
    let description = stage.description
    var reader = ParameterReader(stage: description)
    let parameters = reader.read(use.parameters)
    let overrides = use.overrides.map { override in (override, reader.read(override.parameters)) }
    diagnostics += reader.diagnostics
    guard reader.diagnostics.isEmpty, !reader.hasOpenValues else { return nil }
    guard let base = configure(stage, parameters, written: use.parameters, otherwise: use.name.place) else {
      return nil
    }
    var configured: [CheckedStage.Override] = []
    for (override, others) in overrides {
      let merged = parameters.merging(others) { _, new in new }
      guard let one = configure(stage, merged, written: override.parameters, otherwise: override.place) else {
        return nil
      }
      configured.append(
        CheckedStage.Override(
          match: override.match.map(\.value), stage: one, written: written(override.parameters, others)))
    }
    return CheckedStage(
      id: use.id.value, name: description.name, place: use.name.place, description: description, input: .model,
      only: use.only.map(\.value), skip: use.skip.map(\.value), base: base,
      written: written(use.parameters, parameters), overrides: configured)
  }

  private func written(_ pairs: [Node.Pair], _ values: StageParameters) -> [WrittenParameter] {
    pairs.compactMap { pair in
      values[pair.key.value].map {
        WrittenParameter(name: pair.key.value, value: $0.canonical, place: pair.value.place)
      }
    }
  }

  /// Sets a stage up; an error is placed at the parameter that it names, if that was written here.
  private mutating func configure(
    _ stage: any Stage, _ parameters: StageParameters, written: [Node.Pair], otherwise: Place
  ) -> (any ConfiguredStage)? {
    do {
      return try stage.configure(parameters)
    } catch {
      let place = written.first { $0.key.value == error.key }?.value.place
      report(place == nil ? error.description : error.message, place ?? otherwise)
      return nil
    }
  }

  private mutating func model() -> Pipeline.ModelReference? {
    guard let model = pipeline.model else { return nil }
    if let format = model.format {
      guard formats.format(named: format.value) != nil else {
        diagnostics.append(
          .unknown("format", format, known: formats.formats.map(\.name)))
        return nil
      }
    } else if formats.format(forPath: model.path.value) == nil {
      report(
        "the extension of \(Diagnostic.quoted(model.path.value)) tells no model format; known are \(formats.extensionList)",
        model.path.place)
      return nil
    }
    return model
  }

  private mutating func output(
    _ use: OutputUse, _ places: [String: StageInput], last: StageInput
  ) -> CheckedOutput? {
    let format: any ModelFormat
    if let name = use.format {
      guard let known = formats.format(named: name.value) else {
        diagnostics.append(.unknown("format", name, known: formats.formats.map(\.name)))
        return nil
      }
      format = known
    } else {
      guard let known = formats.format(forPath: use.path.value) else {
        report(
          "the extension of \(Diagnostic.quoted(use.path.value)) tells no model format; known are \(formats.extensionList)",
          use.path.place)
        return nil
      }
      format = known
    }
    let from = use.from.flatMap { places[$0.value] } ?? last
    return CheckedOutput(path: use.path.absolutePath, from: from, format: format.name, place: use.path.place)
  }

  private mutating func warnOfUnused(_ checked: CheckedPipeline) {
    let needed = checked.stagesFeedingOutputs
    for (index, stage) in checked.stages.enumerated() where !needed.contains(index) {
      guard let use = pipeline.stages.first(where: { $0.id.value == stage.id }) else { continue }
      diagnostics.append(
        Diagnostic(
          .warning, "no output is made from \(Diagnostic.quoted(stage.id)), so it does not run",
          at: use.id.place))
    }
  }
}
