import CondenseCodecs
import CondenseTensors

/// A kind of stage: its name, version and parameters, and how to set one up.
///
/// A stage is a pure transformation of one tensor, or of all at once: the same input and parameters yield the same bytes on
/// every machine and with any number of workers. It knows nothing of caches or pipelines.
public protocol Stage: Sendable {
  /// What `condense stages` prints, keys contain and pipelines are checked against.
  var description: StageDescription { get }

  /// Sets the stage up with parameters that have passed ``StageDescription/parameters``' own checks.
  ///
  /// - Throws: ``ParameterError`` where values that are each fine do not go together.
  func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage
}

/// A stage with its parameters resolved.
public protocol ConfiguredStage: Sendable {
  /// All parameters that have an effect, defaults filled in: two settings that mean the same are equal here.
  var parameters: StageParameters { get }

  /// Whether the stage needs a decision over the whole model: *measure → allocate → apply* instead of *apply*.
  var spansModel: Bool { get }

  /// What the stage makes of a tensor in a given form, for checking a pipeline before there is a model.
  ///
  /// - Throws: ``StageRefusal`` where the order makes no sense, such as pruning what is entropy-coded.
  func form(after input: TensorForm) throws(StageRefusal) -> TensorForm

  /// Whether the stage acts on tensors like this; the others pass through untouched.
  func accepts(_ tensor: TensorDescription) -> Bool

  /// Summarises one tensor for ``allocate(_:)``. Only called where ``spansModel``.
  func measure(_ input: EncodedTensor) throws(StageError) -> Measurement

  /// Decides over all measured tensors, in model order; returns one allocation for each. Only called where
  /// ``spansModel``.
  func allocate(_ measurements: [Measurement]) throws(StageError) -> [Allocation]

  /// Transforms one tensor. `allocation` is what ``allocate(_:)`` gave this tensor, nil unless ``spansModel``.
  func apply(_ input: EncodedTensor, allocation: Allocation?) throws(StageError) -> EncodedTensor

  /// What besides parameters and version decides what comes out, such as the content of files that parameters name. It is
  /// part of keys, and what changed of it is what `condense why` names.
  var sources: [StageSource] { get }

  // What a build calls. A stage that takes long, reports numbers or sees all tensors at once implements these; for the
  // others they are the ones above.

  func measure(_ input: EncodedTensor, run: StageRun) throws(StageError) -> Measurement
  func allocate(_ measurements: [Measurement], run: StageRun) throws(StageError) -> [Allocation]
  func apply(_ input: EncodedTensor, allocation: Allocation?, run: StageRun) throws(StageError) -> StageResult

  /// Transforms or evaluates all tensors at once, in model order. Only called where the description's
  /// ``StageDescription/scope`` says so.
  func transform(_ model: [NamedTensor], run: StageRun) throws(StageError) -> ModelResult
}

extension ConfiguredStage {
  public var spansModel: Bool { false }

  /// Weights: floating-point tensors of rank 2 and up.
  public func accepts(_ tensor: TensorDescription) -> Bool {
    tensor.dtype.isFloatingPoint && tensor.shape.rank >= 2
  }

  public func measure(_ input: EncodedTensor) throws(StageError) -> Measurement {
    throw StageError("this stage makes no decision over the model, so it has nothing to measure")
  }

  public func allocate(_ measurements: [Measurement]) throws(StageError) -> [Allocation] {
    throw StageError("this stage makes no decision over the model, so it has nothing to allocate")
  }

  public func apply(_ input: EncodedTensor, allocation: Allocation?) throws(StageError) -> EncodedTensor {
    throw StageError("this stage sees all tensors at once, or none")
  }

  public var sources: [StageSource] { [] }

  public func measure(_ input: EncodedTensor, run: StageRun) throws(StageError) -> Measurement { try measure(input) }

  public func allocate(_ measurements: [Measurement], run: StageRun) throws(StageError) -> [Allocation] {
    try allocate(measurements)
  }

  public func apply(
    _ input: EncodedTensor, allocation: Allocation?, run: StageRun
  ) throws(StageError) -> StageResult {
    StageResult(try apply(input, allocation: allocation))
  }

  public func transform(_ model: [NamedTensor], run: StageRun) throws(StageError) -> ModelResult {
    throw StageError("this stage sees one tensor at a time")
  }
}

/// What `measure` says of one tensor: opaque to everyone but the stage.
public struct Measurement: Equatable, Sendable {
  public var bytes: Bytes
  public init(_ bytes: Bytes) { self.bytes = bytes }
}

/// What `allocate` decided for one tensor: whole numbers such as a count of survivors or bits.
///
/// Integers, not floating thresholds, so that a tensor runs again only when its own share moved.
public struct Allocation: Hashable, Sendable {
  public var values: [Int]
  public init(_ values: [Int]) { self.values = values }
}

/// A tensor's type and shape, without its bytes.
public struct TensorDescription: Hashable, Sendable {
  public var dtype: DType
  public var shape: Shape
  public init(dtype: DType, shape: Shape) {
    self.dtype = dtype
    self.shape = shape
  }
}

/// What earlier stages have made of a tensor.
public struct TensorForm: Hashable, Sendable {
  public var isMasked = false
  public var isClustered = false
  public var isQuantized = false
  public var isCoded = false
  public init() {}
}
