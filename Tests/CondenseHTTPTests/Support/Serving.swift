import CondenseHTTP
import Foundation
import TestSupport
import Testing

/// A server on a socket and a port, for the time of a test.
struct Served: Sendable {
  let server: HTTPServer
  let path: String
  let port: Int
  /// What a request on the loopback must say.
  var host: String { "localhost:\(port)" }

  static let token = "secret"

  func onUnixSocket() throws -> Client { try Client(unixSocket: path) }

  func onLoopback() throws -> Client { try Client(port: port) }

  /// Sends a request on a connection of its own, and reads the answer.
  func exchange(_ request: String) throws -> Client.Response {
    let client = try onUnixSocket()
    client.send(request)
    return try client.readResponse()
  }
}

/// Runs a test's body, which waits for sockets, on a thread of its own: the handlers need the tasks' threads.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    Thread { continuation.resume(with: Result { try body() }) }.start()
  }
}

/// A new folder with a name short enough for sockets in it.
func shortFolder() -> String {
  let folder = NSTemporaryDirectory() + "ch-\(UInt32.random(in: 0...UInt32.max))"
  return folder
}

func serving(
  limits: HTTPLimits = HTTPLimits(), grace: Duration = .zero, _ handler: @escaping HTTPHandler = echo,
  _ body: @escaping @Sendable (Served) throws -> Void
) async throws {
  let folder = shortFolder()
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let server = HTTPServer(limits: limits, access: HTTPAccess(token: Served.token), handler: handler)
  let result: Result<Void, any Error>
  do {
    try await onThread {
      let path = folder + "/socket"
      try server.listen(unixSocket: path)
      let port = try server.listen(host: "127.0.0.1", port: 0)
      try body(Served(server: server, path: path, port: port))
    }
    result = .success(())
  } catch {
    result = .failure(error)
  }
  await server.shutdown(gracePeriod: grace)
  try result.get()
}

/// Answers with what was asked for.
let echo: HTTPHandler = { request in
  .text("\(request.method) \(request.path) \(String(decoding: request.body, as: UTF8.self))")
}

/// Something that has happened, or will.
final class Signal: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)

  func send() { semaphore.signal() }

  /// Fails the test rather than hang it.
  func wait(_ location: SourceLocation = #_sourceLocation) {
    let end = DispatchTime.now() + .seconds(longestWait)
    #expect(semaphore.wait(timeout: end) == .success, "it did not happen", sourceLocation: location)
  }
}
