import CondenseHTTP
import Foundation
import TestSupport
import Testing

@Suite("Junk") struct JunkTests {
  private static let good: [String] = [
    "GET /a/b%20c?d=e HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer secret\r\nContent-Length: 5\r\n\r\nhello",
    "POST /y HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer secret\r\nTransfer-Encoding: chunked\r\n\r\n"
      + "5;a=b\r\nhello\r\n0\r\nTrailer: c\r\n\r\n",
    "HEAD / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: HOST\r\n\r\nGET /2 HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n",
    "GET /stream HTTP/1.1\r\nHost: HOST\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nExpect: 100-continue\r\n\r\n",
    "CONNECT localhost:1 HTTP/1.1\r\nHost: HOST\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n",
  ]

  private static let words = [
    "\r\n", "\r", "\n", "\r\n\r\n", ":", " ", "\t", "\0", "%", "%2e%2e", "..", "/", "?", "HTTP/1.1", "HTTP/1.0",
    "HTTP/2.0",
    "GET ", "POST ", "CONNECT ", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "Content-Length: 0\r\n", "Content-Length: 99\r\n",
    "Content-Length: 18446744073709551615\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip\r\n",
    "Host: a\r\n",
    "Connection: close\r\n", "Connection: upgrade\r\nUpgrade: h2c\r\n", "Expect: 100-continue\r\n",
    "ffffffffffffffff\r\n",
    "0\r\n\r\n", ";", "\u{FF}", "é",
  ]

  @Test("Whatever bytes come, the server answers or closes, and serves the next", arguments: 0..<4)
  func junk(_ part: Int) async throws {
    let count = (ProcessInfo.processInfo.environment["CONDENSE_FUZZ_COUNT"].flatMap { Int($0) } ?? 4000) / 4
    try await serving(
      { request in
        request.path == "/stream"
          ? HTTPResponse(status: 200, body: .stream { try await $0.write("streamed") }) : await echo(request)
      },
      { served in
        for index in 0..<count {
          let seed = UInt64(part) << 32 + UInt64(index)
          var generator = SeededGenerator(seed: seed)
          let bytes = Self.input(for: served.host, using: &generator)
          let client = index % 2 == 0 ? try served.onUnixSocket() : try served.onLoopback()
          client.send(bytes)
          if index % 16 == 15 { continue }
          // The end of the input ends every connection, in whatever state it is.
          client.endSending()
          do {
            _ = try client.readToEnd()
          } catch {
            Issue.record("seed \(seed): \(error)")
          }
        }
        let response = try served.exchange("GET /still HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(response.body == "GET /still ")
        print("junk, part \(part): seeds \(UInt64(part) << 32) and \(count) on, \(served.server.statistics)")
      })
  }

  private static func input(for host: String, using generator: inout SeededGenerator) -> [UInt8] {
    guard Int.random(in: 0..<8, using: &generator) > 0 else {
      return (0..<Int.random(in: 0...600, using: &generator)).map { _ in .random(in: 0...255, using: &generator) }
    }
    let request = (good.randomElement(using: &generator) ?? "").replacing("HOST", with: host)
    return Mutation(words: words).damaged(Array(request.utf8), using: &generator)
  }
}
