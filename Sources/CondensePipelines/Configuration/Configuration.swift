/// What a workspace's `condense.yaml` says; without the file, what is usual.
public struct Configuration: Sendable {
  /// The file's text; nil where there is no file.
  public var source: SourceText?
  /// Folders of pipelines, or patterns of them, relative to the file. Nil for `pipelines`.
  public var pipelines: [Located<String>]?
  /// What is left out when pipelines are looked for.
  public var ignore: [Located<IgnorePattern>] = []
  /// Where artifacts are kept, relative to the file.
  public var cacheFolder: Located<String>?
  /// Bytes of artifacts to keep.
  public var cacheLimit: Located<Int>?
  /// Stages that run at a time.
  public var jobs: Located<Int>?
  /// What all pipelines extend in the end.
  public var defaults: Node?
  /// Where stages come from that are programs of their own.
  public var plugins: [PluginEntry] = []
  /// What is wrong with the file.
  public var diagnostics: [Diagnostic] = []

  public init() {}

  /// Reads a file; one that is empty says nothing.
  public init(_ source: SourceText) {
    self.source = source
    let document = Document(source)
    var reader = ConfigurationReader(file: source.file)
    reader.values.diagnostics = document.diagnostics
    if let root = document.root, !root.isNull { reader.read(root) }
    pipelines = reader.pipelines
    ignore = reader.ignore
    cacheFolder = reader.cacheFolder
    cacheLimit = reader.cacheLimit
    jobs = reader.jobs
    defaults = reader.defaults
    plugins = reader.plugins
    diagnostics = Diagnostic.inOrder(reader.values.diagnostics, of: source.file)
  }

  /// The file's text, where a diagnostic points into it.
  public func source(of diagnostic: Diagnostic) -> SourceText? {
    diagnostic.file == source?.file ? source : nil
  }

  public static let mostJobs = 1024
}
