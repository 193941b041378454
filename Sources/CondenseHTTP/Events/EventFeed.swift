import Foundation

/// Events for whoever listens, as server-sent events (WHATWG HTML, section 9.2).
///
/// All listeners read from one ring. A listener that falls behind the ring is dropped, and may come back and be told to
/// start over: so a feed's memory is the ring and one write for each listener, however slow they are.
public final class EventFeed: Sendable {
  private struct State {
    var ring: EventRing
    var waiting: [UUID: CheckedContinuation<Void, Never>] = [:]
    var listeners = 0
    var isFinished = false
  }

  private let state: Locked<State>
  private let heartbeat: Duration
  /// Stands before the events' numbers, so that one of an earlier process is not taken for one of this.
  private let prefix: String
  /// So much is written at once where that much is there.
  private static let writeBytes = 48 << 10

  /// - Parameters:
  ///   - capacity: How many events are kept for those who come back or fall behind.
  ///   - capacityBytes: How many bytes of them.
  ///   - heartbeat: How long a stream is silent before it shows that it is there.
  public init(capacity: Int = 4096, capacityBytes: Int = 4 << 20, heartbeat: Duration = .seconds(15)) {
    state = Locked(State(ring: EventRing(capacity: capacity, bytes: capacityBytes)))
    self.heartbeat = heartbeat
    prefix = String(UInt64.random(in: 0...UInt64.max), radix: 36)
  }

  /// The newest event's, or that of the beginning. Who reads a state together with it can listen `?since=` it.
  public var lastID: String { id(state.withLock { $0.ring.newest }) }

  public var listeners: Int { state.withLock { $0.listeners } }

  private func id(_ number: Int) -> String { "\(prefix)-\(number)" }

  /// Tells all listeners. Never waits for one, and may be called from any thread.
  ///
  /// - Parameter data: JSON; sent as it is.
  public func publish(name: String, data: some StringProtocol) {
    let fields = Self.fields(name, data)
    let waiting = state.withLock { state in
      state.ring.append(Array("id: \(id(state.ring.newest + 1))\n".utf8) + fields)
      defer { state.waiting = [:] }
      return state.waiting
    }
    for listener in waiting.values { listener.resume() }
  }

  /// A field is a line, so that data of several lines is several fields.
  private static func fields(_ name: String, _ data: some StringProtocol) -> [UInt8] {
    func isLineBreak(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }
    var fields = Array("event: ".utf8) + name.utf8.filter { !isLineBreak($0) } + "\n".utf8
    for line in data.utf8.split(omittingEmptySubsequences: false, whereSeparator: isLineBreak) {
      fields += "data: ".utf8
      fields += line
      fields += "\n".utf8
    }
    return fields + "\n".utf8
  }

  /// Ends all streams, now and from now on, once they have sent what there is: before a server shuts down.
  public func finish() {
    let waiting = state.withLock { state in
      state.isFinished = true
      defer { state.waiting = [:] }
      return state.waiting
    }
    for listener in waiting.values { listener.resume() }
  }

  /// Answers with the events after the one that `Last-Event-ID` or `?since=` names, or else with those from now on.
  ///
  /// Where those are not all there any more, or the id is an earlier process's, an event `reset` comes first: its
  /// listener must read anew what it knows, and then gets the events from now on.
  public func response(to request: HTTPRequest) -> HTTPResponse {
    let since = request.header("Last-Event-ID") ?? request.query["since"]
    return HTTPResponse(
      status: 200, headers: [("Content-Type", "text/event-stream")],
      body: .stream { [self] writer in try await stream(since: since, to: writer) })
  }

  /// Sends until the task is cancelled, the feed is finished, or the listener has fallen behind the ring.
  func stream(since: String?, to writer: HTTPBodyWriter) async throws {
    let listener = UUID()
    state.withLock { $0.listeners += 1 }
    defer { state.withLock { $0.listeners -= 1 } }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { [self] in
        while true {
          try await Task.sleep(for: heartbeat)
          wake(listener)
        }
      }
      defer { group.cancelAll() }
      try await send(since: since, as: listener, to: writer)
    }
  }

  private func send(since: String?, as listener: UUID, to writer: HTTPBodyWriter) async throws {
    var place = try await begin(since: since, to: writer)
    while !Task.isCancelled {
      switch state.withLock({ $0.ring.slice(after: place, limit: Self.writeBytes) }) {
      case .events(let bytes, let last):
        try await writer.write(bytes)
        place = last
      case .lost: return
      case .nothing:
        if state.withLock({ $0.isFinished }) { return }
        await sleep(listener, behind: place)
        let isSilent = state.withLock { $0.ring.newest == place && !$0.isFinished }
        if isSilent, !Task.isCancelled { try await writer.write(": \n\n") }
      }
    }
  }

  /// Sends where the stream begins, and returns it.
  private func begin(since: String?, to writer: HTTPBodyWriter) async throws -> Int {
    let newest = state.withLock { $0.ring.newest }
    if let since {
      if let number = number(of: since), state.withLock({ $0.ring.holds(after: number) }) { return number }
      try await writer.write("id: \(id(newest))\nevent: reset\ndata: {}\n\n")
    } else {
      // Without data it is no event, but the browser keeps the id for when it comes back.
      try await writer.write("id: \(id(newest))\n\n")
    }
    return newest
  }

  private func number(of id: String) -> Int? {
    guard id.hasPrefix(prefix + "-"), let number = Int(id.dropFirst(prefix.utf8.count + 1)), number >= 0 else {
      return nil
    }
    return number
  }

  // MARK: - Sleeping

  /// Until there is something behind the place, or for a heartbeat, or the task is cancelled.
  private func sleep(_ listener: UUID, behind place: Int) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let sleeps = state.withLock { state in
          // Whoever publishes or cancels after this look finds the continuation.
          guard state.ring.newest == place, !state.isFinished, !Task.isCancelled else { return false }
          state.waiting[listener] = continuation
          return true
        }
        if !sleeps { continuation.resume() }
      }
    } onCancel: {
      wake(listener)
    }
  }

  private func wake(_ listener: UUID) {
    state.withLock { $0.waiting.removeValue(forKey: listener) }?.resume()
  }
}
