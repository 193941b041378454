import CondenseHTTP
import Foundation
import Testing

@Suite("Event feeds under load") struct EventFeedLoadTests {
  @Test("Many listeners get all events in order while others never read, and publishing waits for none")
  func manyListeners() async throws {
    let (readers, idlers, events) = (70, 30, 10_000)
    let feed = EventFeed(capacity: events, capacityBytes: 16 << 20)
    // Of their own, with little patience.
    var limits = HTTPLimits()
    limits.write = .milliseconds(50)
    let impatient = HTTPServer(limits: limits, access: HTTPAccess(token: nil)) { feed.response(to: $0) }
    let port = try await onThread { try impatient.listen(host: "localhost", port: 0) }
    let data = String(repeating: "x", count: 200)
    let prefix = feed.lastID.dropLast()
    let expected = (1...events).map { "id: \(prefix)\($0)\nevent: e\ndata: \($0) \(data)\n\n" }.joined()
    let bytes = Array(expected.utf8)
    let handler: HTTPHandler = { feed.response(to: $0) }
    try await serving(handler) { served in
      let silent = try (0..<idlers).map { _ in
        let client = try Client(port: port)
        client.send("GET / HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n")
        _ = try client.readHead()
        return client
      }
      let (ready, done) = (Signal(), Signal())
      for _ in 0..<readers {
        Thread {
          do {
            let client = try served.onUnixSocket()
            try client.listen()
            _ = try client.readEvent()
            ready.send()
            if try client.read(bytes.count) != bytes { Issue.record("events are missing or out of order") }
          } catch {
            Issue.record(error)
          }
          done.send()
        }.start()
      }
      for _ in 0..<readers { ready.wait() }
      for number in 1...events { feed.publish(name: "e", data: "\(number) \(data)") }
      for _ in 0..<readers { done.wait() }
      // Those that did not read are closed once their time for it is over.
      for client in silent {
        let rest = try client.readToEnd()
        #expect(!rest.isEmpty && !rest.contains("data: \(events) "))
      }
    }
    await impatient.shutdown(gracePeriod: .zero)
  }
}
