import CondensePipelines

/// A diagnostic with the text it points into, so that it can be shown.
public struct PlacedDiagnostic: Sendable {
  public var diagnostic: Diagnostic
  public var source: SourceText?

  public init(diagnostic: Diagnostic, source: SourceText?) {
    self.diagnostic = diagnostic
    self.source = source
  }
}

/// Pipeline files, read and checked, with the models they name.
public struct LoadedPipelines: Sendable {
  public struct File: Sendable {
    public var file: String
    /// The pipeline's name; nil where the file is too broken to tell.
    public var name: String?
    /// The names of its builds: several where it has a matrix or a pattern for its model.
    public var builds: [String]
    /// An invalid file builds nothing, however few of its builds are at fault.
    public var isValid: Bool
    /// A base has none: it is checked, but not built.
    public var hasOutputs: Bool
    public var firstError: String?
    /// Whether there is something to say about the file or what it is made from, warnings too.
    var hasDiagnostics = false
    /// Everything on disk that decides what the file stands for, as it was when it was read, sorted by path: itself, what
    /// it extends, the workspace's configuration, the folders in which its models were looked for, and all of that of the
    /// pipelines that its builds have as models. Also what was not there where it was looked for.
    var dependencies: [TrackedFile] = []
    /// The models of its builds, and what they publish; also where a model is not there.
    var modelPaths: [String] = []
    /// Those of them that are there, but could not be opened; of a sharded one, which lacks a part or has a wrong one, also
    /// the folder.
    var unreadableModels: Set<String> = []
    var outputPaths: [String] = []
  }

  /// A build that can be run.
  struct Ready: Sendable {
    var pipeline: CheckedPipeline
    /// Index into `models`.
    var model: Int
  }

  public internal(set) var files: [File] = []
  public internal(set) var diagnostics: [PlacedDiagnostic] = []
  var ready: [Ready] = []
  var models: [ModelSource] = []

  /// The names of the builds that can be run, and the paths of what they publish.
  var names: Set<String> { Set(ready.map(\.pipeline.name)) }
  var outputPaths: Set<String> { Set(ready.flatMap { $0.pipeline.outputs.map(\.path) }) }
}
