import CondenseEngine
import CondensePipelines

extension Console {
  /// Shows diagnostics on standard error, with files named from the workspace.
  func show(_ diagnostics: [PlacedDiagnostic], workspace: Workspace) {
    let renderer = DiagnosticRenderer(usesColor: usesColor)
    for placed in diagnostics {
      var diagnostic = placed.diagnostic
      for index in diagnostic.notes.indices where diagnostic.notes[index].file != diagnostic.file {
        diagnostic.notes[index].file = workspace.displayPath(diagnostic.notes[index].file)
      }
      note(renderer.text(diagnostic, source: placed.source, file: workspace.displayPath(diagnostic.file)))
    }
  }
}

/// A diagnostic as `--json` prints it.
struct DiagnosticDocument: Encodable {
  var severity: String
  var message: String
  var file: String
  var line: Nullable<Int>
  var column: Nullable<Int>

  init(_ diagnostic: Diagnostic) {
    severity = diagnostic.severity.rawValue
    message = diagnostic.message
    file = diagnostic.file
    line = Nullable(diagnostic.range?.start.line)
    column = Nullable(diagnostic.range?.start.column)
  }
}
