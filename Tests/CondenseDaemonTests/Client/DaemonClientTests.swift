import CondenseEngine
import CondenseFiles
import CondenseReports
import Foundation
import Testing

@testable import CondenseDaemon

@Suite("A command and its daemon") struct DaemonClientTests {
  /// Rounds of editing and building: `CONDENSE_BARRIER_ROUNDS`, else as many as are quick.
  static let rounds = ProcessInfo.processInfo.environment["CONDENSE_BARRIER_ROUNDS"].flatMap { Int($0) } ?? 250

  @Test("A build that follows an edit at once is of the edited file, every time") func neverStale() async throws {
    let workspace = try DaemonWorkspace()
    let stages = (1...5).map { "[{prune: {sparsity: 0.\($0)}}]" }
    var expected: [Data] = []
    for stages in stages {
      try workspace.writePipeline("digits", stages)
      expected.append(try #require(workspace.cleanOutputs()["digits.condensed"]))
    }
    #expect(Set(expected).count == 5)
    let wanted = expected
    try await withDaemon(workspace) { daemon in
      for round in 0..<DaemonClientTests.rounds {
        let variant = (round * 3 + round / 7) % 5
        try workspace.writePipeline("digits", stages[variant])
        let status = try daemon.build()
        guard try status == .done && workspace.output("digits") == wanted[variant] else {
          Issue.record("round \(round): \(status), and not what variant \(variant) makes")
          return
        }
      }
      try daemon.waitForCleanOutputs()
    }
  }

  @Test("What a command shows is what it would show without a daemon") func sameWords() async throws {
    let workspace = try DaemonWorkspace()
    try workspace.writePipeline("a")
    try workspace.write("stages: [\n", to: "pipelines/b.yaml")
    try await withDaemon(workspace) { daemon in
      let (there, here) = (CollectingSink(), CollectingSink())
      let invocation = BuildInvocation(json: true)
      let client = try #require(DaemonClient(Workspace(root: workspace.root)))
      let status = try client.build(
        invocation, version: RunningDaemon.version, program: daemon.daemon.record.program,
        store: daemon.service.currentStoreFolder, sink: there)
      let run = BuildRun(
        invocation, in: Workspace(root: workspace.root),
        engine: daemon.service.engine(for: Workspace(root: workspace.root)), sink: here)
      let other = try #require(try run.build()).status
      #expect(status == other)
      #expect(there.notes == here.notes)
      #expect(there.results.count == 1)
    }
  }

  @Test("A daemon of another version, of another program or with another store is not asked") func others()
    async throws
  {
    let workspace = try DaemonWorkspace()
    try await withDaemon(workspace) { daemon in
      func refusal(version: String = RunningDaemon.version, program: String? = nil, store: String? = nil) throws
        -> String
      {
        let sink = CollectingSink()
        let client = try #require(DaemonClient(Workspace(root: workspace.root)))
        let error = #expect(throws: DaemonClient.Unusable.self) {
          try client.build(
            BuildInvocation(), version: version, program: program ?? daemon.daemon.record.program,
            store: store ?? daemon.service.currentStoreFolder, sink: sink)
        }
        #expect(sink.results == [] && sink.notes == [])
        return error?.description ?? ""
      }
      let version = try refusal(version: "9.9.9")
      #expect(version.contains("is condense 1.2.3, this is 9.9.9; restart it"))
      let program = try refusal(program: "00")
      #expect(program.contains("another build of condense"))
      let store = try refusal(store: "/elsewhere")
      #expect(store.contains("this command in '/elsewhere'"))
      #expect(daemon.service.builds.isEmpty)
    }
  }

  @Test("A daemon whose configuration names another store by now uses that one") func movedStore() async throws {
    let workspace = try DaemonWorkspace()
    try workspace.writePipeline("digits")
    let folder: @Sendable (Workspace) -> String = {
      $0.configuration.cacheFolder?.absolutePath ?? $0.root + "/store"
    }
    try await withDaemon(workspace, { $0.storeFolder = folder }) { daemon in
      try workspace.write("cache:\n  folder: moved\n", to: "condense.yaml")
      #expect(Workspace(root: workspace.root).configuration.diagnostics.isEmpty)
      let client = try #require(DaemonClient(Workspace(root: workspace.root)))
      let status = try client.build(
        BuildInvocation(), version: RunningDaemon.version, program: daemon.daemon.record.program,
        store: workspace.path("moved"), sink: CollectingSink())
      #expect(status == .done)
      #expect(FileSystem.isFolder(workspace.path("moved")))
      let document = try #require(DaemonClient(Workspace(root: workspace.root))).status()
      #expect(document.daemon.store == workspace.path("moved"))
    }
  }

