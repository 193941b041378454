import CondenseEngine
import Foundation
import TestSupport

@testable import CondenseDaemon

/// An answer as it came over a socket.
struct RawAnswer: Equatable {
  var status: Int
  var body: String

  /// Nil where it is no object.
  var json: [String: Any]? { (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] }
}

/// Sends bytes as they are and reads what comes until the other side closes, or has answered.
final class RawClient {
  enum Failure: Error { case connect(Int32), malformed(String) }

  private let descriptor: Int32

  init(unixSocket path: String) throws {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    descriptor = try RawClient.connected(AF_UNIX, &address)
  }

  init(port: Int) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    descriptor = try RawClient.connected(AF_INET, &address)
  }

  deinit { close(descriptor) }

  private static func connected<Address>(_ family: Int32, _ address: inout Address) throws -> Int32 {
    #if canImport(Glibc)
      let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let descriptor = socket(family, SOCK_STREAM, 0)
    #endif
    // No test waits for this; it only keeps a broken one from hanging.
    var patience = timeval(tv_sec: longestWait, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
      }
    }
    guard result == 0 else {
      defer { close(descriptor) }
      throw Failure.connect(errno)
    }
    return descriptor
  }

  func send(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      // A server that refuses a body need not read it.
      guard sent > 0 else { return }
      rest = rest.dropFirst(sent)
    }
  }

  /// The answer to what was sent; its connection is to be closed by the server.
  func answer() throws -> RawAnswer {
    let text = String(decoding: read { _ in false }, as: UTF8.self)
    let words = text.prefix { $0 != "\r\n" }.split(separator: " ")
    guard words.count > 1, let status = Int(words[1]), let head = text.range(of: "\r\n\r\n") else {
      throw Failure.malformed(text)
    }
    return RawAnswer(status: status, body: String(text[head.upperBound...]))
  }

  /// What comes until there is enough, or the end.
  func read(until isEnough: ([UInt8]) -> Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while !isEnough(bytes) {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    return bytes
  }
}

extension RunningDaemon {
  var port: Int { daemon.record.address.flatMap { URL(string: $0)?.port } ?? 0 }
  func token() throws -> String { try AccessToken(in: DaemonFolder(Workspace(root: workspace.root))).text }

  /// A request of HTTP/1.1, whose connection the server closes.
  func request(
    _ line: String, overSocket: Bool = false, token: String? = nil, headers: [String] = [], body: String = "",
    host: String? = nil
  ) throws -> RawAnswer {
    let client = overSocket ? try RawClient(unixSocket: daemon.record.socket) : try RawClient(port: port)
    var lines = ["\(line) HTTP/1.1", "Host: \(host ?? "127.0.0.1:\(port)")", "Connection: close"]
    if let token { lines.append("Authorization: Bearer \(token)") }
    if !body.isEmpty || line.hasPrefix("POST") { lines.append("Content-Length: \(body.utf8.count)") }
    client.send((lines + headers).joined(separator: "\r\n") + "\r\n\r\n" + body)
    return try client.answer()
  }
}
