import NIOCore
import NIOHTTP1

/// How a response to one request goes over the wire (RFC 9112).
struct ResponseEncoding: Hashable, Sendable {
  enum Framing: Hashable, Sendable {
    case length(Int)
    case chunked
    /// The body ends with the connection: all that HTTP/1.0 knows for a body of unknown length.
    case untilClose
    /// The status has no body.
    case none
  }

  var status: Int
  var headers: [Header] = []
  var framing: Framing
  var closes: Bool
  /// Whether only the head goes out (HEAD, 204, 304).
  var hasNoBody: Bool

  struct Header: Hashable, Sendable {
    var name: String
    var value: String
  }

  /// - Parameter closes: Whether the connection ends after this response anyway.
  init(_ response: HTTPResponse, to method: String, isHTTP11: Bool, closes: Bool) {
    status = response.status
    hasNoBody = method == "HEAD" || status == 204 || status == 304
    switch response.body {
    case _ where status == 204 || status == 304: framing = .none
    case .bytes(let bytes): framing = .length(bytes.count)
    case .stream: framing = isHTTP11 ? .chunked : .untilClose
    }
    self.closes = closes || !isHTTP11 || framing == .untilClose
    headers = response.headers.filter { !Self.own.contains($0.0.lowercased()) }.map { Header(name: $0.0, value: $0.1) }
    setDefault("Cache-Control", "no-store")
    setDefault("X-Content-Type-Options", "nosniff")
    switch framing {
    case .length(let count): headers.append(Header(name: "Content-Length", value: "\(count)"))
    case .chunked: headers.append(Header(name: "Transfer-Encoding", value: "chunked"))
    case .untilClose, .none: break
    }
    if self.closes { headers.append(Header(name: "Connection", value: "close")) }
  }

  private static let own: Set = [
    "content-length", "transfer-encoding", "connection", "keep-alive", "trailer", "upgrade",
  ]

  private mutating func setDefault(_ name: String, _ value: String) {
    if !headers.contains(where: { $0.name.equalsIgnoringCase(name) }) {
      headers.append(Header(name: name, value: value))
    }
  }

  func writeHead(to buffer: inout ByteBuffer) {
    buffer.writeString("HTTP/1.1 \(status) \(HTTPResponseStatus(statusCode: status).reasonPhrase)\r\n")
    for header in headers {
      buffer.writeString(header.name)
      buffer.writeStaticString(": ")
      buffer.writeString(header.value)
      buffer.writeStaticString("\r\n")
    }
    buffer.writeStaticString("\r\n")
  }

  /// A piece of the body, which must not be empty: an empty chunk would end it.
  func write(_ bytes: some Collection<UInt8>, to buffer: inout ByteBuffer) {
    guard !hasNoBody, !bytes.isEmpty else { return }
    let isChunked = framing == .chunked
    if isChunked { buffer.writeString(String(bytes.count, radix: 16) + "\r\n") }
    buffer.writeBytes(bytes)
    if isChunked { buffer.writeStaticString("\r\n") }
  }

  func writeEnd(to buffer: inout ByteBuffer) {
    if framing == .chunked, !hasNoBody { buffer.writeStaticString("0\r\n\r\n") }
  }
}

extension HTTPResponse {
  /// Itself, or a 500 where no status or header of it can be sent: a handler's mistake is the server's error.
  var sendable: HTTPResponse {
    // 1xx is the server's own, and a line break in a value would begin another header.
    let isSendable =
      (200...599).contains(status)
      && headers.allSatisfy { name, value in
        !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
          && !value.utf8.contains { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }
      }
    return isSendable ? self : .error(500, "The server made a response that cannot be sent.")
  }
}
