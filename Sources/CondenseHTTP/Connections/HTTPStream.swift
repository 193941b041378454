import NIOCore

/// A handler's task, as seen from it: takes a streamed body to the connection on its event loop.
struct HTTPStream: Sendable {
  let connection: NIOLoopBound<HTTPConnection>
  let loop: EventLoop

  func onLoop(_ body: @escaping @Sendable (HTTPConnection) -> Void) {
    loop.execute { body(connection.value) }
  }

  /// Sends the head at once, then what `produce` writes.
  func run(
    _ response: HTTPResponse, isHead: Bool, _ produce: @Sendable (HTTPBodyWriter) async throws -> Void
  ) async {
    do {
      let goesOn = try await submit { $0.open(response) }
      // Writing after the end must not end up in the next response.
      let isOpen = Locked(true)
      let writer = HTTPBodyWriter { bytes in
        guard isOpen.withLock({ $0 }) else { throw HTTPBodyError.clientGone }
        try await write(bytes)
      }
      defer { isOpen.withLock { $0 = false } }
      if goesOn { try await produce(writer) }
      isOpen.withLock { $0 = false }
      try await submit { $0.endStream() }
    } catch {
      onLoop { $0.close() }
    }
    onLoop { $0.connections.handlerEnded() }
  }

  /// In pieces, so that a client that reads slowly but reads is in time.
  private func write(_ bytes: [UInt8]) async throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(HTTPConnection.pieceBytes)
      rest = rest.dropFirst(piece.count)
      do {
        try await submit { $0.writePiece(piece) }
      } catch {
        throw try await submit { $0.reasonForFailure() }
      }
    }
  }

  private func submit<Value: Sendable>(
    _ body: @escaping @Sendable (HTTPConnection) -> EventLoopFuture<Value>
  ) async throws -> Value {
    try await loop.flatSubmit { body(connection.value) }.get()
  }
}

extension HTTPConnection {
  /// Sends a stream's head; false where no body may follow it.
  fileprivate func open(_ response: HTTPResponse) -> EventLoopFuture<Bool> {
    var buffer = ByteBuffer()
    let encoding = writeHead(of: response, to: &buffer)
    exchange?.isStream = true
    let hasBody = !encoding.hasNoBody
    return write(buffer).map { hasBody }
  }

  fileprivate func writePiece(_ piece: ArraySlice<UInt8>) -> EventLoopFuture<Void> {
    var buffer = ByteBuffer()
    exchange?.encoding?.write(piece, to: &buffer)
    return write(buffer)
  }

  fileprivate func endStream() -> EventLoopFuture<Void> {
    guard let encoding = exchange?.encoding else { return connections.failedFuture(HTTPBodyError.clientGone) }
    var buffer = ByteBuffer()
    encoding.writeEnd(to: &buffer)
    let end = write(buffer)
    end.assumeIsolated().whenSuccess { self.responseEnded(closes: encoding.closes) }
    return end
  }

  fileprivate func reasonForFailure() -> EventLoopFuture<HTTPBodyError> {
    connections.succeededFuture(exchange?.isNotRead == true ? .clientNotReading : .clientGone)
  }
}
