import CondenseFiles
import CondenseTensors
import Foundation
import Testing

@Suite("Files")
struct FileTests {
  private let folder = FileManager.default.temporaryDirectory.path + "/condense-\(UUID().uuidString)"

  @Test("What was written in parts is read back in ranges")
  func partsAndRanges() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileSystem.makeFolders(folder + "/a/b")
    let path = folder + "/a/b/file"
    let end = try OpenFile.creating(path).write([Bytes([1, 2, 3]), Bytes(), Bytes([4, 5])])
    #expect(end == 5)
    let file = try OpenFile.reading(path)
    #expect(try file.read(1..<4).array == [2, 3, 4])
    for end in [99, 5000, Int.max] {
      #expect(try file.read(3..<end).array == [4, 5], "a range past the end gives what there is, and costs no more")
      #expect(try file.read(end - 1..<end).isEmpty)
    }
    #expect(try FileSystem.names(in: folder + "/a") == ["b"])
  }

  @Test("An error names the operation, the path and the reason")
  func errors() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileSystem.makeFolders(folder)
    let missing = #expect(throws: FileError.self) { try OpenFile.reading(folder + "/none") }
    #expect(missing?.isMissing == true)
    #expect(missing?.description == "cannot open '\(folder)/none': No such file or directory")
    let isFolder = #expect(throws: FileError.self) { try OpenFile.reading(folder) }
    #expect(isFolder?.code == EISDIR)
    _ = try OpenFile.creating(folder + "/once")
    let again = #expect(throws: FileError.self) { try OpenFile.creating(folder + "/once") }
    #expect(again?.operation == "create")
    #expect(FileError("write", "/x", code: ENOSPC).description.contains("the disk is full"))
  }

  @Test("A named pipe is refused rather than waited on")
  func namedPipe() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileSystem.makeFolders(folder)
    #expect(mkfifo(folder + "/pipe", 0o600) == 0)
    #expect(throws: FileError.self) { try OpenFile.reading(folder + "/pipe") }
  }

  @Test("An edit of the same size with its modification time put back changes the identity")
  func sneakyEdit() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileSystem.makeFolders(folder)
    let path = folder + "/file"
    try OpenFile.creating(path).write([Bytes([1, 2, 3])])
    // An old modification time first, so that putting it back is an edit in itself and needs no waiting.
    let old = Date(timeIntervalSince1970: 1_000_000_000)
    let before = try FileIdentity(of: path)
    try Data([3, 2, 1]).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: path)
    let after = try FileIdentity(of: path)
    #expect(before.byteCount == after.byteCount)
    #expect(before != after)
  }

  @Test("A file touched within a tick, or in the future, is not settled")
  func settling() {
    let identity = FileIdentity(device: 1, inode: 2, byteCount: 3, modificationTime: 7, changeTime: 1_000_000_000)
    #expect(!identity.isSettled(at: 1_000_000_000))
    #expect(!identity.isSettled(at: 1_010_000_000))
    #expect(identity.isSettled(at: 2_000_000_000))
    #expect(!identity.isSettled(at: 500_000_000), "the clock was set back")
    #expect(identity.settles(after: 1_010_000_000) == 40_000_001)
    #expect(identity.settles(after: 2_000_000_000) == 0)
    #expect(identity.settles(after: 500_000_000) == nil)
  }

  @Test("Where a file system keeps whole seconds only, a file settles after two, which nobody waits for")
  func coarseTimes() {
    let identity = FileIdentity(
      device: 1, inode: 2, byteCount: 3, modificationTime: 1_000_000_000, changeTime: 5_000_000_000)
    #expect(!identity.isSettled(at: 6_500_000_000))
    #expect(identity.settles(after: 6_500_000_000) == nil)
    #expect(identity.isSettled(at: 7_500_000_000))
  }
}
