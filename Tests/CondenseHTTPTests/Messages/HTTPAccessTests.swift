import CondenseHTTP
import Testing

@Suite("Access") struct HTTPAccessTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var status: Int?
    var method: String
    var target: String
    var transport: HTTPTransport
    var headers: [String: String]
    var isHTTP11: Bool

    init(
      _ description: String, _ status: Int?, target: String = "/", on transport: HTTPTransport = .loopback(port: 4000),
      isHTTP11: Bool = true, _ headers: [String: String]
    ) {
      self.init(description, status, "GET", target: target, on: transport, isHTTP11: isHTTP11, headers)
    }

    init(
      _ description: String, _ status: Int?, _ method: String, target: String = "/",
      on transport: HTTPTransport = .loopback(port: 4000), isHTTP11: Bool = true, _ headers: [String: String]
    ) {
      testDescription = description
      self.status = status
      self.method = method
      self.target = target
      self.transport = transport
      self.headers = headers
      self.isHTTP11 = isHTTP11
    }
  }

  static let host = ["Host": "localhost:4000"]

  static let cases: [Case] = [
    Case("localhost", nil, host),
    Case("in capitals", nil, ["host": "LOCALHOST:4000"]),
    Case("127.0.0.1", nil, ["Host": "127.0.0.1:4000"]),
    Case("::1", nil, ["Host": "[::1]:4000"]),
    Case("port 80 needs no port", nil, on: .loopback(port: 80), ["Host": "localhost"]),
    Case("no host", 400, [:]),
    Case("no host in HTTP/1.0", 400, isHTTP11: false, [:]),
    Case("an empty host", 421, ["Host": ""]),
    Case("no port", 421, ["Host": "localhost"]),
    Case("another port", 421, ["Host": "localhost:4001"]),
    Case("a name that was pointed here", 421, ["Host": "attacker.example:4000"]),
    Case("a name that begins alike", 421, ["Host": "localhost.attacker.example:4000"]),
    Case("another loopback address", 421, ["Host": "127.0.0.2:4000"]),
    Case("a user before the host", 421, ["Host": "localhost:4000@attacker.example"]),
    Case("absolute-form", nil, target: "http://localhost:4000/a", host),
    Case("absolute-form of another", 400, target: "http://attacker.example/a", host),
    Case("absolute-form of another that the host names too", 421, target: "http://a.example/", ["Host": "a.example"]),
    Case("own origin", nil, host.with("Origin", "http://localhost:4000")),
    Case("foreign origin", 403, host.with("Origin", "https://attacker.example")),
    Case("another port's origin", 403, host.with("Origin", "http://localhost:3000")),
    Case("another scheme's origin", 403, host.with("Origin", "https://localhost:4000")),
    Case("a sandboxed page", 403, host.with("Origin", "null")),
    Case("fetched by its own page", nil, host.with("Sec-Fetch-Site", "same-origin")),
    Case("typed into the address bar", nil, host.with("Sec-Fetch-Site", "none")),
    Case("fetched from another site", 403, host.with("Sec-Fetch-Site", "cross-site")),
    Case("fetched from another port", 403, host.with("Sec-Fetch-Site", "same-site")),
    Case("HEAD", nil, "HEAD", host),
    Case("OPTIONS", nil, "OPTIONS", host),
    Case("POST", 401, "POST", host),
    Case("POST with the token", nil, "POST", host.with("Authorization", "Bearer secret")),
    Case("POST with the token, scheme in small letters", nil, "POST", host.with("Authorization", "bearer secret")),
    Case("POST with another token", 401, "POST", host.with("Authorization", "Bearer Secret")),
    Case("POST with a part of the token", 401, "POST", host.with("Authorization", "Bearer secre")),
    Case("POST with more than the token", 401, "POST", host.with("Authorization", "Bearer secretsecret")),
    Case("POST with an empty token", 401, "POST", host.with("Authorization", "Bearer ")),
    Case("POST with another scheme", 401, "POST", host.with("Authorization", "Basic secret")),
    Case(
      "POST from elsewhere with the token", 403, "POST", host.with("Authorization", "Bearer secret").with("Origin", "x")
    ),
    Case("DELETE", 401, "DELETE", host),
    Case("an unknown method", 401, "REBIND", host),
    Case("socket: any host", nil, on: .unixSocket, ["Host": "anything"]),
    Case("socket: any origin", nil, on: .unixSocket, ["Host": "a", "Origin": "b", "Sec-Fetch-Site": "cross-site"]),
    Case("socket: no host", 400, on: .unixSocket, [:]),
    Case("socket: no host in HTTP/1.0", nil, on: .unixSocket, isHTTP11: false, [:]),
    Case("socket: absolute-form of another", 400, target: "http://a.example/", on: .unixSocket, ["Host": "b"]),
    Case("socket: POST", 401, "POST", on: .unixSocket, ["Host": "a"]),
    Case("socket: POST with the token", nil, "POST", on: .unixSocket, ["Host": "a", "Authorization": "Bearer secret"]),
  ]

  @Test("Requests are let in or refused by who sends them from where", arguments: cases)
  func table(_ row: Case) throws {
    let request = HTTPRequest(
      method: row.method, target: try HTTPTarget(row.target), headers: row.headers.map { ($0.key, $0.value) },
      transport: row.transport, isHTTP11: row.isHTTP11)
    #expect(HTTPAccess(token: "secret").refusal(of: request)?.status == row.status)
  }

  @Test(
    "A header that decides about access may not come twice",
    arguments: ["Host", "Origin", "Authorization", "Sec-Fetch-Site"])
  func duplicates(_ name: String) throws {
    let request = HTTPRequest(
      method: "GET", target: try HTTPTarget("/"), headers: [("Host", "a"), (name, "a"), (name.lowercased(), "a")])
    #expect(HTTPAccess(token: "secret").refusal(of: request)?.status == 400)
  }

  @Test("Without a token nothing may change state", arguments: [nil, ""] as [String?])
  func noToken(_ token: String?) throws {
    let request = HTTPRequest(
      method: "POST", target: try HTTPTarget("/"), headers: [("Host", "a"), ("Authorization", "Bearer ")])
    #expect(HTTPAccess(token: token).refusal(of: request)?.status == 401)
  }
}

extension [String: String] {
  fileprivate func with(_ name: String, _ value: String) -> Self { merging([name: value]) { $1 } }
}
