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
  ///
  /// - Parameter others: files that are not asked for, but may have pipelines that those asked for have as models; the
  ///   workspace's own are found without.
  public func load(_ paths: [String], others: [String] = []) -> LoadedPipelines {
    let inputs = InputFiles()
    inputs.keep([workspace.configurationFile])
    var parser = PipelineParser(surroundings(inputs))
    let files = paths.map { read($0, inputs, &parser) }
    var linker = PipelineLinker(
      files, checker: checker, displayPath: workspace.displayPath,
      others: { (others + workspace.allPipelines().files).map { read($0, inputs, &parser) } })
    linker.checkAll()
    var clashes = ClashFinder(displayPath: workspace.displayPath)
    clashes.report(in: &linker.files, count: paths.count)
    var pool = ModelPool(formats: formats)
    let models = paths.indices.map { open(&linker.files[$0], &pool) }
    linker.reportInvalidUpstreams()
    return result(linker, pool, models, inputs, count: paths.count)
  }

  /// - Parameters:
  ///   - models: for each file that was asked for, the index of each build's model in the pool.
  ///   - count: how many files were asked for.
  private func result(
    _ linker: PipelineLinker, _ pool: ModelPool, _ models: [[Int?]], _ inputs: InputFiles, count: Int
  ) -> LoadedPipelines {
    var loaded = LoadedPipelines()
    loaded.models = pool.sources
    var reported: [Diagnostic] = []
    var needed: Set<Int> = []
    for (index, file) in linker.files.prefix(count).enumerated() {
      let diagnostics = Diagnostic.inOrder(file.diagnostics.all, of: file.file)
      reported += diagnostics
      let upstreams = linker.upstreams(of: index)
      needed.formUnion(upstreams)
      var summary = summary(file, diagnostics, inputs, upstreams: upstreams.map { linker.files[$0] })
      summary.unreadableModels = unreadable(summary.modelPaths, pool)
      loaded.files.append(summary)
      guard file.isValid else { continue }
      for case (let pipeline, let model?) in zip(file.checked, models[index]) {
        loaded.ready.append(LoadedPipelines.Ready(pipeline: pipeline, model: model))
      }
    }
    for file in needed.filter({ $0 >= count }).sorted().map({ linker.files[$0] }) {
      reported += Diagnostic.inOrder(file.diagnostics.all, of: file.file)
    }
    loaded.diagnostics = placed(reported, linker.files)
    return loaded
  }

  /// Models that could not be opened, with where the missing parts of sharded ones would be.
  private func unreadable(_ paths: [String], _ pool: ModelPool) -> Set<String> {
    let models = Set(paths).intersection(pool.unreadable)
    let indices = models.filter { $0.hasSuffix(".index.json") }
    return models.union(indices.map { ($0 as NSString).deletingLastPathComponent })
  }

  /// Diagnostics, each once, with the texts that they point into.
  private func placed(_ diagnostics: [Diagnostic], _ files: [LoadedFile]) -> [PlacedDiagnostic] {
    guard !diagnostics.isEmpty else { return [] }
    var sources: [String: SourceText] = [:]
    if let configuration = workspace.configuration.source { sources[configuration.file] = configuration }
    for file in files {
      sources[file.file] = file.parsed.source
      sources.merge(file.parsed.bases) { known, _ in known }
    }
    var shown = DiagnosticSet()
    return diagnostics.filter { shown.insert($0) }.map {
      PlacedDiagnostic(diagnostic: $0, source: sources[$0.file])
    }
  }

  private func surroundings(_ inputs: InputFiles) -> PipelineSurroundings {
    var surroundings = PipelineSurroundings()
    surroundings.read = { path throws(UnreadableFile) in
      do throws(FileError) { return try inputs.read(path) } catch {
        if error.isMissing { inputs.keep([TrackedFile(missing: path)]) }
        throw UnreadableFile("cannot \(error.operation): \(error.reason)", isMissing: error.isMissing)
      }
    }
    let formats = formats
    surroundings.modelStem = { formats.stem(ofPath: $0) }
    surroundings.findModels = { pattern, folder in
      var search = PathSearch(for: .file)
      search.find(pattern, from: folder)
      inputs.keep(search.folders.values)
      var matches = ModelMatches()
      (matches.paths, matches.folders, matches.problem) = (search.sorted, Set(search.folders.keys), search.problem)
      return matches
    }
    surroundings.displayPath = workspace.displayPath
    surroundings.defaults = workspace.configuration.defaults
    return surroundings
  }

  private func read(_ path: String, _ inputs: InputFiles, _ parser: inout PipelineParser) -> LoadedFile {
    do {
      return LoadedFile(parser.parse(SourceText(file: path, bytes: try inputs.read(path))))
    } catch {
      var parsed = ParsedPipeline(source: SourceText(file: path, bytes: []))
      parsed.diagnostics = [Diagnostic(.error, "cannot \(error.operation): \(error.reason)", file: path, range: nil)]
      return LoadedFile(parsed)
    }
  }

  /// Opens the models of a file's builds; for each its index in the pool.
  private func open(_ file: inout LoadedFile, _ models: inout ModelPool) -> [Int?] {
    guard file.isValid else { return [] }
    reportReplacedModels(&file)
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

  /// Reports outputs in the place of models that a pattern names: the next build would take them for models.
  private func reportReplacedModels(_ file: inout LoadedFile) {
    let models = Dictionary(file.checked.map { ($0.modelPath, $0.name) }) { first, _ in first }
    guard models.count > 1 else { return }
    for build in file.checked {
      for output in build.outputs where output.path != build.modelPath {
        guard let other = models[output.path] else { continue }
        file.diagnostics.insert(
          Diagnostic(
            "the output would replace the model of \(Diagnostic.quoted(other)); write it where the pattern does not look",
            at: output.place))
      }
    }
  }

  private func summary(
    _ file: LoadedFile, _ diagnostics: [Diagnostic], _ inputs: InputFiles, upstreams: [LoadedFile]
  ) -> LoadedPipelines.File {
    var paths: Set<String> = [workspace.configurationPath]
    for file in [file] + upstreams {
      paths.formUnion([file.file] + file.parsed.bases.keys + file.parsed.listedFolders)
    }
    let dependencies =
      paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.compactMap { inputs[$0] }
      + file.checked.parameterFiles.map { TrackedFile(parameter: $0) }
    return LoadedPipelines.File(
      file: file.file, name: file.parsed.name, builds: file.parsed.isBase ? [] : file.parsed.builds.map(\.name.value),
      isValid: file.isValid, hasOutputs: !file.parsed.isBase,
      firstError: diagnostics.first { $0.severity == .error }.map { message($0) },
      hasDiagnostics: !diagnostics.isEmpty, dependencies: dependencies,
      modelPaths: file.checked.map(\.modelPath), outputPaths: file.checked.flatMap { $0.outputs.map(\.path) })
  }

  private func message(_ diagnostic: Diagnostic) -> String {
    let place = diagnostic.range.map { ":\($0.start.line):\($0.start.column)" } ?? ""
    return "\(workspace.displayPath(diagnostic.file))\(place): \(diagnostic.message)"
  }
}
