import Dispatch
import Foundation

/// Signals as calls on a queue, instead of what they would do to the process.
///
/// Unchecked: sources may be used from any thread, but do not say so.
final class Signals: @unchecked Sendable {
  private let sources: [any DispatchSourceSignal]

  /// - Parameter handlers: what to do, by the signal's number.
  init(_ handlers: [Int32: @Sendable () -> Void], on queue: DispatchQueue) {
    // A client that goes while it is written to is its own affair.
    signal(SIGPIPE, SIG_IGN)
    sources = handlers.map { number, handler in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler(handler: handler)
      source.activate()
      return source
    }
  }

  func stop() {
    for source in sources { source.cancel() }
  }
}
