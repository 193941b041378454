import CondensePipelines

/// A pipeline file on its way to being loaded.
struct LoadedFile {
  var parsed: ParsedPipeline
  /// Those of its builds that are right; as many as the file has, unless it is invalid or a base.
  var checked: [CheckedPipeline] = []
  var diagnostics = DiagnosticSet()

  init(_ parsed: ParsedPipeline) {
    self.parsed = parsed
    diagnostics.formUnion(parsed.diagnostics)
  }

  var file: String { parsed.source.file }
  var isValid: Bool { !diagnostics.hasErrors }
}
