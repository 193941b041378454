import CondenseFiles
import CondenseModels
import CondensePipelines
import CondenseStages
import Foundation

/// Reads and checks pipeline files, and opens the models that they name.
public struct PipelineLoader: Sendable {
  private let checker: PipelineChecker
  private let formats: ModelFormats
  private let workspace: Workspace

  public init(stages: StageRegistry, formats: ModelFormats, workspace: Workspace) {
    checker = PipelineChecker(stages: stages, formats: formats)
    self.formats = formats
    self.workspace = workspace
  }

  /// Loads files; whatever is wrong with one is in the result, and leaves the others alone.
  public func load(_ paths: [String]) -> LoadedPipelines {
    var parser = PipelineParser(surroundings)
    var files = paths.map { read($0, &parser) }
    for index in files.indices { check(&files[index]) }
    var clashes = ClashFinder(displayPath: workspace.displayPath)
    clashes.report(in: &files)
    var loaded = LoadedPipelines()
    var models = ModelPool(formats: formats)
    let indices = files.indices.map { open(&files[$0], &models) }
    loaded.models = models.sources
    var shown = DiagnosticSet()
    for (file, models) in zip(files, indices) {
      let diagnostics = Diagnostic.inOrder(file.diagnostics.all, of: file.file)
      for diagnostic in diagnostics where shown.insert(diagnostic) {
        loaded.diagnostics.append(
          PlacedDiagnostic(diagnostic: diagnostic, source: file.parsed.source(of: diagnostic)))
      }
      loaded.files.append(summary(file, diagnostics))
      guard file.isValid else { continue }
      for case (let pipeline, let model?) in zip(file.checked, models) {
        loaded.ready.append(LoadedPipelines.Ready(pipeline: pipeline, model: model))
      }
    }
    return loaded
  }

  private var surroundings: PipelineSurroundings {
    var surroundings = PipelineSurroundings()
    surroundings.read = { path throws(UnreadableFile) in
      do throws(FileError) { return try PipelineLoader.bytes(of: path) } catch {
        throw UnreadableFile("cannot \(error.operation): \(error.reason)", isMissing: error.isMissing)
      }
    }
    let formats = formats
    surroundings.modelStem = { formats.stem(ofPath: $0) }
    surroundings.findModels = { pattern, folder in
      var search = PathSearch(for: .file)
      search.find(pattern, from: folder)
      var matches = ModelMatches()
      (matches.paths, matches.folders, matches.problem) = (search.sorted, search.folders, search.problem)
      return matches
    }
    surroundings.displayPath = workspace.displayPath
    return surroundings
  }

  /// One byte more than a pipeline may have is enough to see that it is too long.
  private static func bytes(of path: String) throws(FileError) -> [UInt8] {
    try OpenFile.reading(path).read(0..<(1 << 20) + 1).array
  }

  private func read(_ path: String, _ parser: inout PipelineParser) -> LoadedFile {
    do {
      return LoadedFile(parsed: parser.parse(SourceText(file: path, bytes: try PipelineLoader.bytes(of: path))))
    } catch {
      var parsed = ParsedPipeline(source: SourceText(file: path, bytes: []))
      parsed.diagnostics = [Diagnostic(.error, "cannot \(error.operation): \(error.reason)", file: path, range: nil)]
      return LoadedFile(parsed: parsed)
    }
  }

  private func check(_ file: inout LoadedFile) {
    file.diagnostics.formUnion(file.parsed.diagnostics)
    for build in file.parsed.builds where !file.diagnostics.isFull {
      let (checked, diagnostics) = checker.check(build, hasErrors: !file.isValid)
      file.diagnostics.formUnion(diagnostics)
      if let checked { file.checked.append(checked) }
    }
  }

  /// Opens the models of a file's builds; for each its index in the pool.
  private func open(_ file: inout LoadedFile, _ models: inout ModelPool) -> [Int?] {
    guard file.isValid else { return [] }
    var indices: [Int?] = []
    for pipeline in file.checked {
      do {
        indices.append(try models.index(for: pipeline))
      } catch {
        file.diagnostics.insert(error)
        indices.append(nil)
      }
    }
    return indices
  }

  private func summary(_ file: LoadedFile, _ diagnostics: [Diagnostic]) -> LoadedPipelines.File {
    LoadedPipelines.File(
      file: file.file, name: file.parsed.name, builds: file.parsed.isBase ? [] : file.parsed.builds.map(\.name.value),
      isValid: file.isValid, hasOutputs: !file.parsed.isBase,
      firstError: diagnostics.first { $0.severity == .error }.map { message($0) },
      inputs: (Array(file.parsed.bases.keys) + [file.file]).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
      listedFolders: file.parsed.listedFolders)
  }

  private func message(_ diagnostic: Diagnostic) -> String {
    let place = diagnostic.range.map { ":\($0.start.line):\($0.start.column)" } ?? ""
    return "\(workspace.displayPath(diagnostic.file))\(place): \(diagnostic.message)"
  }
}
