/// Where a request came in.
public enum HTTPTransport: Hashable, Sendable {
  /// The Unix socket, whose file only its owner may open.
  case unixSocket
  /// A TCP socket on the loopback, which every process and every web page on this machine can reach.
  case loopback(port: Int)
}

/// A request as a handler sees it: whole, within all limits, and let in by ``HTTPAccess``.
public struct HTTPRequest: Sendable {
  /// In capitals, for example `GET`.
  public var method: String
  /// Path and query, decoded.
  public var target: HTTPTarget
  /// What the router took from the path for the `:name`s of its route.
  public var parameters: [String: String] = [:]
  /// Names as they came; ``header(_:)`` looks without regard to case.
  public var headers: [(String, String)]
  public var body: [UInt8]
  public var transport: HTTPTransport
  /// Whether the client speaks HTTP/1.1; otherwise its answer ends with the connection.
  public var isHTTP11: Bool

  public init(
    method: String, target: HTTPTarget, headers: [(String, String)] = [], body: [UInt8] = [],
    transport: HTTPTransport = .unixSocket, isHTTP11: Bool = true
  ) {
    self.method = method
    self.target = target
    self.headers = headers
    self.body = body
    self.transport = transport
    self.isHTTP11 = isHTTP11
  }

  /// The path as it came, still encoded and without the query: for logs, not for look-ups.
  public var path: String { target.path }
  /// The path's segments, each decoded for itself.
  public var pathComponents: [String] { target.pathComponents }
  public var query: [String: String] { target.query }

  /// The first header of this name.
  public func header(_ name: String) -> String? { allHeaders(name).first }

  func allHeaders(_ name: String) -> [String] {
    headers.lazy.filter { $0.0.equalsIgnoringCase(name) }.map(\.1)
  }

  /// Whether the method promises to change nothing (RFC 9110, section 9.2.1).
  public var isSafe: Bool { method == "GET" || method == "HEAD" || method == "OPTIONS" }
}

extension String {
  /// Header names, schemes and hosts are ASCII and have no case.
  func equalsIgnoringCase(_ other: String) -> Bool {
    utf8.count == other.utf8.count && zip(utf8, other.utf8).allSatisfy { $0.lowercasedASCII == $1.lowercasedASCII }
  }
}

extension UInt8 {
  fileprivate var lowercasedASCII: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}
