import Foundation
import PackagePlugin

/// Tells the user what `condense` says on standard error, while it says it: plain output of a plugin is shown at its end.
struct Relay {
  /// What paths are relative to.
  let folder: URL
  /// Whether lines are those of a log.
  let isLogging: Bool
  private var pending: Finding?

  /// An error or a warning, with the lines that belong to it.
  private struct Finding {
    var isError: Bool
    var place: (file: String, line: Int?)?
    var text: String
  }

  private struct Line: Decodable {
    struct Progress: Decodable {
      var finished: Int
      var ran: Int
      var total: Int
    }
    var progress: Progress
  }

  init(folder: URL, isLogging: Bool) {
    self.folder = folder
    self.isLogging = isLogging
  }

  mutating func take(_ line: String) {
    if isLogging {
      Diagnostics.progress(line)
    } else if line.hasPrefix("{"), let progress = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)).progress {
      Diagnostics.progress("\(progress.finished) of \(progress.total) actions, \(progress.ran) ran")
    } else if let finding = finding(line) {
      finish()
      pending = finding
    } else if pending != nil, line.hasPrefix("  ") || line.contains(": note: ") {
      pending?.text += "\n" + line
    } else {
      finish()
      FileHandle.standardError.write(Data((line + "\n").utf8))
    }
  }

  /// Says what has been kept back.
  mutating func finish() {
    guard let finding = pending else { return }
    pending = nil
    let file = finding.place.map { URL(fileURLWithPath: $0.file, relativeTo: folder).path }
    if finding.isError {
      Diagnostics.error(finding.text, file: file, line: finding.place?.line)
    } else {
      Diagnostics.warning(finding.text, file: file, line: finding.place?.line)
    }
  }

  /// A line such as `pipelines/digits.yaml:3:5: error: unknown stage`, `digits.yaml: error: …` or `error: …`.
  private func finding(_ line: String) -> Finding? {
    if let match = line.wholeMatch(of: /(.+?):(\d+):(\d+): (error|warning): (.*)/) {
      let (_, file, row, column, severity, message) = match.output
      return Finding(
        isError: severity == "error", place: (String(file), Int(row)), text: "\(file):\(row):\(column): \(message)")
    }
    if let match = line.wholeMatch(of: /(?:(.+?): )?(error|Error|warning): (.*)/) {
      let (_, file, severity, message) = match.output
      return Finding(
        isError: severity != "warning", place: file.map { (String($0), nil) },
        text: (file.map { "\($0): " } ?? "") + message)
    }
    return nil
  }
}
