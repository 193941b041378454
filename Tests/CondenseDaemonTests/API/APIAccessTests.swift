import CondenseEngine
import CondenseReports
import Foundation
import Testing

@testable import CondenseDaemon

@Suite("What the API of a running daemon refuses") struct APIAccessTests {
  @Test("What changes something needs the token, on the port and on the socket", arguments: [true, false])
  func token(overSocket: Bool) async throws {
    try await withDaemon(DaemonWorkspace()) { daemon in
      let right = try daemon.token()
      let wrong = String(right.reversed())
      for path in ["/api/builds", "/api/builds/1/cancel"] {
        #expect(try daemon.request("POST \(path)", overSocket: overSocket).status == 401)
        #expect(try daemon.request("POST \(path)", overSocket: overSocket, token: wrong).status == 401)
        #expect(try daemon.request("POST \(path)", overSocket: overSocket, token: "").status == 401)
      }
      #expect(try daemon.request("POST /api/builds", overSocket: overSocket, token: right).status == 202)
      #expect(try daemon.request("POST /api/builds/9999/cancel", overSocket: overSocket, token: right).status == 404)
    }
  }

  @Test("Pages of other sites and names that were pointed here are kept out") func foreign() async throws {
    try await withDaemon(DaemonWorkspace()) { daemon in
      let token = try daemon.token()
      #expect(try daemon.request("GET /api/status", host: "evil.example:\(daemon.port)").status == 421)
      #expect(try daemon.request("GET /api/status", host: "localhost:1").status == 421)
      #expect(try daemon.request("GET /api/status", host: "localhost:\(daemon.port)").status == 200)
      for header in ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"] {
        #expect(try daemon.request("GET /api/status", headers: [header]).status == 403)
        #expect(try daemon.request("POST /api/builds", token: token, headers: [header]).status == 403)
      }
    }
  }

  @Test(
    "Paths outside the workspace are refused, however they lead there",
    arguments: ["/etc", "../OTHER", "pipelines/../../OTHER/x.yaml", "link/x.yaml", "link"])
  func outside(path: String) async throws {
    let workspace = try DaemonWorkspace()
    let other = try DaemonWorkspace()
    try other.write("stages: []\n", to: "x.yaml")
    try FileManager.default.createSymbolicLink(atPath: workspace.path("link"), withDestinationPath: other.root)
    let path = path.replacing("OTHER", with: (other.root as NSString).lastPathComponent)
    try await withDaemon(workspace) { daemon in
      let answer = try daemon.request(
        "POST /api/builds", token: daemon.token(), body: "{\"pipelines\": [\"\(path)\"]}")
      #expect(answer.status == 403, "\(answer.body)")
      #expect(daemon.service.builds.isEmpty)
    }
    withExtendedLifetime(other) {}
  }

  @Test("Bodies that are no build request are refused, and what is asked for is checked")
  func bodies() async throws {
    try await withDaemon(DaemonWorkspace()) { daemon in
      let token = try daemon.token()
      func status(_ body: String) throws -> Int {
        try daemon.request("POST /api/builds", token: token, body: body).status
      }
      #expect(try status("{") == 400)
      #expect(try status("[]") == 400)
      #expect(try status("{\"pipelines\": 3}") == 400)
      #expect(try status("{\"jobs\": 0}") == 400)
      #expect(try status("{\"jobs\": 99999999999999999999}") == 400)
      #expect(try status("{\"pipelines\": [\"nothing\"]}") == 404)
      #expect(try status(String(repeating: " ", count: 2 << 20)) == 413)
      #expect(try daemon.request("GET /api/builds?limit=0").status == 400)
      #expect(try daemon.request("GET /api/builds?limit=x").status == 400)
      let climbing = try daemon.request("GET /api/pipelines/..%2F..%2Fetc/why")
      #expect([400, 404].contains(climbing.status), "\(climbing)")
    }
  }

  @Test("The way of commands is closed on the port, and needs the token on the socket") func control() async throws {
    try await withDaemon(DaemonWorkspace()) { daemon in
      let token = try daemon.token()
      let store = daemon.service.currentStoreFolder
      let request = ControlRequest(invocation: BuildInvocation(), store: store, style: .plain)
      let body = String(decoding: try JSONEncoder().encode(request), as: UTF8.self)
      #expect(try daemon.request("POST /control/build", token: token, body: body).status == 404)
      #expect(try daemon.request("POST /control/build", overSocket: true, body: body).status == 401)
      #expect(try daemon.request("POST /control/build", overSocket: true, token: token, body: "{}").status == 400)
      let answer = try daemon.request("POST /control/build", overSocket: true, token: token, body: body)
      #expect(answer.status == 200)
      #expect(answer.body.contains("exit"))
    }
  }

  @Test("A head that does not come to its end costs a connection for a while, and nobody else anything")
  func slowHead() async throws {
    // Time enough for the head that does come.
    try await withDaemon(DaemonWorkspace(), { $0.limits.head = .seconds(2) }) { daemon in
      let slow = try RawClient(port: daemon.port)
      slow.send("GET /api/status HTTP/1.1\r\nHost:")
      #expect(try daemon.request("GET /healthz").body == "ok\n")
      #expect(try slow.answer().status == 408)
    }
  }

  @Test("The token is in no answer and in no log") func secrecy() async throws {
    let workspace = try DaemonWorkspace()
    try workspace.writePipeline("digits")
    let lines = LineLog()
    try await withDaemon(workspace, { $0.log = lines.logger }) { daemon in
      let token = try daemon.token()
      _ = try daemon.request("POST /api/builds", token: token)
      _ = try daemon.request("POST /api/builds?token=\(token)", token: "wrong")
      for path in ["/api/status", "/api/builds", "/metrics", "/api/openapi.json", "/api/cache"] {
        #expect(try !daemon.request("GET \(path)").body.contains(token))
      }
      try daemon.settle()
      #expect(!lines.all.isEmpty)
      #expect(lines.all.allSatisfy { !$0.contains(token) })
    }
  }
}
