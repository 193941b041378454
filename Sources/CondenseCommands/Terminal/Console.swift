import CondenseEngine
import CondenseReports
import Foundation

/// Where commands write: results to standard output, everything else to standard error.
struct Console: Sendable {
  /// Whether standard error takes a line that is drawn anew.
  var isInteractive: Bool
  var style: TextStyle

  init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let isDumb = environment["TERM"] == "dumb"
    // https://no-color.org: any value that is not empty counts.
    let allowsColor = (environment["NO_COLOR"] ?? "").isEmpty && !isDumb
    isInteractive = isatty(STDERR_FILENO) == 1 && !isDumb
    style = TextStyle(
      usesColor: isatty(STDERR_FILENO) == 1 && allowsColor,
      usesColorForResults: isatty(STDOUT_FILENO) == 1 && allowsColor)
  }

  func result(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }
  func note(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

  /// An error that has no place in a file.
  func error(_ text: String) { note(style.error(text)) }

  /// Shows diagnostics on standard error, with files named from the workspace.
  func show(_ diagnostics: [PlacedDiagnostic], workspace: Workspace) {
    for placed in diagnostics { note(DiagnosticText.text(placed, workspace: workspace, usesColor: style.usesColor)) }
  }

  /// Replaces the live line of an interactive standard error.
  func redraw(_ text: String) { write("\r\u{1B}[K" + text, to: STDERR_FILENO) }

  func emphasized(_ text: String) -> String { style.emphasized(text) }
  func dimmed(_ text: String) -> String { style.dimmed(text) }

  private func write(_ text: String, to descriptor: Int32) {
    // A reader that closed its end (as `head` does) is no reason to complain.
    try? FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).write(contentsOf: Data(text.utf8))
  }
}

/// A build's report on this process's terminal.
struct ConsoleSink: ReportSink {
  let console: Console
  let line: ProgressLine

  init(_ console: Console, progress: ProgressFormat = .text) {
    self.console = console
    line = ProgressLine(console: console, format: progress)
  }

  var style: TextStyle { console.style }
  func result(_ text: String) { console.result(text) }
  func note(_ text: String) { console.note(text) }
  func log(_ text: String) {
    line.finish()
    console.note(text)
  }
  func progress(_ progress: BuildProgress) { line.show(progress) }
  func endProgress() { line.finish() }
}
