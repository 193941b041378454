import CondenseTensors
import CondensedModel
import Foundation
import Testing

@Suite("A compressed model's file")
final class ModelFileTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "condense-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: folder) }

  private static let recorded = RecordedTensorTests.folder.appending(path: "huffman.condensed")

  @Test("It is had mapped or read", arguments: [CondensedModel.Access.mapped, .read])
  func access(access: CondensedModel.Access) throws {
    let model = try CondensedModel(contentsOf: Self.recorded, access: access)
    #expect(model.metadata == ["format": "pt"] && model.path == Self.recorded.path)
    for (name, tensor) in try RecordedTensorTests.plain("huffman") { #expect(try model.tensor(named: name) == tensor) }
  }

  @Test("What has been read stays when the file is written anew")
  func overwritten() throws {
    let url = folder.appending(path: "m.condensed")
    try Data(contentsOf: Self.recorded).write(to: url)
    let model = try CondensedModel(contentsOf: url, access: .read)
    let handle = try FileHandle(forWritingTo: url)
    try handle.truncate(atOffset: 0)
    try handle.close()
    for name in model.tensorNames { _ = try model.tensor(named: name) }
  }

  @Test("A tensor outlives its model", arguments: [CondensedModel.Access.mapped, .read])
  func lifetime(access: CondensedModel.Access) throws {
    func tensor() throws -> Tensor {
      try CondensedModel(contentsOf: Self.recorded, access: access).tensor(named: "plain.U8")
    }
    #expect(try tensor() == RecordedTensorTests.plain("huffman")["plain.U8"])
  }

  @Test("What cannot be opened is said with the path", arguments: [CondensedModel.Access.mapped, .read])
  func unreadable(access: CondensedModel.Access) throws {
    let missing = folder.appending(path: "missing.condensed")
    var error = #expect(throws: CondensedModelError.self) { try CondensedModel(contentsOf: missing, access: access) }
    #expect(error?.code == .unreadable && error?.path == missing.path)
    #expect(error?.description == "\(missing.path): the file cannot be opened: No such file or directory")
    error = #expect(throws: CondensedModelError.self) { try CondensedModel(contentsOf: folder, access: access) }
    #expect(error?.code == .unreadable && error?.message == "this is no file")
    let remote = try #require(URL(string: "https://example.com/m.condensed"))
    error = #expect(throws: CondensedModelError.self) { try CondensedModel(contentsOf: remote, access: access) }
    #expect(error?.code == .unreadable)
  }

  @Test(
    "A file that is not one of these is said to be none, with the place", arguments: ["", "12345678", "not a model"])
  func other(content: String) throws {
    let url = folder.appending(path: "m.condensed")
    try Data(content.utf8).write(to: url)
    let error = #expect(throws: CondensedModelError.self) { try CondensedModel(contentsOf: url) }
    #expect(error?.code == .notCondensed && error?.path == url.path && error?.offset == 0)
  }

  @Test("A damaged tensor is said with its name and where in the file; the others are had")
  func damaged() throws {
    var bytes = try Data(contentsOf: Self.recorded)
    bytes[bytes.count - 1] ^= 1
    let url = folder.appending(path: "m.condensed")
    try bytes.write(to: url)
    let model = try CondensedModel(contentsOf: url)
    let last = try #require(model.tensorNames.last)
    let error = #expect(throws: CondensedModelError.self) { try model.tensor(named: last) }
    #expect(error?.code == .damaged && error?.tensor == last && error?.offset == bytes.count - 4)
    for name in model.tensorNames.dropLast() { _ = try model.tensor(named: name) }
  }
}
