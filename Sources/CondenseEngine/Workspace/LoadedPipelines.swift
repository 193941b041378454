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
    /// Everything on disk that decides what the file stands for, as it was when it was read, sorted by path: itself, what
    /// it extends, the workspace's configuration, the folders in which its models were looked for, and all of that of the
    /// pipelines that its builds have as models. Also what was not there where it was looked for.
    var dependencies: [TrackedFile] = []
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

  /// Reports of all builds in the order of their files; those of invalid files get reports of their own.
  func inOrder(built: [PipelineReport]) -> [PipelineReport] {
    let reports = Dictionary(built.map { (Key($0.file, $0.name), $0) }, uniquingKeysWith: { first, _ in first })
    return files.flatMap { file -> [PipelineReport] in
      if file.isValid { return file.builds.compactMap { reports[Key(file.file, $0)] } }
      let names = file.builds.isEmpty ? [file.name ?? PipelineName.stem(file.file)] : file.builds
      return names.map { name in
        var report = PipelineReport(name: name, file: file.file)
        report.isInvalid = true
        report.error = file.firstError
        return report
      }
    }
  }

  private struct Key: Hashable {
    var file: String
    var name: String

    init(_ file: String, _ name: String) {
      self.file = file
      self.name = name
    }
  }
}
