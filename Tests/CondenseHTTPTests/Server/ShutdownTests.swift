import CondenseHTTP
import Foundation
import TestSupport
import Testing

@Suite("Listening and shutting down") struct ShutdownTests {
  private static func server(_ handler: @escaping HTTPHandler = echo) -> HTTPServer {
    var limits = HTTPLimits()
    // On a busy machine a test's shutdown may begin late; nothing else is to close what is idle.
    limits.idle = .seconds(2 * longestWait)
    return HTTPServer(limits: limits, access: HTTPAccess(token: nil), handler: handler)
  }

  /// Runs a body with a path for a socket in a folder that is not there yet.
  private static func withPath(_ body: (String) async throws -> Void) async throws {
    let folder = shortFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder + "/socket")
  }

  private static func mode(_ path: String) -> Int? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int
  }

  @Test("The socket is for its user alone, and gone after the shutdown")
  func permissions() async throws {
    try await Self.withPath { path in
      let server = Self.server()
      try await onThread { try server.listen(unixSocket: path) }
      #expect(Self.mode(path) == 0o600)
      #expect(Self.mode((path as NSString).deletingLastPathComponent) == 0o700)
      await server.shutdown(gracePeriod: .zero)
      #expect(Self.mode(path) == nil)
    }
  }

  @Test("A socket file that nobody listens on is replaced, one that somebody does is not")
  func stale() async throws {
    try await Self.withPath { path in
      let first = Self.server()
      try await onThread { try first.listen(unixSocket: path) }
      let second = Self.server()
      await #expect(throws: HTTPServerError.addressInUse(path)) {
        try await onThread { try second.listen(unixSocket: path) }
      }
      // What a process leaves that is killed: the file under another name outlives its listener.
      let stale = path + "-stale"
      try FileManager.default.linkItem(atPath: path, toPath: stale)
      await first.shutdown(gracePeriod: .zero)
      #expect(Self.mode(stale) != nil)
      try await onThread {
        try second.listen(unixSocket: stale)
        let client = try Client(unixSocket: stale)
        client.send("GET / HTTP/1.0\r\n\r\n")
        #expect(try client.readResponse().body == "GET / ")
      }
      await second.shutdown(gracePeriod: .zero)
    }
  }

  @Test("What is no socket is not deleted")
  func noSocket() async throws {
    try await Self.withPath { path in
      let folder = (path as NSString).deletingLastPathComponent
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
      try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
      let link = folder + "/link"
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
      let server = Self.server()
      for place in [path, link, folder] {
        await #expect(throws: HTTPServerError.notASocket(path: place)) {
          try await onThread { try server.listen(unixSocket: place) }
        }
      }
      #expect(FileManager.default.contents(atPath: path) == Data("mine".utf8))
      await server.shutdown(gracePeriod: .zero)
    }
  }

  @Test("A server that is shut down leaves a socket file alone that another has put in its place")
  func replaced() async throws {
    try await Self.withPath { path in
      let (first, second) = (Self.server(), Self.server())
      try await onThread {
        try first.listen(unixSocket: path)
        unlink(path)
        try second.listen(unixSocket: path)
      }
      await first.shutdown(gracePeriod: .zero)
      #expect(Self.mode(path) == 0o600)
      await second.shutdown(gracePeriod: .zero)
      #expect(Self.mode(path) == nil)
    }
  }

  @Test("A path that is too long, a folder that is not there, a foreign or taken address: each has its error")
  func errors() async throws {
    let (server, other) = (Self.server(), Self.server())
    let long = "/" + String(repeating: "a", count: 107)
    await #expect(throws: HTTPServerError.pathTooLong(path: long, limit: 107)) {
      try await onThread { try server.listen(unixSocket: long) }
    }
    await #expect(throws: HTTPServerError.system(operation: "create", place: "/nowhere/at", code: ENOENT)) {
      try await onThread { try server.listen(unixSocket: "/nowhere/at/all") }
    }
    for host in ["0.0.0.0", "::", "example.org", "192.0.2.1", ""] {
      await #expect(throws: HTTPServerError.notLoopback(host: host)) {
        try await onThread { try server.listen(host: host, port: 0) }
      }
    }
    let port = try await onThread { try server.listen(host: "localhost", port: 0) }
    await #expect(throws: HTTPServerError.addressInUse("127.0.0.1:\(port)")) {
      try await onThread { try other.listen(host: "127.0.0.1", port: port) }
    }
    #expect("\(HTTPServerError.addressInUse("127.0.0.1:80"))" == "cannot listen on 127.0.0.1:80: another process does")
    await server.shutdown(gracePeriod: .zero)
    await #expect(throws: HTTPServerError.shutDown) {
      try await onThread { try server.listen(host: "localhost", port: 0) }
    }
    await other.shutdown(gracePeriod: .zero)
  }

  @Test("A response that runs may end within the grace period, and idle connections are closed at once")
  func grace() async throws {
    let (began, mayEnd) = (Signal(), Signal())
    try await Self.withPath { path in
      let server = Self.server { _ in
        HTTPResponse(
          status: 200,
          body: .stream { writer in
            try await writer.write("begun ")
            began.send()
            await withCheckedContinuation { continuation in
              Thread {
                mayEnd.wait()
                continuation.resume()
              }.start()
            }
            try await writer.write("ended")
          })
      }
      let (idle, running) = try await onThread {
        try server.listen(unixSocket: path)
        let (idle, running) = (try Client(unixSocket: path), try Client(unixSocket: path))
        running.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        began.wait()
        return (Shared(idle), Shared(running))
      }
      async let shutdown: Void = server.shutdown(gracePeriod: .seconds(2 * longestWait))
      try await onThread {
        // The idle connection's end tells that the shutdown has begun.
        let (idle, running) = (idle.client, running.client)
        let rest = try idle.readToEnd()
        #expect(rest == "")
        #expect(throws: Client.Failure.self) { try Client(unixSocket: path) }
        mayEnd.send()
        let response = try running.readResponse()
        #expect(response.body == "begun ended")
        let end = try running.readToEnd()
        #expect(end == "")
      }
      await shutdown
    }
  }

  @Test("After the grace period what still runs is cut and cancelled")
  func cut() async throws {
    let (began, ended) = (Signal(), Signal())
    try await Self.withPath { path in
      let server = Self.server { _ in
        began.send()
        try? await Task.sleep(for: .seconds(3600))
        ended.send()
        return .text("too late")
      }
      let client = try await onThread {
        try server.listen(unixSocket: path)
        let client = try Client(unixSocket: path)
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        began.wait()
        return Shared(client)
      }
      await server.shutdown(gracePeriod: .milliseconds(20))
      try await onThread {
        ended.wait()
        let rest = try client.client.readToEnd()
        #expect(rest == "")
      }
      #expect(server.statistics.openConnections == 0)
      await server.shutdown(gracePeriod: .zero)
    }
  }

  /// A client that goes from thread to thread, one at a time.
  private struct Shared: @unchecked Sendable {
    let client: Client
    init(_ client: Client) { self.client = client }
  }
}
