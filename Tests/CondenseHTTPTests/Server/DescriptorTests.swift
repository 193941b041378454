#if os(Linux)
  import CondenseHTTP
  import Foundation
  import Testing

  @Suite("Descriptors") struct DescriptorTests {
    /// Sockets of this server's listeners, and of others that run beside this test, come and go: so only those that
    /// were accepted on this path are looked at.
    private static func connections(_ path: String) throws -> Int {
      // A pseudo-file tells no size, so that it must be read to its end.
      let file = try #require(FileHandle(forReadingAtPath: "/proc/net/unix"))
      let table = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
      return table.split(separator: "\n").filter { $0.hasSuffix(" " + path) }.count
    }

    @Test("Connections leave nothing behind, however they end")
    func connectionsEnd() async throws {
      try await serving { served in
        #expect(try Self.connections(served.path) == 1)
        for index in 0..<200 {
          let client = try served.onUnixSocket()
          switch index % 4 {
          case 0: client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
          case 1: client.send("junk\r\n\r\n")
          case 2: client.send("GET / HT")
          default: break
          }
          client.endSending()
          _ = try client.readToEnd()
        }
        // Connections are accepted and closed in turn: this one's answer comes after all of them.
        let client = try served.onUnixSocket()
        client.send("GET / HTTP/1.0\r\n\r\n")
        #expect(try client.readResponse().status == 200)
        #expect(try Self.connections(served.path) <= 2)
      }
    }
  }
#endif
