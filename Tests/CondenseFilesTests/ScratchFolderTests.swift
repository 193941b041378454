import CondenseFiles
import Foundation
import Testing

@Suite("Scratch folders and locks")
struct ScratchFolderTests {
  private static func parent() -> String {
    FileManager.default.temporaryDirectory.path + "/condense-\(UUID().uuidString)"
  }

  @Test("A folder and what is in it are gone when it is removed, or when nobody holds it")
  func removal() throws {
    let parent = Self.parent()
    defer { try? FileManager.default.removeItem(atPath: parent) }
    let folder = try ScratchFolder(in: parent)
    try OpenFile.creating(folder.newFile()).write([.init([1])])
    folder.remove()
    #expect(try FileSystem.names(in: parent).isEmpty)
    do {
      let another = try ScratchFolder(in: parent)
      try OpenFile.creating(another.newFile()).write([.init([1])])
      #expect(try FileSystem.names(in: parent).count == 2)
    }
    #expect(try FileSystem.names(in: parent).isEmpty)
  }

  @Test("What a process left behind is removed by the next, and what is held stays")
  func abandoned() throws {
    let parent = Self.parent()
    defer { try? FileManager.default.removeItem(atPath: parent) }
    let held = try ScratchFolder(in: parent)
    let file = held.newFile()
    try OpenFile.creating(file).write([.init([1])])
    // As a killed process leaves it: a folder and a lock that nobody has.
    try FileSystem.makeFolders(parent + "/gone")
    try OpenFile.creating(parent + "/gone/half").write([.init([1])])
    _ = try OpenFile.creating(parent + "/gone.lock")
    let next = try ScratchFolder(in: parent)
    #expect(!FileSystem.exists(parent + "/gone") && !FileSystem.exists(parent + "/gone.lock"))
    #expect(FileSystem.exists(file))
    withExtendedLifetime((held, next)) {}
  }

  @Test("A lock is one holder's, and free again when that is gone")
  func locks() throws {
    let path = Self.parent()
    defer { try? FileManager.default.removeItem(atPath: path) }
    var lock = try FileLock.attempt(path)
    #expect(lock != nil)
    #expect(try FileLock.attempt(path) == nil)
    lock = nil
    #expect(try FileLock.attempt(path) != nil)
  }

  @Test("A lock whose file was removed by its holder is none")
  func removedLock() throws {
    let path = Self.parent()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let lock = try #require(try FileLock.attempt(path))
    try lock.removeFile()
    // A new file of that name is another lock.
    let other = try FileLock.attempt(path)
    #expect(other != nil)
    withExtendedLifetime(lock) {}
  }
}
