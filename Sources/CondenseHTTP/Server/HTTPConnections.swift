import NIOCore
import NIOHTTP1

/// The open connections of a server: who gets a place, and who is still there at the end. Lives on the event loop.
final class HTTPConnections {
  private let limits: HTTPLimits
  private let loop: EventLoop
  private var open: [ObjectIdentifier: HTTPConnection] = [:]
  private var places = (unixSocket: 0, loopback: 0)
  private var runningHandlers = 0
  private var waiting: [EventLoopPromise<Bool>] = []
  private(set) var isDraining = false

  init(limits: HTTPLimits, on loop: EventLoop) {
    self.limits = limits
    self.loop = loop
  }

  func accept(_ channel: Channel, over transport: HTTPTransport, _ service: HTTPService) throws {
    let taken = transport == .unixSocket ? places.unixSocket : places.loopback
    guard taken < limits.connections, !isDraining else {
      service.count { $0.refused += 1 }
      return try channel.pipeline.syncOperations.addHandler(HTTPTurnaway())
    }
    let connection = HTTPConnection(service, transport, in: self)
    let decoder = HTTPRequestDecoder(
      leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop,
      limitConfiguration: Self.decoderLimits(limits))
    try channel.pipeline.syncOperations.addHandlers([
      HTTPInboundGate(connection), ByteToMessageHandler(decoder), connection,
    ])
    open[ObjectIdentifier(connection)] = connection
    count(transport, 1)
    service.count {
      $0.connections += 1
      $0.openConnections += 1
    }
    channel.closeFuture.assumeIsolated().whenComplete { _ in
      self.open[ObjectIdentifier(connection)] = nil
      self.count(transport, -1)
      service.count { $0.openConnections -= 1 }
      self.tellIfEmpty()
    }
  }

  /// So that an endless head is not kept; each head is looked at once more when it is whole.
  private static func decoderLimits(_ limits: HTTPLimits) -> NIOHTTPDecoderLimitConfiguration {
    var decoder = NIOHTTPDecoderLimitConfiguration()
    decoder.maxHeaderFieldSize = limits.headerBytes + limits.targetBytes
    decoder.maxHeaderListSize = limits.headerBytes + limits.targetBytes
    decoder.maxHeaderFieldCount = limits.headerCount
    return decoder
  }

  private func count(_ transport: HTTPTransport, _ change: Int) {
    if transport == .unixSocket { places.unixSocket += change } else { places.loopback += change }
  }

  func handlerBegan() { runningHandlers += 1 }

  func handlerEnded() {
    runningHandlers -= 1
    tellIfEmpty()
  }

  func failedFuture<Value>(_ error: any Error) -> EventLoopFuture<Value> { loop.makeFailedFuture(error) }

  func succeededFuture<Value: Sendable>(_ value: Value) -> EventLoopFuture<Value> { loop.makeSucceededFuture(value) }

  /// Closes connections that do nothing now, and the others after their response.
  func drain() {
    isDraining = true
    for connection in open.values { connection.drain() }
  }

  func cut() {
    for connection in open.values { connection.cut() }
  }

  /// Whether all connections are closed and all handlers have ended before the time is over.
  func whenEmpty(within time: Duration) -> EventLoopFuture<Bool> {
    let promise = loop.makePromise(of: Bool.self)
    waiting.append(promise)
    let timeout = loop.scheduleTask(in: TimeAmount(time)) { promise.succeed(false) }
    promise.futureResult.whenComplete { _ in timeout.cancel() }
    tellIfEmpty()
    return promise.futureResult
  }

  private func tellIfEmpty() {
    guard open.isEmpty, runningHandlers == 0 else { return }
    for promise in waiting { promise.succeed(true) }
    waiting = []
  }
}

/// Tells a client for which there is no place, and closes.
private final class HTTPTurnaway: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func channelActive(context: ChannelHandlerContext) {
    let response = HTTPResponse.error(503, "The server has as many connections as it takes.")
    let encoding = ResponseEncoding(response, to: "GET", isHTTP11: true, closes: true)
    var buffer = context.channel.allocator.buffer(capacity: 512)
    encoding.writeHead(to: &buffer)
    if case .bytes(let bytes) = response.body { encoding.write(bytes, to: &buffer) }
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    context.close(promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
