import CondensePipelines

/// What a build did.
public struct BuildReport: Sendable {
  /// In the order in which they were asked for.
  public var pipelines: [PipelineReport] = []
  public var actions = ActionCounts()
  public var seconds = 0.0

  public init() {}
}

/// Stage executions, each counted once however many tensors or pipelines share it.
public struct ActionCounts: Equatable, Sendable, Codable {
  public var total = 0
  public var ran = 0
  public var cached = 0

  public init() {}
}

/// What became of one pipeline.
public struct PipelineReport: Equatable, Sendable {
  public enum Status: String, Sendable, Codable {
    /// Something ran.
    case built
    /// Everything was in the cache.
    case cached
    case failed
  }

  public var name: String
  /// As it was given, or relative to the workspace.
  public var file: String
  public var status: Status = .failed
  public var actions = ActionCounts()
  public var outputs: [OutputReport] = []
  /// Of the first output; each output has its own.
  public var metrics: OutputMetrics?
  public var checks: [CheckReport] = []
  public var stages: [StageReport] = []
  public var tensors: [TensorReport] {
    get { tensorTable.tensors }
    set { tensorTable = TensorTable(newValue) }
  }
  /// For each output of the pipeline the ids of the stages that it went through.
  public var outputStages: [[String]] = []
  /// Why it failed.
  public var error: String?
  /// Where the pipeline says what failed: the stage, the check, the model or the output; nil where it is nothing of these.
  public var errorPlace: Place?
  /// Whether it failed because the pipeline file or the model is invalid, rather than in building.
  public var isInvalid = false

  var tensorTable = TensorTable([])

  public init(name: String, file: String) {
    self.name = name
    self.file = file
  }
}

/// A published file.
public struct OutputReport: Equatable, Sendable {
  public var path: String
  public var bytes: Int
  public var sha256: String
  public var metrics: OutputMetrics
  /// Whether the file was written by this build; false where it was there already.
  public var wasWritten: Bool
}

/// What a published file is worth, against the source model.
public struct OutputMetrics: Equatable, Sendable {
  public var sourceBytes: Int
  public var bytes: Int
  /// Over all floating tensors; so are the following.
  public var density: Double
  /// In dB; nil where nothing was lost.
  public var sqnr: Double?
  public var maxError: Double
  public var cosine: Double

  /// Source file bytes over output bytes.
  public var ratio: Double { bytes == 0 ? 0 : Double(sourceBytes) / Double(bytes) }
}

extension OutputMetrics {
  init(_ metrics: TensorMetrics, sourceBytes: Int, bytes: Int) {
    self.sourceBytes = sourceBytes
    self.bytes = bytes
    density = metrics.density
    sqnr = metrics.sqnr
    maxError = metrics.maxError
    cosine = metrics.cosine
  }
}

/// A bound, and whether it held.
public struct CheckReport: Equatable, Sendable {
  /// The output that was held to it.
  public var output: String
  public var metric: String
  /// Nil for a signal-to-noise ratio where nothing was lost, and for what no stage reported, which never holds.
  public var value: Double?
  public var min: Double?
  public var max: Double?
  public var held: Bool
}

/// What a stage made of all tensors.
public struct StageReport: Equatable, Sendable {
  public var id: String
  public var stage: String
  /// Tensors that it acted on.
  public var tensors: Int
  /// The model's artifacts after the stage.
  public var bytes: Int
  public var metrics: OutputMetrics
  public var actions: ActionCounts
  /// The numbers that the stage itself reports.
  public var values: [String: Double] = [:]
}

/// What the pipeline made of one tensor.
public struct TensorReport: Equatable, Sendable {
  public var name: String
  public var dtype: String
  public var shape: [Int]
  public var sourceBytes: Int
  /// The stages that acted on it, by id, each with the artifact's size and whether it ran.
  public var steps: [Step]

  public struct Step: Equatable, Sendable {
    public var stage: String
    public var bytes: Int
    public var ran: Bool
    /// Of the tensor after the stage, against the source.
    public var density: Double
    public var sqnr: Double?
  }
}
