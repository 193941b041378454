import CondenseHTTP
import Foundation
import TestSupport
import Testing

@Suite("Connections") struct ConnectionTests {
  @Test("Requests on one connection are answered one after another, however they are cut")
  func keepAlive() async throws {
    try await serving { served in
      let client = try served.onLoopback()
      for index in 0..<50 {
        let request = "GET /\(index) HTTP/1.1\r\nHost: \(served.host)\r\n\r\n"
        for piece in Array(request.utf8).split(into: index + 1) { client.send(piece) }
        let response = try client.readResponse()
        #expect(response.body == "GET /\(index) ")
        #expect(response.headers["connection"] == nil)
      }
      #expect(served.server.statistics.connections == 1)
      #expect(served.server.statistics.requests == 50)
    }
  }

  @Test("Pipelined requests, with bodies of both kinds, are answered in order")
  func pipelining() async throws {
    try await serving(
      { request in
        // The later ones are done earlier.
        for _ in 0..<(200 - request.body.count) { await Task.yield() }
        return .text("\(request.pathComponents[0]) \(request.body.count)")
      },
      { served in
        let client = try served.onUnixSocket()
        let head = "Host: a\r\nAuthorization: Bearer secret\r\n"
        var requests = ""
        for index in 0..<100 {
          let body = String(repeating: "x", count: index)
          requests +=
            index % 2 == 0
            ? "POST /\(index) HTTP/1.1\r\n\(head)Content-Length: \(index)\r\n\r\n\(body)"
            : "POST /\(index) HTTP/1.1\r\n\(head)Transfer-Encoding: chunked\r\n\r\n"
              + "\(String(index, radix: 16))\r\n\(body)\r\n0\r\nTrailer: 1\r\n\r\n"
        }
        client.send(requests)
        client.endSending()
        for index in 0..<100 { #expect(try client.readResponse().body == "\(index) \(index)") }
        #expect(try client.readToEnd() == "")
      })
  }

  @Test("HEAD has the head of GET and no body, for bytes and streams alike")
  func head() async throws {
    try await serving(
      { request in
        request.path == "/stream"
          ? HTTPResponse(status: 200, body: .stream { try await $0.write("streamed") }) : .text("bytes")
      },
      { served in
        let client = try served.onUnixSocket()
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.readResponse(isHead: true).headers["content-length"] == "5")
        #expect(try client.readResponse(isHead: true).headers["transfer-encoding"] == "chunked")
        #expect(try client.readResponse().body == "streamed")
      })
  }

  @Test("A stream is chunked for HTTP/1.1, and for HTTP/1.0 ends with the connection")
  func streams() async throws {
    try await serving(
      { _ in
        HTTPResponse(
          status: 200,
          body: .stream { writer in
            for index in 0..<1000 { try await writer.write("{\"line\": \(index)}\n") }
            try await writer.write([])
            try await writer.write([UInt8](repeating: 0x61, count: 300_000))
          })
      },
      { served in
        let expected =
          (0..<1000).map { "{\"line\": \($0)}\n" }.joined() + String(repeating: "a", count: 300_000)
        let new = try served.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(new.body == expected)
        #expect(new.headers["transfer-encoding"] == "chunked")
        for connection in ["", "Connection: keep-alive\r\n"] {
          let old = try served.exchange("GET / HTTP/1.0\r\n\(connection)\r\n")
          #expect(old.body == expected)
          #expect(old.headers["transfer-encoding"] == nil && old.headers["content-length"] == nil)
          #expect(old.headers["connection"] == "close")
        }
      })
  }

  @Test("A stream that fails is cut, not ended")
  func failingStream() async throws {
    try await serving(
      { _ in
        HTTPResponse(
          status: 200,
          body: .stream { writer in
            try await writer.write("half")
            throw CancellationError()
          })
      },
      { served in
        let client = try served.onUnixSocket()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try client.readHead()
        #expect(try client.readToEnd() == "4\r\nhalf\r\n")
      })
  }

  @Test("A body larger than the system's buffers comes whole")
  func largeBody() async throws {
    var generator = SeededGenerator(seed: 5)
    let block = (0..<9973).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let body = Array(repeatElement(block, count: 200).joined())
    try await serving(
      { _ in HTTPResponse(status: 200, body: .bytes(body)) },
      { served in
        let client = try served.onLoopback()
        client.send("GET / HTTP/1.1\r\nHost: \(served.host)\r\n\r\n")
        #expect(try client.readHead().headers["content-length"] == "\(body.count)")
        let isSame = try client.read(body.count) == body
        #expect(isSame)
      })
  }

  @Test("A client that waits for leave to send its body gets it, or the refusal")
  func expectContinue() async throws {
    try await serving { served in
      let client = try served.onUnixSocket()
      let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
      client.send(head + "Content-Length: 2\r\nAuthorization: Bearer secret\r\n\r\n")
      #expect(try client.readLine() == "HTTP/1.1 100 Continue")
      #expect(try client.readLine() == "")
      client.send("ok")
      #expect(try client.readResponse().body == "POST / ok")
      let refused = try served.exchange(head + "Content-Length: 2\r\n\r\n")
      #expect(refused.status == 401)
      let tooLarge = try served.exchange(head + "Content-Length: 65537\r\nAuthorization: Bearer secret\r\n\r\n")
      #expect(tooLarge.status == 413)
    }
  }

  @Test(
    "Connection: close, an upgrade and the last request of a connection end it",
    arguments: [
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nPRI * HTTP/2.0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
  func closing(_ requests: String) async throws {
    var limits = HTTPLimits()
    limits.requestsPerConnection = 2
    try await serving(limits: limits) { served in
      let client = try served.onUnixSocket()
      client.send(requests)
      var response = try client.readResponse()
      if response.headers["connection"] == nil { response = try client.readResponse() }
      #expect(response.status == 200)
      #expect(response.headers["connection"] == "close")
      #expect(try client.readToEnd() == "")
    }
  }

  @Test("What no client could read is not sent")
  func unsound() async throws {
    try await serving(
      { request in
        switch request.path {
        case "/break": HTTPResponse(status: 200, headers: [("A", "b\r\nSet-Cookie: c")])
        case "/name": HTTPResponse(status: 200, headers: [("A b", "c")], body: .stream { _ in })
        case "/status": HTTPResponse(status: 99)
        default: HTTPResponse(status: 204, headers: [("Content-Length", "5")], body: .bytes([1, 2, 3]))
        }
      },
      { served in
        for path in ["/break", "/name", "/status"] {
          let response = try served.exchange("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
          #expect(response.status == 500 && response.headers["set-cookie"] == nil)
        }
        let client = try served.onUnixSocket()
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        let (status, headers) = try client.readHead()
        #expect(status == 204 && headers["content-length"] == nil)
        #expect(try client.readToEnd() == "")
      })
  }
}

extension [UInt8] {
  fileprivate func split(into count: Int) -> [[UInt8]] {
    (0..<count).map { Array(self[($0 * self.count / count)..<(($0 + 1) * self.count / count)]) }
  }
}
