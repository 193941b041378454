/// A pipeline file as it was written: every value with its place, stages and formats not yet looked up.
public struct Pipeline: Sendable {
  /// The file, as it was given.
  public var file: String
  public var name: Located<String>
  /// Nil in a base, which is checked but not built.
  public var model: ModelReference?
  public var stages: [StageUse]
  public var outputs: [OutputUse]
  public var checks: [CheckUse]

  /// A model: its path, and its format where the extension does not tell.
  public struct ModelReference: Sendable {
    public var path: Located<String>
    public var format: Located<String>?
  }
}

/// A stage of a pipeline.
public struct StageUse: Sendable {
  /// Its name among the pipeline's stages.
  public var id: Located<String>
  /// The stage's name.
  public var name: Located<String>
  /// Nil for the item before, and for the first the model.
  public var from: Located<String>?
  /// Patterns of tensors to act on; empty for all.
  public var only: [Located<Glob>]
  /// Patterns of tensors to leave alone.
  public var skip: [Located<Glob>]
  public var parameters: [Node.Pair]
  public var overrides: [StageOverride]
}

/// Other parameters for some tensors.
public struct StageOverride: Sendable {
  public var match: [Located<Glob>]
  public var parameters: [Node.Pair]
  public var place: Place
}

/// A file to publish.
public struct OutputUse: Sendable {
  public var path: Located<String>
  /// A stage's id; nil for the last stage.
  public var from: Located<String>?
  public var format: Located<String>?
}

/// Bounds on a metric, in its own unit.
public struct CheckUse: Sendable {
  public var metric: Located<String>
  public var min: Located<Double>?
  public var max: Located<Double>?

  public init(metric: Located<String>, min: Located<Double>?, max: Located<Double>?) {
    self.metric = metric
    self.min = min
    self.max = max
  }
}

/// What reading a pipeline file came to.
public struct ParsedPipeline: Sendable {
  public var source: SourceText
  /// As much as could be read, also where there are errors, so that later checks find theirs in the same run. Nil where
  /// there is not even a mapping.
  public var pipeline: Pipeline?
  public var diagnostics: [Diagnostic]

  public init(source: SourceText, pipeline: Pipeline?, diagnostics: [Diagnostic]) {
    self.source = source
    self.pipeline = pipeline
    self.diagnostics = diagnostics
  }

  public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}
