import CondenseStore
import Foundation

/// When what was done on which worker, for a look at a build as a whole: Perfetto and Chrome's about:tracing read it.
public final class BuildTrace: Sendable {
  /// What a stretch of a worker's time went into.
  public enum Kind: String, Sendable {
    case read
    case action
    case compare
    case hash
    case lookUp = "look up"
    case store
    case publish
  }

  struct Span: Sendable {
    var name: String
    var kind: Kind
    var worker: Int
    var start: ContinuousClock.Instant
    var end: ContinuousClock.Instant
  }

  private let started = ContinuousClock.now
  private let recorded = Locked<[Span]>([])

  public init() {}

  /// Runs `body` as a span on the calling worker's lane.
  func span<T, E: Error>(
    _ kind: Kind, _ name: @autoclosure () -> String, _ body: () throws(E) -> T
  ) throws(E) -> T {
    let start = ContinuousClock.now
    defer {
      let span = Span(
        name: name(), kind: kind, worker: BuildTrace.worker, start: start, end: ContinuousClock.now)
      recorded.withLock { $0.append(span) }
    }
    return try body()
  }

  var spans: [Span] { recorded.withLock { $0 } }

  /// The lane of what is recorded on this thread.
  @TaskLocal static var worker = 0

  /// The trace in the Trace Event Format: complete events in microseconds, one thread a worker.
  public func json() throws -> Data {
    let spans = self.spans
    let names = Set(spans.map(\.worker)).sorted().map { worker in
      Event(name: "thread_name", ph: "M", tid: worker, args: ["name": "worker \(worker)"])
    }
    let events = spans.map { span in
      Event(
        name: span.name, ph: "X", tid: span.worker, cat: span.kind.rawValue, ts: microseconds(span.start),
        dur: BuildTrace.microseconds(span.end - span.start))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(Document(traceEvents: names + events))
  }

  private func microseconds(_ instant: ContinuousClock.Instant) -> Double {
    BuildTrace.microseconds(instant - started)
  }

  private static func microseconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) * 1e6 + Double(duration.components.attoseconds) * 1e-12
  }

  private struct Document: Encodable {
    var traceEvents: [Event]
    var displayTimeUnit = "ms"
  }

  private struct Event: Encodable {
    var name: String
    var ph: String
    var pid = 1
    var tid: Int
    var cat: String?
    var ts: Double?
    var dur: Double?
    var args: [String: String]?
  }
}

extension Optional where Wrapped == BuildTrace {
  /// Runs `body`, as a span where there is a trace.
  func span<T, E: Error>(
    _ kind: BuildTrace.Kind, _ name: @autoclosure () -> String, _ body: () throws(E) -> T
  ) throws(E) -> T {
    guard let trace = self else { return try body() }
    return try trace.span(kind, name(), body)
  }
}
