import NIOCore

/// A response under way.
struct HTTPExchange {
  var method: String
  var isHTTP11: Bool
  /// Whether the connection ends with it.
  var closes: Bool
  /// The handler's.
  var task: Task<Void, Never>?
  /// Once its head is out.
  var encoding: ResponseEncoding?
  var isStream = false
  var writesUnderWay = 0
  var isNotRead = false
}

extension HTTPConnection {
  /// So much is given to the system at once.
  static let pieceBytes = 64 << 10

  /// Runs the handler beside the event loop, and sends what it answers.
  func respond(to request: HTTPRequest, closes: Bool) {
    guard let context else { return }
    phase = .responding
    exchange = HTTPExchange(method: request.method, isHTTP11: request.isHTTP11, closes: closes)
    connections.handlerBegan()
    service.count { $0.requests += 1 }
    let stream = HTTPStream(connection: NIOLoopBound(self, eventLoop: context.eventLoop), loop: context.eventLoop)
    exchange?.task = Task(executorPreference: service.executor) { [handler = service.handler] in
      let response = await handler(request).sendable
      switch response.body {
      case .bytes:
        stream.onLoop { connection in
          connection.connections.handlerEnded()
          connection.send(response)
        }
      case .stream(let produce):
        await stream.run(response, isHead: request.method == "HEAD", produce)
      }
    }
  }

  /// Sends a response whose body is bytes.
  func send(_ response: HTTPResponse) {
    guard phase == .responding, exchange != nil, case .bytes(let bytes) = response.body else { return }
    var buffer = ByteBuffer()
    let encoding = writeHead(of: response, to: &buffer)
    sendPiece(of: encoding.hasNoBody ? [] : bytes[...], behind: buffer, encoding)
  }

  private func sendPiece(of rest: ArraySlice<UInt8>, behind head: ByteBuffer, _ encoding: ResponseEncoding) {
    var buffer = head
    let piece = rest.prefix(Self.pieceBytes)
    encoding.write(piece, to: &buffer)
    write(buffer).assumeIsolated().whenSuccess {
      let rest = rest.dropFirst(piece.count)
      if rest.isEmpty {
        self.responseEnded(closes: encoding.closes)
      } else {
        // Not at once: where the system takes all, each piece would stand on the stack.
        self.context?.eventLoop.assumeIsolated().execute { self.sendPiece(of: rest, behind: ByteBuffer(), encoding) }
      }
    }
  }

  func writeHead(of response: HTTPResponse, to buffer: inout ByteBuffer) -> ResponseEncoding {
    let closes = exchange?.closes == true || connections.isDraining
    let encoding = ResponseEncoding(
      response, to: exchange?.method ?? "GET", isHTTP11: exchange?.isHTTP11 ?? true, closes: closes)
    exchange?.encoding = encoding
    encoding.writeHead(to: &buffer)
    return encoding
  }

  /// Succeeds once the system has the bytes. A client that does not take them in time is closed.
  func write(_ buffer: ByteBuffer) -> EventLoopFuture<Void> {
    guard phase == .responding, exchange != nil, let context else {
      return connections.failedFuture(HTTPBodyError.clientGone)
    }
    exchange?.writesUnderWay += 1
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in self.writeEnded() }
    context.writeAndFlush(wrapOutboundOut(buffer), promise: promise)
    // Mostly the system has taken them already, and there is nothing to time.
    if exchange?.writesUnderWay == 1 { timeWrites() }
    return promise.futureResult
  }

  private func writeEnded() {
    exchange?.writesUnderWay -= 1
    timeWrites()
    watchSilence()
  }

  private func timeWrites() {
    let isWriting = (exchange?.writesUnderWay ?? 0) > 0
    deadlines.setWrite(isWriting ? service.limits.write : nil, on: self) { connection in
      connection.exchange?.isNotRead = true
      connection.close()
    }
  }

  /// On the loopback, a client that has closed its side may be gone. (On the Unix socket the system tells.)
  func watchSilence() {
    let isSuspect = inputEnded && exchange?.isStream == true && transport != .unixSocket && phase == .responding
    deadlines.setSilence(isSuspect ? service.limits.halfClosed : nil, on: self) { $0.close() }
  }
}
