import CondenseStore
import Foundation
import Logging

/// Writes log messages to standard error, one line each: as text for people, or as JSON for what gathers logs.
package struct LogOutput: LogHandler {
  package enum Format: String, CaseIterable, Sendable { case text, json }

  package var metadata = Logger.Metadata()
  package var logLevel: Logger.Level
  private let format: Format

  package init(format: Format, level: Logger.Level) {
    self.format = format
    logLevel = level
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    LogOutput.write(text(event.level, "\(event.message)", all, date: Date()))
  }

  func text(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, date: Date) -> String {
    let time = date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    let pairs = metadata.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
    switch format {
    case .text:
      let details = pairs.map { " \($0)=\($1)" }.joined()
      // A message of several lines, such as a diagnostic, stays one entry.
      return "\(time) \(level) \(message.replacing("\n", with: "\n  "))\(details)\n"
    case .json:
      var fields = Dictionary(pairs, uniquingKeysWith: { $1 })
      fields["time"] = time
      fields["level"] = level.rawValue
      fields["message"] = message
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      guard let data = try? encoder.encode(fields) else { return "" }
      return String(decoding: data, as: UTF8.self) + "\n"
    }
  }

  /// A line goes out in one write, so that lines of threads do not mix. Where nobody reads, it is lost.
  private static func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Foundation.write(STDERR_FILENO, rest.baseAddress, rest.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }
}