  /// What a daemon may do instead of an answer.
  enum Fault: String, CaseIterable {
    case endsAtOnce = ""
    case endsInHead = "HTTP/1.1 200 OK\r\nContent-"
    case endsBeforeTheBuild = "HTTP/1.1 200 OK\r\n\r\n{\"note\":{\"_0\":\"half\"}}\n{\"result\":{\"_0\":\"done\"}}\n"
    case endsInLine = "HTTP/1.1 200 OK\r\n\r\n{\"note\":{\"_0\":\"half"
    case speaksOtherwise = "HTTP/1.1 200 OK\r\n\r\n{\"dance\":{}}\n"
    case isNoServer = "220 mail.example ESMTP\r\n"
    case refuses = "HTTP/1.1 503 Later\r\n\r\n{\"error\":{\"status\":503,\"message\":\"busy\"}}"
  }

  @Test("A daemon that ends before it has answered, or answers otherwise, has said nothing", arguments: Fault.allCases)
  func faults(fault: Fault) throws {
    let workspace = try DaemonWorkspace()
    let fake = try FakeDaemon(workspace, answer: fault.rawValue)
    let sink = CollectingSink()
    let client = try #require(DaemonClient(Workspace(root: workspace.root)))
    let error = #expect(throws: DaemonClient.Unusable.self) {
      try client.build(BuildInvocation(), version: "1", program: "p", store: "/s", sink: sink)
    }
    #expect(error?.description.contains("process \(fake.record.pid)") == true)
    #expect(sink.results == [] && sink.notes == [])
  }

  @Test("A daemon that says nothing at all is given up") func hung() throws {
    let workspace = try DaemonWorkspace()
    let fake = try FakeDaemon(workspace, answer: nil)
    let client = try #require(DaemonClient(Workspace(root: workspace.root), patience: 1))
    let error = #expect(throws: DaemonClient.Unusable.self) {
      try client.build(BuildInvocation(), version: "1", program: "p", store: "/s", sink: CollectingSink())
    }
    #expect(error?.description.contains("it does not answer") == true)
    withExtendedLifetime(fake) {}
  }
}

/// A socket that is known as a workspace's daemon, but is none.
private final class FakeDaemon {
  let record: DaemonRecord
  private let listener: Int32

  /// - Parameter answer: what each client gets before its connection is closed; nil to let it wait.
  init(_ workspace: DaemonWorkspace, answer: String?) throws {
    let folder = DaemonFolder(Workspace(root: workspace.root))
    try folder.make(in: Workspace(root: workspace.root))
    _ = try AccessToken.make(in: folder)
    let socket = folder.path + "/socket"
    record = DaemonRecord(pid: 4711, started: 0, version: "1", program: "p", store: "/s", socket: socket, address: nil)
    try record.keep(in: folder)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(socket.utf8)) }
    #if canImport(Glibc)
      let descriptor = Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let descriptor = Foundation.socket(AF_UNIX, SOCK_STREAM, 0)
    #endif
    listener = descriptor
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0 && listen(descriptor, 5) == 0)
    // A client that is never let in waits just as well.
    guard let answer else { return }
    Thread {
      let client = accept(descriptor, nil, nil)
      guard client >= 0 else { return }
      var request: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 4096)
      // The request's end is that of its JSON; what is not read would make the close a reset.
      while !String(decoding: request, as: UTF8.self).contains("}}") {
        let count = recv(client, &chunk, chunk.count, 0)
        guard count > 0 else { break }
        request += chunk[..<count]
        if request.suffix(1) == [UInt8(ascii: "}")] { break }
      }
      _ = Array(answer.utf8).withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      close(client)
    }.start()
  }

  deinit { close(listener) }
}
