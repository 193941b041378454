import NIOCore
import NIOHTTP1

/// One request being put together from what the decoder finds; refuses it as soon as it can be known.
struct RequestAssembly {
  private(set) var request: HTTPRequest
  /// Whether the connection may serve another request after this one.
  let keepsAlive: Bool
  /// Whether the client waits for leave to send the body (RFC 9110, section 10.1.1).
  let expectsContinue: Bool
  private let bodyLimit: Int

  /// Looks at all that a head tells.
  init(_ head: HTTPRequestHead, over transport: HTTPTransport, _ service: HTTPService) throws(HTTPRefusal) {
    let limits = service.limits
    guard head.uri.utf8.count <= limits.targetBytes else {
      throw HTTPRefusal(status: 414, message: "The request's target has more than \(limits.targetBytes) bytes.")
    }
    var (count, bytes) = (0, 0)
    for (name, value) in head.headers {
      count += 1
      bytes += name.utf8.count + value.utf8.count
    }
    guard count <= limits.headerCount, bytes <= limits.headerBytes else { throw .headersTooLarge(limits) }

    request = HTTPRequest(
      method: head.method.rawValue, target: try HTTPTarget(head.uri), headers: head.headers.map { ($0.name, $0.value) },
      transport: transport, isHTTP11: head.version.minor >= 1)
    if let refusal = service.access.refusal(of: request) { throw refusal }
    try Self.checkFraming(request, limits)

    let expectations = request.allHeaders("Expect")
    guard expectations.allSatisfy({ $0.equalsIgnoringCase("100-continue") }) else {
      throw HTTPRefusal(status: 417, message: "The server meets no expectation but 100-continue.")
    }
    expectsContinue = !expectations.isEmpty && request.isHTTP11
    // The decoder reads nothing more after what it takes for an upgrade.
    keepsAlive = head.isKeepAlive && request.isHTTP11 && request.header("Upgrade") == nil && head.method != .CONNECT
    bodyLimit = limits.bodyBytes
  }

  /// A body whose end two readers could see at two places is how requests are smuggled (RFC 9112, section 6.3).
  private static func checkFraming(_ request: HTTPRequest, _ limits: HTTPLimits) throws(HTTPRefusal) {
    let (codings, lengths) = (request.allHeaders("Transfer-Encoding"), request.allHeaders("Content-Length"))
    guard codings.isEmpty || lengths.isEmpty else {
      throw .badRequest("The request has both Content-Length and Transfer-Encoding.")
    }
    guard codings.count <= 1, codings.allSatisfy({ $0.equalsIgnoringCase("chunked") }) else {
      throw HTTPRefusal(status: 501, message: "The only Transfer-Encoding that the server reads is chunked.")
    }
    guard codings.isEmpty || request.isHTTP11 else { throw .badRequest("HTTP/1.0 knows no Transfer-Encoding.") }
    guard let length = lengths.first else { return }
    guard lengths.count == 1, let length = UInt64(length) else { throw .badRequest("The Content-Length is no length.") }
    guard length <= limits.bodyBytes else { throw .bodyTooLarge(limits.bodyBytes) }
  }

  mutating func append(_ bytes: ByteBuffer) throws(HTTPRefusal) {
    guard request.body.count + bytes.readableBytes <= bodyLimit else { throw .bodyTooLarge(bodyLimit) }
    request.body.append(contentsOf: bytes.readableBytesView)
  }
}

extension HTTPRefusal {
  static func bodyTooLarge(_ limit: Int) -> HTTPRefusal {
    HTTPRefusal(status: 413, message: "The request's body has more than \(limit) bytes.")
  }

  static func headersTooLarge(_ limits: HTTPLimits) -> HTTPRefusal {
    HTTPRefusal(
      status: 431,
      message: "The request has more than \(limits.headerCount) headers or \(limits.headerBytes) bytes of them.")
  }

  /// What the decoder cannot read.
  static func unreadable(_ error: any Error, _ limits: HTTPLimits) -> HTTPRefusal {
    switch error as? HTTPParserError {
    case .headerOverflow: .headersTooLarge(limits)
    case .invalidVersion: HTTPRefusal(status: 505, message: "The server speaks HTTP/1.0 and HTTP/1.1.")
    default: .badRequest("This is no HTTP request.")
    }
  }
}
