import CondenseHTTP
import Foundation
import Testing

/// An event as a browser would tell it.
struct Event: Equatable {
  var id: String?
  var name: String?
  var data: String?
}

extension Client {
  /// Listens over HTTP/1.0, where events come without chunks.
  func listen(_ target: String = "/events", lastEventID: String? = nil) throws {
    send("GET \(target) HTTP/1.0\r\n" + (lastEventID.map { "Last-Event-ID: \($0)\r\n" } ?? "") + "\r\n")
    let (status, headers) = try readHead()
    #expect(status == 200 && headers["content-type"] == "text/event-stream")
  }

  /// Nil at the end. A comment is an event without anything.
  func readEvent() throws -> Event? {
    var event = Event()
    while let line = try readLine() {
      if line.isEmpty { return event }
      let value = String(line.drop { $0 != ":" }.dropFirst().drop { $0 == " " })
      switch line.prefix(while: { $0 != ":" }) {
      case "id": event.id = value
      case "event": event.name = value
      case "data": event.data = event.data.map { $0 + "\n" + value } ?? value
      default: break
      }
    }
    return nil
  }
}

@Suite("Event feeds") struct EventFeedTests {
  /// Runs a body with a server of a feed.
  private static func feeding(
    _ feed: EventFeed, limits: HTTPLimits = HTTPLimits(), _ body: @escaping @Sendable (Served) throws -> Void
  ) async throws {
    try await serving(limits: limits, { feed.response(to: $0) }, body)
  }

  @Test("A listener gets the events from when it came, with names, data and ids")
  func events() async throws {
    let feed = EventFeed()
    feed.publish(name: "early", data: "{}")
    try await Self.feeding(feed) { served in
      let client = try served.onUnixSocket()
      try client.listen()
      let start = try client.readEvent()
      #expect(start == Event(id: feed.lastID))
      feed.publish(name: "built", data: #"{"pipeline": "a"}"#)
      feed.publish(name: "two\nlines", data: "1\n2\u{2028}")
      #expect(try client.readEvent()?.data == #"{"pipeline": "a"}"#)
      let last = try client.readEvent()
      #expect(last == Event(id: feed.lastID, name: "twolines", data: "1\n2\u{2028}"))
    }
  }

  @Test("A listener that comes back gets what it missed, by header or query")
  func resume() async throws {
    let feed = EventFeed()
    feed.publish(name: "a", data: "1")
    let id = feed.lastID
    for data in ["2", "3"] { feed.publish(name: "a", data: data) }
    try await Self.feeding(feed) { served in
      for usesHeader in [true, false] {
        let client = try served.onUnixSocket()
        if usesHeader {
          try client.listen("/events?since=x", lastEventID: id)
        } else {
          try client.listen("/events?since=\(id)")
        }
        #expect(try client.readEvent()?.data == "2")
        #expect(try client.readEvent()?.data == "3")
      }
    }
  }

  @Test("Where what was missed is not there any more, or the id is none of this process, a reset comes first")
  func reset() async throws {
    let feed = EventFeed(capacity: 2)
    let old = feed.lastID
    for data in ["1", "2", "3"] { feed.publish(name: "a", data: data) }
    let prefix = feed.lastID.dropLast()
    let ids = [
      old, EventFeed().lastID, "", "-1", "3", prefix + "4", prefix + "-1", prefix + "99999999999999999999", "\u{20AC}",
    ]
    try await Self.feeding(feed) { served in
      for id in ids {
        let client = try served.onUnixSocket()
        try client.listen(lastEventID: String(id))
        let reset = try client.readEvent()
        #expect(reset == Event(id: feed.lastID, name: "reset", data: "{}"), "\(id)")
        feed.publish(name: "a", data: "next")
        #expect(try client.readEvent()?.data == "next")
        feed.publish(name: "a", data: "3")
        feed.publish(name: "a", data: "3")
      }
    }
  }

  @Test("A silent stream shows that it is there")
  func heartbeat() async throws {
    let feed = EventFeed(heartbeat: .milliseconds(10))
    try await Self.feeding(feed) { served in
      let client = try served.onUnixSocket()
      try client.listen()
      _ = try client.readEvent()
      for _ in 0..<3 { #expect(try client.readLine() == ":" || (try client.readLine()) == "") }
      feed.publish(name: "a", data: "1")
      var event = try client.readEvent()
      while event == Event() { event = try client.readEvent() }
      #expect(event?.data == "1")
    }
  }

  @Test("A feed that is finished sends what it has, and ends its streams")
  func finish() async throws {
    let feed = EventFeed()
    try await Self.feeding(feed) { served in
      let client = try served.onUnixSocket()
      try client.listen()
      _ = try client.readEvent()
      feed.publish(name: "a", data: "last")
      feed.finish()
      #expect(try client.readEvent()?.data == "last")
      #expect(try client.readEvent() == nil)
      let late = try served.onUnixSocket()
      try late.listen()
      _ = try late.readEvent()
      #expect(try late.readEvent() == nil)
    }
  }

  @Test("A listener that falls behind the ring is dropped, and told so when it comes back")
  func fallsBehind() async throws {
    let feed = EventFeed(capacity: 10)
    try await Self.feeding(feed) { served in
      let client = try served.onUnixSocket()
      try client.listen()
      let start = try client.readEvent()?.id
      let data = String(repeating: "x", count: 10_000)
      for _ in 0..<500 { feed.publish(name: "a", data: data) }
      var last = start
      while let event = try client.readEvent() { last = event.id ?? last }
      let again = try served.onUnixSocket()
      try again.listen(lastEventID: last)
      #expect(try again.readEvent()?.name == "reset")
    }
  }

  @Test("A silent stream ends when its listener goes")
  func listenerGoes() async throws {
    let feed = EventFeed()
    let ended = Signal()
    var limits = HTTPLimits()
    limits.halfClosed = .milliseconds(50)
    let handler: HTTPHandler = { request in
      var response = feed.response(to: request)
      guard case .stream(let produce) = response.body else { return response }
      response.body = .stream { writer in
        defer { ended.send() }
        try await produce(writer)
      }
      return response
    }
    try await serving(limits: limits, handler) { served in
      for client in [try served.onUnixSocket(), try served.onLoopback()] {
        client.send("GET / HTTP/1.1\r\nHost: \(served.host)\r\n\r\n")
        _ = try client.readHead()
        _ = try client.readChunk()
        #expect(feed.listeners == 1)
        client.endSending()
        client.stopReading()
        ended.wait()
        #expect(feed.listeners == 0)
      }
    }
  }
}
