/// One build of a pipeline file as it was written: every value with its place, stages and formats not yet looked up.
public struct Pipeline: Sendable {
  /// The file that is built, as it was given; what it inherits is placed in other files.
  public var file: String
  /// The build's name: `digits`, or `digits[lenet,bits=4]` where the file has several.
  public var name: Located<String>
  /// A model file. Nil where the model is another pipeline, and in a base, which is checked but not built.
  public var model: ModelReference?
  /// Another pipeline whose result is the model.
  public var upstream: UpstreamReference?
  public var stages: [StageUse] = []
  public var outputs: [OutputUse] = []
  public var checks: [CheckUse] = []
  /// Whether values are missing that come from what extends the file, or from a base that cannot be read: then only what
  /// is there can be held to anything.
  public var isPartial: Bool
  /// For values with variables in them, where these got their values.
  public var variableNotes: [Place: [Diagnostic.Note]] = [:]

  init(file: String, name: Located<String>, isPartial: Bool) {
    self.file = file
    self.name = name
    self.isPartial = isPartial
  }

  /// A diagnostic of this build, with where the variables in the value at fault got theirs.
  public func annotated(_ diagnostic: Diagnostic) -> Diagnostic {
    guard let range = diagnostic.range,
      let notes = variableNotes[Place(file: diagnostic.file, range: range)]
    else { return diagnostic }
    var annotated = diagnostic
    annotated.notes += notes
    return annotated
  }

  /// A model: its path, and its format where the extension does not tell.
  public struct ModelReference: Sendable {
    public var path: Located<String>
    public var format: Located<String>?
  }
}

extension Pipeline {
  /// What another build is at one of its stages.
  public struct UpstreamReference: Sendable {
    /// The build's name.
    public var pipeline: Located<String>
    /// A stage's id; nil for the last.
    public var stage: Located<String>?
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
