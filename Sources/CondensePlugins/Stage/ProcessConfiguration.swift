import CondenseCodecs
import CondenseStages
import CondenseTensors

/// A plugin with its parameters.
struct ProcessConfiguration: ConfiguredStage {
  let plugin: Plugin
  /// With the content of files in the place of their paths.
  let parameters: StageParameters
  /// As the plugin gets them.
  let sent: StageParameters
  let files: SourceSet

  /// A tensor's name in the file that a plugin gets of it: never its own, which keys do not hold.
  static let tensorName = "tensor"

  var spansModel: Bool { plugin.description.decides }

  var sources: [StageSource] { files.sources }

  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm {
    // An evaluation leaves everything as it is, and decodes what it has to.
    if plugin.description.scope == .evaluation { return input }
    if input.isCoded {
      throw StageRefusal(
        "\(plugin.description.name) cannot follow huffman or entropy: there are no numbers left to work on")
    }
    return TensorForm()
  }

  func accepts(_ tensor: TensorDescription) -> Bool {
    let isWanted = plugin.description.dtypes?.contains(tensor.dtype) ?? tensor.dtype.isFloatingPoint
    return isWanted && tensor.shape.rank >= plugin.description.minRank ?? 2
  }

  func measure(_ input: EncodedTensor, run: StageRun) throws(StageError) -> Measurement {
    try plugin.ask(question(.measure), [named(input)], run: run) { (result, _) throws(PluginFailure) in
      guard let measurement = result.measurement else { throw PluginFailure("its result has no measurement") }
      return Measurement(Bytes(measurement.utf8))
    }
  }

  func allocate(_ measurements: [Measurement], run: StageRun) throws(StageError) -> [Allocation] {
    var question = question(.allocate)
    question.measurements = measurements
    return try plugin.ask(question, nil, run: run) { (result, _) throws(PluginFailure) in
      guard let allocations = result.allocations else { throw PluginFailure("its result has no allocations") }
      guard allocations.count == measurements.count else {
        throw PluginFailure("its result has \(allocations.count) allocations for \(measurements.count) measurements")
      }
      return allocations.map { Allocation($0) }
    }
  }

  func apply(_ input: EncodedTensor, allocation: Allocation?, run: StageRun) throws(StageError) -> StageResult {
    guard plugin.description.scope == .tensor else { throw StageError("this stage sees all tensors at once, or none") }
    if spansModel && allocation == nil { throw StageError("a decision over the model needs an allocation") }
    var question = question(.apply)
    question.allocation = allocation
    let tensor = named(input)
    return try plugin.ask(question, [tensor], run: run) { (result, output) throws(PluginFailure) in
      let tensors = try plugin.tensors(result, in: output, expected: [tensor])
      return StageResult(tensors[0], metrics: try plugin.metrics(result))
    }
  }

  func transform(_ model: [NamedTensor], run: StageRun) throws(StageError) -> ModelResult {
    let isEvaluation = plugin.description.scope == .evaluation
    guard plugin.description.scope != .tensor else { throw StageError("this stage sees one tensor at a time") }
    return try plugin.ask(question(isEvaluation ? .evaluate : .transform), model, run: run) {
      (result, output) throws(PluginFailure) in
      let metrics = try plugin.metrics(result)
      guard !isEvaluation else {
        guard result.tensors == nil else { throw PluginFailure("its result has tensors; an evaluation changes none") }
        return ModelResult([], metrics: metrics)
      }
      return ModelResult(try plugin.tensors(result, in: output, expected: model), metrics: metrics)
    }
  }

  private func question(_ action: PluginRequest.Action) -> Plugin.Question {
    Plugin.Question(action: action, parameters: sent, files: files)
  }

  private func named(_ tensor: EncodedTensor) -> NamedTensor {
    NamedTensor(name: ProcessConfiguration.tensorName, tensor: tensor)
  }
}
