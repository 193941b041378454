import CondenseModels
import CondensePipelines
import CondenseStages

/// A pipeline in which every name is known and every stage is set up: what a build is planned from.
public struct CheckedPipeline: Sendable {
  /// The file, absolute.
  public var file: String
  public var name: String
  public var model: Pipeline.ModelReference
  /// In an order in which inputs come first; those of another pipeline that this one starts from are the first.
  public var stages: [CheckedStage]
  /// The last stage as they were written: what outputs are made from, and other pipelines, where they do not say.
  public var lastStage: StageInput
  public var outputs: [CheckedOutput]
  public var checks: [CheckUse]

  /// Where the model is; what is inherited is relative to the file that wrote it.
  public var modelPath: String { model.path.absolutePath }
}

/// What a stage or an output is made from.
public enum StageInput: Hashable, Sendable {
  case model
  /// Index into the pipeline's stages.
  case stage(Int)
}

/// A stage of a pipeline, set up.
public struct CheckedStage: Sendable {
  /// Of another pipeline's stage, with that one's name: `digits/prune`.
  public var id: String
  /// The other pipeline that it is from.
  public var pipeline: String?
  /// The stage's name, and where it stands.
  public var name: String
  public var place: Place
  public var description: StageDescription
  public var input: StageInput
  public var only: [Glob]
  public var skip: [Glob]
  public var base: any ConfiguredStage
  /// The parameters as they were written, without those that were left out.
  public var written: [WrittenParameter]
  public var overrides: [Override]

  /// Another set-up for some tensors.
  public struct Override: Sendable {
    public var match: [Glob]
    public var stage: any ConfiguredStage
    /// The parameters that are others than the stage's.
    public var written: [WrittenParameter]

    func matches(_ tensor: String) -> Bool { match.contains { $0.matches(tensor) } }
  }

  /// The stage as it is set up for a tensor; nil where it leaves the tensor alone. Of several overrides that match the
  /// last counts.
  public func configured(for tensor: String) -> (any ConfiguredStage)? {
    guard only.isEmpty || only.contains(where: { $0.matches(tensor) }), !skip.contains(where: { $0.matches(tensor) })
    else { return nil }
    return overrides.last { $0.matches(tensor) }?.stage ?? base
  }

  /// The parameters that were written for a tensor, by name.
  func written(for tensor: String) -> [String: WrittenParameter] {
    let all = written + (overrides.last { $0.matches(tensor) }?.written ?? [])
    return Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
  }
}

/// A parameter as somebody wrote it.
public struct WrittenParameter: Equatable, Sendable {
  public var name: String
  /// In canonical spelling: `0.9` for `90%`.
  public var value: String
  public var place: Place
}

/// A file to publish, with its format known.
public struct CheckedOutput: Sendable {
  /// Absolute.
  public var path: String
  public var from: StageInput
  /// The format's name.
  public var format: String
  public var place: Place
}

extension CheckedPipeline {
  /// The first stage that cannot follow what earlier ones make of a tensor, in words that name the tensor.
  ///
  /// Stages can be for some tensors only, so this needs a model's tensors.
  public func refusal(of tensors: [ModelTensor]) -> (message: String, place: Place)? {
    for tensor in tensors {
      let description = TensorDescription(dtype: tensor.dtype, shape: tensor.shape)
      var forms: [TensorForm] = []
      for stage in stages {
        let input = if case .stage(let index) = stage.input { forms[index] } else { TensorForm() }
        guard let configured = stage.configured(for: tensor.name), configured.accepts(description) else {
          forms.append(input)
          continue
        }
        do {
          forms.append(try configured.form(after: input))
        } catch {
          return ("tensor '\(tensor.name)': \(error.message)", stage.place)
        }
      }
    }
    return nil
  }
}
