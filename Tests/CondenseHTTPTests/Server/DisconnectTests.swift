import CondenseHTTP
import Foundation
import Testing

@Suite("Clients that go") struct DisconnectTests {
  enum Place: CaseIterable { case unixSocket, loopback }

  private static func client(_ served: Served, _ place: Place) throws -> Client {
    place == .unixSocket ? try served.onUnixSocket() : try served.onLoopback()
  }

  private static func sleepUntilCancelled() async { try? await Task.sleep(for: .seconds(3600)) }

  @Test(
    "A stream that has nothing to write is cancelled when its client goes", arguments: Place.allCases, [false, true])
  func silentStream(_ place: Place, resets: Bool) async throws {
    let (began, ended) = (Signal(), Signal())
    var limits = HTTPLimits()
    limits.halfClosed = .milliseconds(50)
    try await serving(
      limits: limits,
      { _ in
        HTTPResponse(
          status: 200,
          body: .stream { _ in
            began.send()
            await Self.sleepUntilCancelled()
            ended.send()
          })
      },
      { served in
        do {
          let client = try Self.client(served, place)
          client.send("GET / HTTP/1.1\r\nHost: \(served.host)\r\n\r\n")
          _ = try client.readHead()
          began.wait()
          if resets { client.resetOnClose() }
        }
        ended.wait()
      })
  }

  @Test("A handler that has not answered yet is cancelled when its client goes")
  func handler() async throws {
    let (began, ended) = (Signal(), Signal())
    try await serving(
      { _ in
        began.send()
        await Self.sleepUntilCancelled()
        ended.send()
        return .text("late")
      },
      { served in
        for place in Place.allCases {
          do {
            let client = try Self.client(served, place)
            client.send("GET / HTTP/1.1\r\nHost: \(served.host)\r\n\r\n")
            began.wait()
            client.resetOnClose()
          }
          ended.wait()
        }
      })
  }

  @Test("A client that only closes its own side gets its answer, streamed or not", arguments: Place.allCases)
  func halfClosed(_ place: Place) async throws {
    let isClosed = Signal()
    try await serving(
      { request in
        HTTPResponse(
          status: 200,
          body: .stream { writer in
            try await writer.write("one ")
            await withCheckedContinuation { continuation in
              Thread {
                isClosed.wait()
                continuation.resume()
              }.start()
            }
            for word in ["two ", "three"] { try await writer.write(word) }
          })
      },
      { served in
        let client = try Self.client(served, place)
        client.send("GET / HTTP/1.1\r\nHost: \(served.host)\r\n\r\n")
        _ = try client.readHead()
        #expect(try client.readChunk() == "one ")
        client.endSending()
        isClosed.send()
        #expect(try client.readChunk() == "two ")
        #expect(try client.readChunk() == "three")
        #expect(try client.readChunk() == "")
        #expect(try client.readToEnd() == "")
      })
  }

  @Test("A silent stream to a client on the Unix socket that only closed its own side stays")
  func halfClosedSilent() async throws {
    var limits = HTTPLimits()
    limits.halfClosed = .milliseconds(1)
    try await serving(
      limits: limits,
      { _ in
        HTTPResponse(
          status: 200,
          body: .stream { writer in
            try await Task.sleep(for: .milliseconds(50))
            try await writer.write("late")
          })
      },
      { served in
        let client = try served.onUnixSocket()
        client.send("GET / HTTP/1.0\r\n\r\n")
        client.endSending()
        #expect(try client.readResponse().body == "late")
      })
  }

  @Test("A reset in the middle of a response tells the writer, and the server serves on", arguments: Place.allCases)
  func resetWhileWriting(_ place: Place) async throws {
    let failed = Signal()
    try await serving(
      { request in
        guard request.path == "/endless" else { return .text("fine") }
        return HTTPResponse(
          status: 200,
          body: .stream { writer in
            do {
              while true { try await writer.write([UInt8](repeating: 0x61, count: 100_000)) }
            } catch {
              #expect(error as? HTTPBodyError == .clientGone)
              failed.send()
              throw error
            }
          })
      },
      { served in
        for _ in 0..<20 {
          do {
            let client = try Self.client(served, place)
            client.send("GET /endless HTTP/1.1\r\nHost: \(served.host)\r\n\r\n")
            _ = try client.read(10_000)
            client.resetOnClose()
          }
          failed.wait()
        }
        #expect(try served.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").body == "fine")
      })
  }
}
