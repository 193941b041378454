import CondenseEngine
import CondensePipelines

/// Where what is to be told goes: a terminal, or a client of the daemon that has one.
package protocol ReportSink: Sendable {
  var style: TextStyle { get }
  /// Text for standard output, without the line's end.
  func result(_ text: String)
  /// Text for standard error, without the line's end.
  func note(_ text: String)
  /// A line that a stage wrote while it worked, from any thread: told as it comes.
  func log(_ line: String)
  /// Called from worker threads, one at a time.
  func progress(_ progress: BuildProgress)
  /// Nothing more of the progress comes: what follows stands alone.
  func endProgress()
}

extension ReportSink {
  package func error(_ text: String) { note(style.error(text)) }

  /// Shows diagnostics, with files named from the workspace.
  package func show(_ diagnostics: [PlacedDiagnostic], workspace: Workspace) {
    for placed in diagnostics { note(DiagnosticText.text(placed, workspace: workspace, usesColor: style.usesColor)) }
  }
}

/// A diagnostic as people read it.
package enum DiagnosticText {
  package static func text(_ placed: PlacedDiagnostic, workspace: Workspace, usesColor: Bool) -> String {
    var diagnostic = placed.diagnostic
    for index in diagnostic.notes.indices where diagnostic.notes[index].file != diagnostic.file {
      diagnostic.notes[index].file = workspace.displayPath(diagnostic.notes[index].file)
    }
    return DiagnosticRenderer(usesColor: usesColor)
      .text(diagnostic, source: placed.source, file: workspace.displayPath(diagnostic.file))
  }
}
