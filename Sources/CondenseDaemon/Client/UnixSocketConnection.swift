import CondenseFiles
import Foundation

/// One HTTP/1.0 request over a Unix socket, with an answer that ends with the connection (RFC 1945, section 1.3): all
/// that a command needs to talk to the daemon, without the start of an event loop.
final class UnixSocketConnection {
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var start = 0
  private var isAtEnd = false

  struct Failure: Error, CustomStringConvertible {
    var description: String
    /// The system's `errno`; 0 where it is not to blame.
    var code: Int32 = 0
  }

  /// - Parameter patience: seconds that the other side may take to say something.
  init(to path: String, patience: Int) throws(Failure) {
    // Where an initializer fails with everything in place, `deinit` follows: it must be the only one to close.
    descriptor = try UnixSocketConnection.connected(to: path, patience: patience)
  }

  private static func connected(to path: String, patience: Int) throws(Failure) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw Failure(description: "'\(path)' is too long for a socket", code: ENAMETOOLONG)
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    #if canImport(Glibc)
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    #else
      let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
    #endif
    guard descriptor >= 0 else { throw Failure(description: "no socket can be made", code: errno) }
    var wait = timeval(tv_sec: patience, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      let code = errno
      close(descriptor)
      throw Failure(description: String(cString: strerror(code)), code: code)
    }
    return descriptor
  }

  deinit { close(descriptor) }

  /// Sends a request and returns the answer's status; the body follows with ``line()`` and ``rest()``.
  func request(_ method: String, _ path: String, token: String? = nil, body: [UInt8] = []) throws(Failure) -> Int {
    var head = "\(method) \(path) HTTP/1.0\r\nContent-Length: \(body.count)\r\n"
    if !body.isEmpty { head += "Content-Type: application/json\r\n" }
    if let token { head += "Authorization: Bearer \(token)\r\n" }
    try send(Array((head + "\r\n").utf8) + body)
    guard let status = try line() else { throw Failure(description: "it closed the connection") }
    let words = String(decoding: status, as: UTF8.self).split(separator: " ")
    guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let code = Int(words[1]) else {
      throw Failure(description: "it does not speak HTTP")
    }
    while let header = try line(), !header.isEmpty, header != [0x0D] {}
    return code
  }

  private func send(_ bytes: [UInt8]) throws(Failure) {
    var sent = 0
    while sent < bytes.count {
      #if os(Linux)
        let flags = Int32(MSG_NOSIGNAL)
      #else
        let flags: Int32 = 0
      #endif
      let count = bytes[sent...].withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, flags) }
      guard count > 0 else {
        if errno == EINTR { continue }
        throw Failure(description: String(cString: strerror(errno)), code: errno)
      }
      sent += count
    }
  }

  /// The next line without its `\n`; nil at the end.
  func line() throws(Failure) -> [UInt8]? {
    // Behind `start`, which moves when the buffer does.
    var searched = 0
    while true {
      if let end = buffer[(start + searched)...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { start = end + 1 }
        let line = buffer[start..<end]
        return line.last == 0x0D ? Array(line.dropLast()) : Array(line)
      }
      searched = buffer.count - start
      guard try fill() else {
        guard start < buffer.count else { return nil }
        defer { start = buffer.count }
        return Array(buffer[start...])
      }
    }
  }

  /// Everything that follows.
  func rest() throws(Failure) -> [UInt8] {
    while try fill() {}
    defer { start = buffer.count }
    return Array(buffer[start...])
  }

  /// Reads more; false at the end.
  private func fill() throws(Failure) -> Bool {
    guard !isAtEnd else { return false }
    if start == buffer.count {
      buffer = []
      start = 0
    }
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        let isSlow = errno == EAGAIN || errno == EWOULDBLOCK
        throw Failure(description: isSlow ? "it does not answer" : String(cString: strerror(errno)), code: errno)
      }
      isAtEnd = count == 0
      buffer += chunk[..<count]
      return count > 0
    }
  }
}
