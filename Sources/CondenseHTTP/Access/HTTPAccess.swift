/// Who may ask the daemon what.
///
/// Every page that a browser on this machine shows can send requests to the loopback. Three things keep it out: `Host`
/// must be a name of the loopback, or a page whose own name was pointed here (DNS rebinding) could read answers;
/// `Origin` and `Sec-Fetch-Site` tell of pages from elsewhere; and what changes state needs a token that no page knows.
/// On the Unix socket the file's permissions stand for the first two.
public struct HTTPAccess: Sendable {
  private let token: [UInt8]

  /// - Parameter token: The workspace's; without one (or with an empty one) nothing may change state.
  public init(token: String?) { self.token = Array((token ?? "").utf8) }

  /// Nil where the request may be served.
  public func refusal(of request: HTTPRequest) -> HTTPRefusal? {
    do throws(HTTPRefusal) {
      try checkHost(request)
      if case .loopback = request.transport { try checkOrigin(request) }
      if !request.isSafe { try checkToken(request) }
      return nil
    } catch {
      return error
    }
  }

  private func checkHost(_ request: HTTPRequest) throws(HTTPRefusal) {
    for name in ["Host", "Origin", "Authorization", "Sec-Fetch-Site"] where request.allHeaders(name).count > 1 {
      throw .badRequest("The request has \(name) twice.")
    }
    let host = request.header("Host")
    if let authority = request.target.authority, host.map({ $0.equalsIgnoringCase(authority) }) != true {
      throw .badRequest("The request's target names '\(authority)', which is not its Host.")
    }
    guard let host else {
      // HTTP/1.0 knew no Host. On the loopback it is asked for all the same.
      if case .unixSocket = request.transport, !request.isHTTP11 { return }
      throw .badRequest("The request has no Host.")
    }
    guard case .loopback(let port) = request.transport else { return }
    guard Self.hosts(port: port).contains(where: { $0.equalsIgnoringCase(host) }) else {
      throw HTTPRefusal(
        status: 421,
        message: "The Host '\(host)' is not this server: it is localhost, 127.0.0.1 or [::1], port \(port).")
    }
  }

  private static func hosts(port: Int) -> [String] {
    let names = ["localhost", "127.0.0.1", "[::1]"]
    return names.map { "\($0):\(port)" } + (port == 80 ? names : [])
  }

  private func checkOrigin(_ request: HTTPRequest) throws(HTTPRefusal) {
    if let origin = request.header("Origin"), let host = request.header("Host"),
      !origin.equalsIgnoringCase("http://\(host)")
    {
      throw HTTPRefusal(status: 403, message: "The Origin '\(origin)' is not this server's.")
    }
    // "same-site" is a page on another port of this machine; "none" is the user, in the address bar.
    if let site = request.header("Sec-Fetch-Site"),
      !["same-origin", "none"].contains(where: { $0.equalsIgnoringCase(site) })
    {
      throw HTTPRefusal(status: 403, message: "The request comes from a page of another site.")
    }
  }

  private func checkToken(_ request: HTTPRequest) throws(HTTPRefusal) {
    guard let authorization = request.header("Authorization") else {
      throw HTTPRefusal(
        status: 401, message: "\(request.method) needs the workspace's token (Authorization: Bearer …).")
    }
    let scheme = authorization.prefix { $0 != " " }
    let given = authorization.dropFirst(scheme.count).drop { $0 == " " }
    guard String(scheme).equalsIgnoringCase("Bearer"), isToken(Array(given.utf8)) else {
      throw HTTPRefusal(status: 401, message: "The token is not this workspace's.")
    }
  }

  /// Takes as long for every guess of a length, so that the time tells nothing of how much of it is right.
  private func isToken(_ given: [UInt8]) -> Bool {
    guard !token.isEmpty else { return false }
    var difference = given.count ^ token.count
    for index in given.indices { difference |= Int(given[index] ^ token[index % token.count]) }
    return difference == 0
  }
}
