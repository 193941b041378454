import Foundation

/// Why a server cannot listen.
public enum HTTPServerError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Another listens there: `host:port`, or the socket's path.
  case addressInUse(String)
  /// The server serves this machine only.
  case notLoopback(host: String)
  /// The system's limit is in bytes.
  case pathTooLong(path: String, limit: Int)
  /// There is something at the path that is no socket.
  case notASocket(path: String)
  /// What was tried, where, and the system's `errno`.
  case system(operation: String, place: String, code: Int32)
  case shutDown

  public var description: String {
    switch self {
    case .addressInUse(let place): "cannot listen on \(place): another process does"
    case .notLoopback(let host): "cannot listen on \(host): it is neither localhost, 127.0.0.1 nor ::1"
    case .pathTooLong(let path, let limit):
      "cannot listen on '\(path)': a socket's path has at most \(limit) bytes, this has \(path.utf8.count)"
    case .notASocket(let path): "cannot listen on '\(path)': there is a file that is no socket"
    case .system(let operation, let place, let code):
      "cannot \(operation) '\(place)': \(String(cString: strerror(code)))"
    case .shutDown: "cannot listen: the server is shut down"
    }
  }
}
