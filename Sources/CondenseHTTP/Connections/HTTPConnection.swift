import NIOCore
import NIOHTTP1

/// One client's connection: takes in requests one after another, and answers each before it reads on.
///
/// What comes in behind a request that is being answered waits in the system's buffer, so that a client that sends much
/// fills its own memory and not this process's.
final class HTTPConnection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = ByteBuffer

  enum Phase {
    /// Between requests, or within a head.
    case idle
    /// Within a body.
    case receiving
    case responding
    /// All is said; what the client still sends is dropped until it closes.
    case lingering
    case closed
  }

  let service: HTTPService
  let transport: HTTPTransport
  let connections: HTTPConnections
  var context: ChannelHandlerContext?
  var phase = Phase.idle
  /// The response under way.
  var exchange: HTTPExchange?
  /// Whether the client sends no more.
  var inputEnded = false
  var deadlines = HTTPDeadlines()
  /// Of the request that is coming in: a refusal of HEAD has no body either.
  private var method = "GET"
  private var assembly: RequestAssembly?
  /// Parts that came in one read with the request that is being answered.
  private var pending = CircularBuffer<HTTPServerRequestPart>()
  /// What is wrong with the input; nothing behind it is read.
  private var unreadable: HTTPRefusal?
  private var bytesSincePart = 0
  private var bytesBehind = 0
  private var requests = 0

  init(_ service: HTTPService, _ transport: HTTPTransport, in connections: HTTPConnections) {
    self.service = service
    self.transport = transport
    self.connections = connections
  }

  // MARK: - From the channel

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelActive(context: ChannelHandlerContext) { goOn() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    bytesSincePart = 0
    let part = unwrapInboundIn(data)
    if phase == .responding { pending.append(part) } else { take(part) }
  }

  func channelReadComplete(context: ChannelHandlerContext) { goOn() }

  func channelInactive(context: ChannelHandlerContext) {
    phase = .closed
    deadlines.cancelAll()
    pending.removeAll()
    assembly = nil
    exchange?.task?.cancel()
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed = event {
      inputEnded = true
      if phase == .responding { watchSilence() } else { close() }
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is HTTPParserError || error is ByteToMessageDecoderError else { return close() }
    fail(.unreadable(error, service.limits))
  }

  // MARK: - Requests

  /// Whether the decoder may have bytes that have just come in.
  func admits(_ count: Int) -> Bool {
    guard unreadable == nil, phase != .lingering, phase != .closed else { return false }
    bytesSincePart += count
    if phase == .responding { bytesBehind += count }
    let limits = service.limits
    if bytesSincePart > limits.headerBytes + limits.targetBytes + 1024 { fail(.headersTooLarge(limits)) }
    if bytesBehind > 256 << 10 { fail(.badRequest("There is too much behind the request that is being answered.")) }
    return unreadable == nil
  }

  private func take(_ part: HTTPServerRequestPart) {
    do throws(HTTPRefusal) {
      switch (part, phase) {
      case (.head(let head), .idle): try begin(head)
      case (.body(let bytes), .receiving): try assembly?.append(bytes)
      case (.end, .receiving):
        guard let assembly else { return }
        self.assembly = nil
        requests += 1
        let isLast = requests >= service.limits.requestsPerConnection
        respond(to: assembly.request, closes: isLast || !assembly.keepsAlive)
      default: break
      }
    } catch {
      fail(error)
    }
  }

  private func begin(_ head: HTTPRequestHead) throws(HTTPRefusal) {
    method = head.method.rawValue
    let assembly = try RequestAssembly(head, over: transport, service)
    self.assembly = assembly
    phase = .receiving
    if assembly.expectsContinue, let context {
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
    }
  }

  /// Ends the input; the refusal is sent behind the response that is under way.
  private func fail(_ refusal: HTTPRefusal) {
    guard unreadable == nil else { return }
    unreadable = refusal
    if phase == .idle || phase == .receiving { refuse(refusal) }
  }

  private func refuse(_ refusal: HTTPRefusal) {
    unreadable = refusal
    assembly = nil
    service.count { $0.refused += 1 }
    phase = .responding
    exchange = HTTPExchange(method: method, isHTTP11: true, closes: true)
    send(refusal.response)
  }

  /// The response is out.
  func responseEnded(closes: Bool) {
    exchange = nil
    method = "GET"
    bytesBehind = 0
    guard phase == .responding else { return }
    if closes || connections.isDraining { return linger() }
    phase = .idle
    while phase == .idle || phase == .receiving, let part = pending.popFirst() { take(part) }
    if phase == .idle || phase == .receiving {
      if let unreadable { return refuse(unreadable) }
      if inputEnded { return close() }
    }
    goOn()
  }

  /// Reads on where that is wanted, and sets the time that the client has.
  private func goOn() {
    let limits = service.limits
    switch phase {
    case .idle where bytesSincePart == 0: deadlines.setInput(.idle, limits.idle, on: self) { $0.close() }
    case .idle: deadlines.setInput(.head, limits.head, on: self) { $0.fail(.timeout("head", limits.head)) }
    case .receiving: deadlines.setInput(.body, limits.body, on: self) { $0.fail(.timeout("body", limits.body)) }
    case .lingering: deadlines.setInput(.lingering, limits.lingering, on: self) { $0.close() }
    case .responding, .closed: deadlines.cancelInput()
    }
    if phase != .responding, phase != .closed { context?.read() }
  }

  // MARK: - The end

  /// Closing at once would make the system discard what is on its way to a client that still sends (RFC 9112,
  /// section 9.6): so only the own side is closed, and the client's awaited for a while.
  func linger() {
    guard !inputEnded, let context else { return close() }
    phase = .lingering
    pending.removeAll()
    context.close(mode: .output, promise: nil)
    goOn()
  }

  func close() { context?.close(promise: nil) }

  func drain() {
    if phase == .idle { close() }
  }

  func cut() {
    exchange?.task?.cancel()
    close()
  }
}

extension HTTPRefusal {
  fileprivate static func timeout(_ part: String, _ limit: Duration) -> HTTPRefusal {
    HTTPRefusal(status: 408, message: "The request's \(part) was not there after \(limit).")
  }
}
