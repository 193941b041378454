import CondenseCodecs

/// What a stage is told while it works, and whom it tells how it gets on. Quick stages need none of it.
public struct StageRun: Sendable {
  /// Whether nobody wants the result any more: the stage may then throw ``StageError/cancelled`` at once.
  public var isCancelled: @Sendable () -> Bool
  /// Takes the share that is done, from 0 to 1.
  public var progress: @Sendable (Double) -> Void
  /// Takes lines for whoever watches the build.
  public var log: @Sendable (String) -> Void

  public init(
    isCancelled: @escaping @Sendable () -> Bool = { false },
    progress: @escaping @Sendable (Double) -> Void = { _ in }, log: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.isCancelled = isCancelled
    self.progress = progress
    self.log = log
  }
}

/// A tensor of a model that a stage sees as a whole.
public struct NamedTensor: Equatable, Sendable {
  public var name: String
  public var tensor: EncodedTensor

  public init(name: String, tensor: EncodedTensor) {
    self.name = name
    self.tensor = tensor
  }
}

/// What a stage made of one tensor, and the numbers that it reports of it: all that its description names, each finite.
public struct StageResult: Equatable, Sendable {
  public var tensor: EncodedTensor
  public var metrics: [String: Double]

  public init(_ tensor: EncodedTensor, metrics: [String: Double] = [:]) {
    self.tensor = tensor
    self.metrics = metrics
  }
}

/// What a stage made of a model's tensors: as many, in the same order, each with the dtype and shape that it had. A stage
/// that only evaluates gives none.
public struct ModelResult: Equatable, Sendable {
  public var tensors: [EncodedTensor]
  public var metrics: [String: Double]

  public init(_ tensors: [EncodedTensor], metrics: [String: Double] = [:]) {
    self.tensors = tensors
    self.metrics = metrics
  }
}
