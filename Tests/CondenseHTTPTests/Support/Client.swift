import Foundation
import TestSupport

/// A client that does as it is told, byte by byte, and waits as long as it must (but not for ever).
final class Client {
  struct Response: Equatable {
    var status: Int
    var headers: [String: String]
    var body: String
  }

  enum Failure: Error { case connect(Int32), read(Int32), ended(String), malformed(String) }

  private let descriptor: Int32
  private var buffer: [UInt8] = []
  /// What of the buffer is read.
  private var start = 0

  init(unixSocket path: String) throws {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    descriptor = try Self.connected(AF_UNIX, &address)
  }

  init(port: Int) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    descriptor = try Self.connected(AF_INET, &address)
  }

  deinit { Foundation.close(descriptor) }

  private static func connected<Address>(_ family: Int32, _ address: inout Address) throws -> Int32 {
    #if canImport(Darwin)
      let descriptor = socket(family, SOCK_STREAM, 0)
    #else
      let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    #if canImport(Darwin)
      var noSignal: Int32 = 1
      setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &noSignal, socklen_t(MemoryLayout<Int32>.size))
    #endif
    // No test waits for this; it only keeps a broken one from hanging.
    var patience = timeval(tv_sec: longestWait, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
      }
    }
    guard result == 0 else {
      defer { Foundation.close(descriptor) }
      throw Failure.connect(errno)
    }
    return descriptor
  }

  /// False where the server takes no more.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    #if canImport(Darwin)
      let flags: Int32 = 0
    #else
      let flags = Int32(MSG_NOSIGNAL)
    #endif
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, flags) }
      guard sent > 0 else { return false }
      rest = rest.dropFirst(sent)
    }
    return true
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// Says that no more comes, but listens on.
  func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  func stopReading() { shutdown(descriptor, Int32(SHUT_RD)) }

  /// Makes the close that follows a reset, as by a process that is killed with unread data.
  func resetOnClose() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  /// False at the end.
  private func fill() throws -> Bool {
    buffer.removeFirst(start)
    start = 0
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    if count < 0, errno == ECONNRESET { return false }
    guard count >= 0 else { throw Failure.read(errno) }
    buffer += bytes[..<count]
    return count > 0
  }

  /// Without its line break; nil at the end.
  func readLine() throws -> String? {
    while true {
      if let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = buffer[start..<end]
        start = end + 1
        return String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
      }
      guard try fill() else { return nil }
    }
  }

  func read(_ count: Int) throws -> [UInt8] {
    while buffer.count - start < count {
      guard try fill() else { throw Failure.ended(String(decoding: buffer, as: UTF8.self)) }
    }
    defer { start += count }
    return Array(buffer[start..<start + count])
  }

  /// All that comes until the server closes.
  func readToEnd() throws -> String {
    while try fill() {}
    defer { start = buffer.count }
    return String(decoding: buffer[start...], as: UTF8.self)
  }

  func readHead() throws -> (status: Int, headers: [String: String]) {
    guard let line = try readLine() else { throw Failure.ended("") }
    let words = line.split(separator: " ")
    guard words.count > 1, words[0] == "HTTP/1.1", let status = Int(words[1]) else { throw Failure.malformed(line) }
    var headers: [String: String] = [:]
    while let line = try readLine(), !line.isEmpty {
      guard let colon = line.firstIndex(of: ":") else { throw Failure.malformed(line) }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    return (status, headers)
  }

  /// A chunk of a chunked body; empty at its end.
  func readChunk() throws -> String {
    guard let line = try readLine(), let count = Int(line, radix: 16) else { throw Failure.malformed("chunk") }
    let chunk = String(decoding: try read(count), as: UTF8.self)
    _ = try read(2)
    return chunk
  }

  func readResponse(isHead: Bool = false) throws -> Response {
    let (status, headers) = try readHead()
    var body = ""
    if isHead || status == 204 || status == 304 {
    } else if let count = headers["content-length"].flatMap({ Int($0) }) {
      body = String(decoding: try read(count), as: UTF8.self)
    } else if headers["transfer-encoding"] == "chunked" {
      while case let chunk = try readChunk(), !chunk.isEmpty { body += chunk }
    } else {
      body = try readToEnd()
    }
    return Response(status: status, headers: headers, body: body)
  }
}
