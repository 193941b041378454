import CondenseHTTP
import Foundation
import Testing

@Suite("Limits of time and number") struct LimitTests {
  private static func limits(_ change: (inout HTTPLimits) -> Void) -> HTTPLimits {
    var limits = HTTPLimits()
    change(&limits)
    return limits
  }

  @Test("A head that does not end is answered with 408", arguments: ["G", "GET / HTTP/1.1\r\n", "\r\n"])
  func slowHead(_ beginning: String) async throws {
    try await serving(limits: Self.limits { $0.head = .milliseconds(50) }) { served in
      let client = try served.onLoopback()
      client.send(beginning)
      #expect(try client.readResponse().status == 408)
      #expect(try client.readToEnd() == "")
    }
  }

  @Test("A head that comes byte by byte has no more time than one that does not")
  func dripping() async throws {
    try await serving(limits: Self.limits { $0.head = .milliseconds(50) }) { served in
      let client = try served.onLoopback()
      client.send("GET / HTTP/1.1\r\n")
      while client.send("A: b\r\n") { usleep(1000) }
    }
  }

  @Test("A body that does not end is answered with 408")
  func slowBody() async throws {
    try await serving(limits: Self.limits { $0.body = .milliseconds(50) }) { served in
      let head = "POST / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\n"
      for body in ["Content-Length: 5\r\n\r\n0", "Transfer-Encoding: chunked\r\n\r\n5\r\n0"] {
        let response = try served.exchange(head + body)
        #expect(response.status == 408)
      }
    }
  }

  @Test("A connection without a request is closed, at its beginning and between requests")
  func idle() async throws {
    // Time enough to send the one request.
    try await serving(limits: Self.limits { $0.idle = .seconds(2) }) { served in
      let unused = try served.onLoopback()
      let used = try served.onUnixSocket()
      used.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try used.readResponse().status == 200)
      #expect(try used.readToEnd() == "")
      #expect(try unused.readToEnd() == "")
    }
  }

  @Test(
    "An endless head is refused while it comes",
    arguments: ["\r\n", "A: b\r\n", "A", " ", "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\0"])
  func endless(_ piece: String) async throws {
    try await serving { served in
      let client = try served.onLoopback()
      if piece == "A: b\r\n" || piece == " " { client.send("GET / HTTP/1.1\r\nA: ") }
      let bytes = Array(String(repeating: piece, count: 4096).utf8)
      while client.send(bytes) {}
      #expect(served.server.statistics.refused == 1)
    }
  }

  @Test("Chunk extensions without an end are refused")
  func chunkExtensions() async throws {
    try await serving { served in
      let client = try served.onUnixSocket()
      client.send("POST / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\nTransfer-Encoding: chunked\r\n\r\n1;")
      while client.send([UInt8](repeating: 0x61, count: 4096)) {}
      #expect(served.server.statistics.refused == 1)
    }
  }

  @Test("A client that does not read is closed after the time for writing, and its writer told")
  func notReading() async throws {
    let failed = Signal()
    try await serving(
      limits: Self.limits { $0.write = .milliseconds(50) },
      { _ in
        HTTPResponse(
          status: 200,
          body: .stream { writer in
            do {
              while true { try await writer.write([UInt8](repeating: 0x61, count: 100_000)) }
            } catch {
              #expect(error as? HTTPBodyError == .clientNotReading)
              failed.send()
            }
          })
      },
      { served in
        let client = try served.onUnixSocket()
        let other = try served.onLoopback()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        other.send("GET / HTTP/1.1\r\nHost: \(served.host)\r\n\r\n")
        failed.wait()
        failed.wait()
        #expect(!(try client.readToEnd()).hasSuffix("0\r\n\r\n"))
      })
  }

  @Test("Over the limit of connections the loopback gets 503, and the Unix socket has its own places")
  func connections() async throws {
    try await serving(limits: Self.limits { $0.connections = 4 }) { served in
      var clients: [Client] = []
      for _ in 0..<4 {
        let client = try served.onLoopback()
        client.send("GET / HTTP/1.1\r\nHost: \(served.host)\r\n\r\n")
        #expect(try client.readResponse().status == 200)
        clients.append(client)
      }
      let refused = try served.onLoopback()
      #expect(try refused.readResponse().status == 503)
      #expect(try refused.readToEnd() == "")
      #expect(try served.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
      #expect(served.server.statistics.refused == 1)

      // A place that is left can be taken.
      clients[0].endSending()
      #expect(try clients[0].readToEnd() == "")
      let next = try served.onLoopback()
      next.send("GET / HTTP/1.1\r\nHost: \(served.host)\r\n\r\n")
      #expect(try next.readResponse().status == 200)
    }
  }
}
