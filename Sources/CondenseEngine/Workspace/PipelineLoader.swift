import CondenseFiles
import CondenseModels
import CondensePipelines
import CondenseStages
import Foundation

/// A diagnostic with the text it points into, so that it can be shown.
public struct PlacedDiagnostic: Sendable {
  public var diagnostic: Diagnostic
  public var source: SourceText?
}

/// Pipeline files, read and checked, with the models they name.
public struct LoadedPipelines: Sendable {
  public struct File: Sendable {
    public var file: String
    /// Nil where the file is too broken to tell.
    public var name: String?
    public var isValid: Bool
    /// A base: checked, but not built.
    public var hasOutputs: Bool
    public var firstError: String?
  }

  /// A pipeline that can be built.
  struct Ready: Sendable {
    var pipeline: CheckedPipeline
    /// Index into `models`.
    var model: Int
  }

  public internal(set) var files: [File] = []
  public internal(set) var diagnostics: [PlacedDiagnostic] = []
  var ready: [Ready] = []
  var models: [ModelSource] = []

  mutating func add(_ model: ModelSource) -> Int {
    models.append(model)
    return models.count - 1
  }

  /// Reports of all files in the order in which they were asked for; invalid ones get a report of their own.
  func inOrder(built: [PipelineReport]) -> [PipelineReport] {
    let reports = Dictionary(built.map { ($0.file, $0) }, uniquingKeysWith: { first, _ in first })
    return files.compactMap { file in
      if let report = reports[file.file] { return report }
      guard !file.isValid else { return nil }
      let stem = ((file.file as NSString).lastPathComponent as NSString).deletingPathExtension
      var report = PipelineReport(name: file.name ?? stem, file: file.file)
      report.isInvalid = true
      report.error = file.firstError
      return report
    }
  }
}

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
  public func load(_ files: [String]) -> LoadedPipelines {
    var entries = files.map { load($0) }
    checkNames(&entries)
    checkOutputs(&entries)
    var loaded = LoadedPipelines()
    var modelIndices: [String: Int] = [:]
    for index in entries.indices {
      if let pipeline = entries[index].checked, !entries[index].parsed.hasErrors {
        open(pipeline, &entries[index], &loaded, &modelIndices)
      }
      let entry = entries[index]
      let diagnostics = entry.parsed.diagnostics
      loaded.diagnostics += diagnostics.map { PlacedDiagnostic(diagnostic: $0, source: entry.parsed.source) }
      let firstError = diagnostics.first { $0.severity == .error }
      loaded.files.append(
        LoadedPipelines.File(
          file: entry.parsed.source.file, name: entry.parsed.pipeline?.name.value, isValid: firstError == nil,
          hasOutputs: entry.checked != nil, firstError: firstError.map { message($0) }))
    }
    return loaded
  }

  private struct Entry {
    var parsed: ParsedPipeline
    var checked: CheckedPipeline?
  }

  private func load(_ file: String) -> Entry {
    do {
      let handle = try OpenFile.reading(file)
      // One byte more than a pipeline may have is enough to see that it is too long.
      let bytes = try handle.read(0..<(1 << 20) + 1).array
      var parsed = PipelineParser.parse(SourceText(file: file, bytes: bytes))
      let checked = checker.check(&parsed)
      return Entry(parsed: parsed, checked: checked)
    } catch {
      let source = SourceText(file: file, bytes: [])
      let diagnostic = Diagnostic(.error, "cannot \(error.operation): \(error.reason)", file: file, range: nil)
      return Entry(parsed: ParsedPipeline(source: source, pipeline: nil, diagnostics: [diagnostic]))
    }
  }

  private func message(_ diagnostic: Diagnostic) -> String {
    let place = diagnostic.range.map { ":\($0.start.line):\($0.start.column)" } ?? ""
    return "\(workspace.displayPath(diagnostic.file))\(place): \(diagnostic.message)"
  }

  /// Opens a pipeline's model, or takes it from those that are open already.
  private func open(
    _ pipeline: CheckedPipeline, _ entry: inout Entry, _ loaded: inout LoadedPipelines,
    _ modelIndices: inout [String: Int]
  ) {
    let path = pipeline.absolutePath(pipeline.model.path.value)
    func refuse(_ message: String) {
      entry.parsed.diagnostics.append(
        Diagnostic(.error, message, at: pipeline.model.path.place))
    }
    if let output = pipeline.outputs.first(where: { pipeline.absolutePath($0.path) == path }) {
      entry.parsed.diagnostics.append(
        Diagnostic(
          .error, "the output would replace the pipeline's own model", at: output.place))
      return
    }
    let key = "\(pipeline.model.format?.value ?? "") \(path)"
    do throws(ModelError) {
      let index: Int
      if let known = modelIndices[key] {
        index = known
      } else {
        index = loaded.add(try ModelSource(path, format: pipeline.model.format?.value, formats: formats))
        modelIndices[key] = index
      }
      if let refusal = pipeline.refusal(of: loaded.models[index].model.tensors) {
        entry.parsed.diagnostics.append(
          Diagnostic(.error, refusal.message, at: refusal.place))
        return
      }
      loaded.ready.append(LoadedPipelines.Ready(pipeline: pipeline, model: index))
    } catch {
      refuse(
        error.isMissing
          ? "there is no model '\(pipeline.model.path.value)' (looked for \(path))"
          : "the model cannot be read: \(error)")
    }
  }

  /// That no two pipelines have one name.
  private func checkNames(_ entries: inout [Entry]) {
    var first: [String: Int] = [:]
    for index in entries.indices {
      guard let pipeline = entries[index].parsed.pipeline, !pipeline.outputs.isEmpty else { continue }
      guard let other = first[pipeline.name.value] else {
        first[pipeline.name.value] = index
        continue
      }
      guard let known = entries[other].parsed.pipeline else { continue }
      reportTwice(
        "two pipelines are named '\(pipeline.name.value)'", &entries, (index, pipeline.name.place),
        (other, known.name.place))
    }
  }

  /// That no two pipelines publish one file.
  private func checkOutputs(_ entries: inout [Entry]) {
    var first: [String: (entry: Int, place: Place)] = [:]
    for index in entries.indices {
      guard let checked = entries[index].checked else { continue }
      for output in checked.outputs {
        let path = checked.absolutePath(output.path)
        guard let other = first[path] else {
          first[path] = (index, output.place)
          continue
        }
        reportTwice(
          "two outputs are written to '\(workspace.displayPath(path))'", &entries, (index, output.place),
          (other.entry, other.place))
      }
    }
  }

  /// Reports a clash at both places, each with a note about the other.
  private func reportTwice(
    _ message: String, _ entries: inout [Entry], _ a: (entry: Int, place: Place),
    _ b: (entry: Int, place: Place)
  ) {
    for (here, there) in [(b, a), (a, b)] {
      let note = Diagnostic.Note("and here", at: there.place)
      entries[here.entry].parsed.diagnostics.append(
        Diagnostic(.error, message, at: here.place, notes: [note]))
    }
  }
}
