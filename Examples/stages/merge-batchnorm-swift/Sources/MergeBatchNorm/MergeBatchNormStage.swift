import CondenseCodecs
import CondenseStages
import CondenseTensors

/// Moves what batch normalisation does in inference into the weights before it (Jacob et al., "Quantization and Training
/// of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018, section 3.2).
///
/// The normalisation stays in the model, as one that does nothing but add: then its tensors take next to no space, and
/// what runs the model needs no change.
public struct MergeBatchNormStage: Stage {
  public init() {}

  public var description: StageDescription {
    StageDescription(
      name: "merge-batchnorm", version: 1,
      summary: "Moves the scales of batch normalisation into the weights before it.", scope: .model,
      metrics: [MetricDescription("merged", total: .sum, "Normalisations that were merged.")],
      parameters: [
        ParameterDescription(
          "epsilon", .number(0...1), default: .number(1e-5), "What the model adds to a variance.")
      ])
  }

  public func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage {
    MergingBatchNorm(epsilon: parameters["epsilon"]?.double ?? 1e-5)
  }
}

/// `merge-batchnorm` with its parameters.
struct MergingBatchNorm: ConfiguredStage {
  let epsilon: Double

  var parameters: StageParameters { ["epsilon": .number(epsilon)] }

  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm {
    guard input == TensorForm() else { throw StageRefusal("merge-batchnorm comes first") }
    return input
  }

  /// Biases, means and variances are of rank 1.
  func accepts(_ tensor: TensorDescription) -> Bool { tensor.dtype.isFloatingPoint && tensor.shape.rank >= 1 }

  func transform(_ model: [NamedTensor], run: StageRun) throws(StageError) -> ModelResult {
    var model = model
    let merges = NormalizedWeights.all(in: model)
    for (index, merge) in merges.enumerated() {
      if run.isCancelled() { throw .cancelled }
      try merge.apply(to: &model, epsilon: epsilon)
      run.progress(Double(index + 1) / Double(merges.count))
    }
    return ModelResult(model.map(\.tensor), metrics: ["merged": Double(merges.count)])
  }
}
