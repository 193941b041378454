import CondenseEngine
import CondenseFiles
import Foundation
import Testing

@testable import CondenseDaemon

@Suite("A daemon's presence") struct PresenceTests {
  private func record(_ pid: Int32 = 7) -> DaemonRecord {
    DaemonRecord(
      pid: pid, started: 1_700_000_000, version: "1.2.3", program: "abc", store: "/s", socket: "/x/socket", address: nil
    )
  }

  @Test("A second daemon is told who the first is") func second() throws {
    let scratch = try ScratchFolder(in: FileManager.default.temporaryDirectory.path)
    defer { scratch.remove() }
    let workspace = Workspace(root: scratch.path)
    let folder = DaemonFolder(workspace)
    try folder.make(in: workspace)
    let lock = try DaemonLock(folder)
    let early = #expect(throws: DaemonIsRunning.self) { try DaemonLock(folder) }
    #expect(early?.record == nil)
    try record().keep(in: folder)
    let late = #expect(throws: DaemonIsRunning.self) { try DaemonLock(folder) }
    #expect(late?.record == record())
    #expect("\(try #require(late))".contains("process 7"))
    withExtendedLifetime(lock) {}
  }

  @Test("What a daemon that was killed left behind hinders nobody, also where its number is another's now") func stale()
    throws
  {
    let scratch = try ScratchFolder(in: FileManager.default.temporaryDirectory.path)
    defer { scratch.remove() }
    let workspace = Workspace(root: scratch.path)
    let folder = DaemonFolder(workspace)
    try folder.make(in: workspace)
    try OpenFile.creating(folder.lockPath).write(.init([1, 2, 3]), at: 0)
    try record(getpid()).keep(in: folder)
    #expect(DaemonClient(workspace) == nil)
    let lock = try DaemonLock(folder)
    #expect(DaemonRecord(in: folder) == nil)
    withExtendedLifetime(lock) {}
  }

  @Test(
    "A record that is damaged or too large is none",
    arguments: ["", "{", "[1]", String(repeating: "x", count: 100_000)])
  func damaged(text: String) throws {
    let scratch = try ScratchFolder(in: FileManager.default.temporaryDirectory.path)
    defer { scratch.remove() }
    let workspace = Workspace(root: scratch.path)
    let folder = DaemonFolder(workspace)
    try folder.make(in: workspace)
    try text.write(toFile: folder.recordPath, atomically: false, encoding: .utf8)
    #expect(DaemonRecord(in: folder) == nil)
  }

  @Test("The token is made once, for its owner alone, and made anew where others could have it") func token() throws {
    let scratch = try ScratchFolder(in: FileManager.default.temporaryDirectory.path)
    defer { scratch.remove() }
    let workspace = Workspace(root: scratch.path)
    let folder = DaemonFolder(workspace)
    try folder.make(in: workspace)
    func mode(_ path: String) throws -> Int {
      try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }
    let first = try AccessToken.make(in: folder)
    #expect(first.text.count == 64)
    #expect(try mode(folder.tokenPath) == 0o600)
    #expect(try mode(folder.path) == 0o700)
    #expect(try AccessToken.make(in: folder).text == first.text)
    chmod(folder.tokenPath, 0o644)
    #expect(try AccessToken.make(in: folder).text != first.text)
    try "short".write(toFile: folder.tokenPath, atomically: false, encoding: .utf8)
    #expect(throws: FileError.self) { try AccessToken(in: folder) }
  }

  @Test("A socket whose path would be too long is in the folder for what runs, and short") func longPath() throws {
    let scratch = try ScratchFolder(in: FileManager.default.temporaryDirectory.path)
    defer { scratch.remove() }
    let deep = scratch.path + "/" + String(repeating: "d", count: 120)
    try FileSystem.makeFolders(deep)
    let workspace = Workspace(root: deep)
    let folder = DaemonFolder(workspace)
    try folder.make(in: workspace)
    let socket = try folder.makeSocketFolder(environment: ["XDG_RUNTIME_DIR": scratch.path])
    #expect(socket.hasPrefix(scratch.path + "/condense-"))
    #expect(socket.utf8.count <= 107)
    let near = DaemonFolder(Workspace(root: "/w"))
    #expect(try near.makeSocketFolder(environment: [:]) == "/w/.condense/daemon/socket")
  }

  @Test("A folder that others own, or a link, is not taken for the daemon's") func foreign() throws {
    let scratch = try ScratchFolder(in: FileManager.default.temporaryDirectory.path)
    defer { scratch.remove() }
    try FileManager.default.createSymbolicLink(atPath: scratch.path + "/link", withDestinationPath: "/tmp")
    #expect(throws: FileError.self) { try FileSystem.makePrivateFolder(scratch.path + "/link") }
  }
}
