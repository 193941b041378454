import Foundation

/// Where commands write: results to standard output, everything else to standard error.
struct Console: Sendable {
  /// Whether standard error takes colours and a line that is drawn anew.
  var isInteractive: Bool
  var usesColor: Bool
  var usesColorForResults: Bool

  init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let isDumb = environment["TERM"] == "dumb"
    // https://no-color.org: any value that is not empty counts.
    let allowsColor = (environment["NO_COLOR"] ?? "").isEmpty && !isDumb
    isInteractive = isatty(STDERR_FILENO) == 1 && !isDumb
    usesColor = isatty(STDERR_FILENO) == 1 && allowsColor
    usesColorForResults = isatty(STDOUT_FILENO) == 1 && allowsColor
  }

  func result(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }
  func note(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

  /// An error that has no place in a file.
  func error(_ text: String) {
    note((usesColor ? "\u{1B}[1;31merror:\u{1B}[0m " : "error: ") + text)
  }

  /// Replaces the live line of an interactive standard error.
  func redraw(_ text: String) { write("\r\u{1B}[K" + text, to: STDERR_FILENO) }

  func emphasized(_ text: String) -> String { usesColorForResults ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
  func dimmed(_ text: String) -> String { usesColorForResults ? "\u{1B}[2m\(text)\u{1B}[0m" : text }

  private func write(_ text: String, to descriptor: Int32) {
    // A reader that closed its end (as `head` does) is no reason to complain.
    try? FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).write(contentsOf: Data(text.utf8))
  }
}
