import NIOCore

/// The times that a connection's client has, each with what happens after it.
struct HTTPDeadlines {
  enum Input: Hashable { case idle, head, body, lingering }

  private var input: (kind: Input, timer: Scheduled<Void>)?
  private var write: Scheduled<Void>?
  private var silence: Scheduled<Void>?

  /// A time that runs already runs on.
  mutating func setInput(
    _ kind: Input, _ time: Duration, on connection: HTTPConnection, _ action: @escaping (HTTPConnection) -> Void
  ) {
    guard input?.kind != kind else { return }
    cancelInput()
    input = Self.timer(time, on: connection, action).map { (kind, $0) }
  }

  mutating func cancelInput() {
    input?.timer.cancel()
    input = nil
  }

  /// Nil ends the time.
  mutating func setWrite(_ time: Duration?, on connection: HTTPConnection, _ action: @escaping (HTTPConnection) -> Void)
  {
    write?.cancel()
    write = time.flatMap { Self.timer($0, on: connection, action) }
  }

  mutating func setSilence(
    _ time: Duration?, on connection: HTTPConnection, _ action: @escaping (HTTPConnection) -> Void
  ) {
    silence?.cancel()
    silence = time.flatMap { Self.timer($0, on: connection, action) }
  }

  mutating func cancelAll() {
    cancelInput()
    write?.cancel()
    silence?.cancel()
    (write, silence) = (nil, nil)
  }

  private static func timer(
    _ time: Duration, on connection: HTTPConnection, _ action: @escaping (HTTPConnection) -> Void
  ) -> Scheduled<Void>? {
    connection.context?.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { action(connection) }
  }
}
