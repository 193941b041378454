import CondenseModels
import CondensePipelines

/// The models of a load, each opened once however many builds read it.
struct ModelPool {
  private let formats: ModelFormats
  private(set) var sources: [ModelSource] = []
  private var opened: [Key: Result<Int, ModelError>] = [:]

  /// Models that are there, but could not be opened.
  private(set) var unreadable: Set<String> = []

  private struct Key: Hashable {
    var path: String
    var format: String?
  }

  init(formats: ModelFormats) { self.formats = formats }

  /// The index of a build's model in ``sources``.
  ///
  /// - Throws: ``Diagnostic`` where the model is not there, cannot be read, would be overwritten, or has a tensor that
  ///   a stage refuses.
  mutating func index(for pipeline: CheckedPipeline) throws(Diagnostic) -> Int {
    let path = pipeline.modelPath
    if let output = pipeline.outputs.first(where: { $0.path == path }) {
      throw Diagnostic("the output would replace the pipeline's own model", at: output.place)
    }
    let index: Int
    do {
      index = try open(path, format: pipeline.model.format?.value)
    } catch {
      throw Diagnostic(
        error.isMissing
          ? "there is no model \(Diagnostic.quoted(pipeline.model.path.value)) (looked for \(path))"
          : "the model cannot be read: \(error)", at: pipeline.model.path.place)
    }
    if let refusal = pipeline.refusal(of: sources[index].model.tensors) {
      throw Diagnostic(refusal.message, at: refusal.place)
    }
    return index
  }

  private mutating func open(_ path: String, format: String?) throws(ModelError) -> Int {
    let key = Key(path: path, format: format)
    if let known = opened[key] { return try known.get() }
    let result = Result { () throws(ModelError) in
      try ModelSource(path, format: format, formats: formats)
    }.map { source in
      sources.append(source)
      return sources.count - 1
    }
    opened[key] = result
    if case .failure(let error) = result, !error.isMissing { unreadable.insert(path) }
    return try result.get()
  }
}
