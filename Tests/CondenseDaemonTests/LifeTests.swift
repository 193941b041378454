import Foundation
import Logging
import Testing

@testable import CondenseDaemon

@Suite("A service's life") struct LifeTests {
  @Test(
    "Service files name program, workspace and variables, quoted as each manager wants it",
    arguments: ServiceFile.allCases)
  func serviceFile(manager: ServiceFile) throws {
    let text = manager.text(
      program: "/opt/my tools/condense", workspace: "/w/100% <a> & \"b\"", environment: ["CONDENSE_CACHE_DIR": "/c$d"])
    switch manager {
    case .systemd:
      #expect(text.contains(#"ExecStart="/opt/my tools/condense" daemon --workspace "/w/100%% <a> & \"b\"""#))
      #expect(text.contains(#"Environment="CONDENSE_CACHE_DIR=/c$d""#))
      #expect(text.contains("Type=notify"))
    case .launchd:
      let parsed = try PropertyListSerialization.propertyList(from: Data(text.utf8), format: nil)
      let fields = try #require(parsed as? [String: Any])
      #expect(
        fields["ProgramArguments"] as? [String] == [
          "/opt/my tools/condense", "daemon", "--workspace", "/w/100% <a> & \"b\"",
        ])
      #expect(fields["EnvironmentVariables"] as? [String: String] == ["CONDENSE_CACHE_DIR": "/c$d"])
    }
  }

  @Test("A log entry is one line of text, or one JSON object") func logFormats() throws {
    let date = Date(timeIntervalSince1970: 0)
    let text = LogOutput(format: .text, level: .info).text(.info, "built", ["ran": "3", "a": "b"], date: date)
    #expect(text == "1970-01-01T00:00:00.000Z info built a=b ran=3\n")
    let json = LogOutput(format: .json, level: .info).text(.error, "two\nlines \"x\"", ["ran": "3"], date: date)
    #expect(json.split(separator: "\n").count == 1)
    let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: String]
    #expect(
      object == ["level": "error", "message": "two\nlines \"x\"", "ran": "3", "time": "1970-01-01T00:00:00.000Z"])
  }

  @Test("systemd is told on the socket that it names") func notification() throws {
    let path = FileManager.default.temporaryDirectory.path + "/notify-\(UUID().uuidString.prefix(8))"
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    defer {
      close(descriptor)
      unlink(path)
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
    ServiceNotification(environment: ["NOTIFY_SOCKET": path]).ready()
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) == "READY=1\nMAINPID=\(getpid())")
    // Without one nothing happens.
    ServiceNotification(environment: [:]).stopping()
  }
}
