import CondenseHTTP
import Foundation
import Testing

@Suite("Refusals over the wire") struct RefusalTests {
  static let requests: [(String, Int)] = [
    ("GET / HTTP/1.1\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: attacker.example\r\n\r\n", 421),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nOrigin: http://attacker.example\r\n\r\n", 403),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nSec-Fetch-Site: cross-site\r\n\r\n", 403),
    ("POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n", 401),
    ("GET http://attacker.example/ HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
    ("GET /%zz HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
    ("GET /a/../b HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
    ("GET /%00 HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nContent-Length: -1\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ("GET / HTTP/1.0\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 65537\r\n\r\n", 413),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nExpect: miracles\r\n\r\n", 417),
    ("GET / HTTP/2.0\r\nHost: HOST\r\n\r\n", 505),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ("CONNECT localhost:80 HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
    ("OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nName with space: 1\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nZero: \0\r\n\r\n", 400),
    ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\r\n\r\n", 400),
    ("GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\nHost: HOST\r\n\r\n", 414),
    ("GET / HTTP/1.1\r\nHost: HOST\r\nA: " + String(repeating: "a", count: 17000) + "\r\n\r\n", 431),
    ("GET / HTTP/1.1\r\nHost: HOST\r\n" + String(repeating: "A: b\r\n", count: 100) + "\r\n", 431),
  ]

  @Test(
    "A request that is not served is answered with JSON that says why, and the connection ends", arguments: requests)
  func refused(_ request: String, _ status: Int) async throws {
    try await serving { served in
      let client = try served.onLoopback()
      client.send(request.replacing("HOST", with: served.host))
      let response = try client.readResponse()
      #expect(response.status == status)
      #expect(response.body.hasPrefix("{\"error\": {\"status\": \(status), \"message\": \""))
      #expect(response.headers["content-type"] == "application/json")
      #expect(response.headers["cache-control"] == "no-store")
      #expect(response.headers["x-content-type-options"] == "nosniff")
      #expect(response.headers["connection"] == "close")
      #expect(response.headers["www-authenticate"] == (status == 401 ? "Bearer" : nil))
      #expect(!response.headers.keys.contains { $0.hasPrefix("access-control") })
      #expect(try client.readToEnd() == "")
      #expect(served.server.statistics.requests == 0)
      #expect(served.server.statistics.refused == 1)
    }
  }

  @Test("A client that is refused while it sends can read why")
  func refusedWhileSending() async throws {
    try await serving { served in
      let client = try served.onLoopback()
      client.send("POST / HTTP/1.1\r\nHost: \(served.host)\r\nContent-Length: 1000000\r\n\r\n")
      client.send([UInt8](repeating: 0, count: 1_000_000))
      #expect(try client.readResponse().status == 401)
    }
  }

  @Test("A refusal of HEAD has no body")
  func head() async throws {
    try await serving { served in
      let client = try served.onLoopback()
      client.send("HEAD / HTTP/1.1\r\nHost: attacker.example\r\n\r\n")
      #expect(try client.readResponse(isHead: true).status == 421)
      #expect(try client.readToEnd() == "")
    }
  }

  @Test("A chunked body is refused at the byte that is too much")
  func chunkedBody() async throws {
    var limits = HTTPLimits()
    limits.bodyBytes = 10
    try await serving(limits: limits) { served in
      let head =
        "POST / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\nTransfer-Encoding: chunked\r\n\r\n"
      let bodies = [
        ("5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n", 200), ("5\r\n01234\r\n6\r\n56789a\r\n", 413),
        ("ffffffffffffffff\r\n01234567890", 413), ("fffffffffffffffff\r\n", 400),
      ]
      for (body, status) in bodies {
        let response = try served.exchange(head + body)
        #expect(response.status == status)
      }
    }
  }

  @Test("Junk behind a good request does not take its answer away")
  func junkBehind() async throws {
    try await serving { served in
      let client = try served.onUnixSocket()
      client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n\0\0\0")
      #expect(try client.readResponse().body == "GET /a ")
      #expect(try client.readResponse().status == 400)
      #expect(try client.readToEnd() == "")
    }
  }
}
