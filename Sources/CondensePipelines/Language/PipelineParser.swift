/// Reads pipeline files: YAML, with what it extends, into one ``Pipeline`` for each build, and everything that is wrong.
///
/// One parser reads many files, so that bases they share are read once.
public struct PipelineParser: Sendable {
  private let surroundings: PipelineSurroundings
  private var inheritance: Inheritance

  public init(_ surroundings: PipelineSurroundings) {
    self.surroundings = surroundings
    inheritance = Inheritance(
      read: surroundings.read, displayPath: surroundings.displayPath, defaults: surroundings.defaults)
  }

  /// Reads a file as if it were the only one.
  public static func parse(_ source: SourceText) -> ParsedPipeline {
    var parser = PipelineParser(PipelineSurroundings())
    return parser.parse(source)
  }

  public mutating func parse(_ source: SourceText) -> ParsedPipeline {
    let document = Document(source)
    var parsed = ParsedPipeline(source: source)
    // What is no YAML has been reported as that.
    guard document.root != nil || document.diagnostics.isEmpty else {
      parsed.diagnostics = document.diagnostics
      return parsed
    }
    let composed = inheritance.compose(document)
    var expansion = BuildExpansion(composed, file: source.file, surroundings: surroundings)
    parsed.builds = expansion.builds()
    parsed.name = expansion.fileName
    parsed.isBase = !composed.hasOutputs
    parsed.bases = composed.bases
    parsed.listedFolders = expansion.listedFolders.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    parsed.diagnostics = Diagnostic.inOrder(composed.diagnostics + expansion.diagnostics.all, of: source.file)
    return parsed
  }
}

/// What reading a pipeline file came to.
public struct ParsedPipeline: Sendable {
  public var source: SourceText
  /// The pipeline's name; of several builds each has one that begins with it. Nil where the file is too broken to tell.
  public var name: String?
  /// As much as could be read, also where there are errors, so that later checks find theirs in the same run: several
  /// where the file has a matrix, or a pattern for its model; none where there is not even a mapping.
  public var builds: [Pipeline] = []
  /// A file without outputs, also in what it extends: checked but not built.
  public var isBase = false
  public var diagnostics: [Diagnostic] = []
  /// The texts of the files that it extends, by path; those that are not there are empty.
  public var bases: [String: SourceText] = [:]
  /// Folders that patterns were looked up in, absolute and sorted: a file that comes or goes there can change the builds.
  public var listedFolders: [String] = []

  public init(source: SourceText) { self.source = source }

  public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  /// The text that a diagnostic points into.
  public func source(of diagnostic: Diagnostic) -> SourceText? {
    diagnostic.file == source.file ? source : bases[diagnostic.file]
  }
}
