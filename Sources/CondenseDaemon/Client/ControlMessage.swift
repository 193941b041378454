import CondenseEngine
import CondenseReports
import Foundation

/// What a command asks of the daemon: `POST /control/build`, on the Unix socket only.
struct ControlRequest: Codable {
  var invocation: BuildInvocation
  /// The store that the build is to use.
  var store: String
  var style: TextStyle
}

/// A line of the answer: what the command is to show, in order, and in the end how it is to end.
///
/// Both sides are the same program, so this is no format for others: they have the API.
enum ControlMessage: Codable, Sendable {
  /// Nothing, to show that somebody is there.
  case alive
  case note(String)
  case result(String)
  /// What a stage wrote just now; the others are shown when the build is through.
  case log(String)
  case progress(finished: Int, ran: Int, total: Int, doing: String?)
  case endProgress
  case exit(ExitStatus)

  /// The time between signs of life, in seconds.
  static let heartbeat = 2

  func line() -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    // Nothing in a message can fail to be written.
    return ((try? encoder.encode(self)).map { [UInt8]($0) } ?? []) + [UInt8(ascii: "\n")]
  }
}
