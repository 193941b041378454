import CondenseTensors

/// What a handler answers.
///
/// The server adds what frames the body (`Content-Length`, `Transfer-Encoding`, `Connection`), and `Cache-Control: no-store`
/// where the handler says nothing else. It never sends a CORS header.
public struct HTTPResponse: Sendable {
  public enum Body: Sendable {
    case bytes([UInt8])
    /// Runs while the client listens: in the request's task, which is cancelled as the client goes. Where it throws, the
    /// connection is cut, so that the client does not take what it has for the whole.
    case stream(@Sendable (HTTPBodyWriter) async throws -> Void)
  }

  public var status: Int
  public var headers: [(String, String)]
  public var body: Body

  public init(status: Int, headers: [(String, String)] = [], body: Body = .bytes([])) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// JSON that is ready to send.
  public static func json(_ bytes: [UInt8], status: Int = 200) -> HTTPResponse {
    HTTPResponse(status: status, headers: [("Content-Type", "application/json")], body: .bytes(bytes))
  }

  public static func text(
    _ text: String, status: Int = 200, contentType: String = "text/plain; charset=utf-8"
  ) -> HTTPResponse {
    HTTPResponse(status: status, headers: [("Content-Type", contentType)], body: .bytes(Array(text.utf8)))
  }

  /// `{"error": {"status": 404, "message": "…"}}`
  public static func error(_ status: Int, _ message: String) -> HTTPResponse {
    json(Array("{\"error\": {\"status\": \(status), \"message\": \(JSONText.quoted(message))}}\n".utf8), status: status)
  }
}

/// Answers a request. It runs in a task of its own, which is cancelled when the client goes.
public typealias HTTPHandler = @Sendable (HTTPRequest) async -> HTTPResponse
