import CondenseStore
import CondensedModel
import Foundation
import Testing

/// Files that were made when a version of the format was finished decode for ever, and to the same bits as then.
@Suite("Test vectors")
struct VectorTests {
  struct Expected: Decodable {
    var dtype: String
    var shape: [Int]
    var sha256: String
  }

  private static let folder = URL(fileURLWithPath: #filePath).appending(path: "../../Vectors").standardized

  @Test("Every file of a version decodes to what it was made from", arguments: ["v1", "v2"])
  func decode(version: String) throws {
    let folder = Self.folder.appending(path: version)
    let vectors = try JSONDecoder().decode(
      [String: [String: Expected]].self, from: Data(contentsOf: folder.appending(path: "vectors.json")))
    #expect(vectors.count >= 20)
    for (name, tensors) in vectors {
      let model = try CondensedModel(contentsOf: folder.appending(path: "\(name).condensed"))
      #expect(Set(model.tensorNames) == Set(tensors.keys), "\(name)")
      #expect(model.metadata == ["description": "a test vector", "ä": "\n\"\\"], "\(name)")
      for (tensor, expected) in tensors {
        let decoded = try model.tensor(named: tensor)
        #expect(decoded.dtype.rawValue == expected.dtype && decoded.shape.dimensions == expected.shape, "\(name)")
        #expect(Digest(of: decoded.bytes).hex == expected.sha256, "\(name): \(tensor)")
      }
    }
  }

  @Test("A file of a later version is refused by name of the version, and left as it is")
  func laterVersion() throws {
    let url = Self.folder.appending(path: "v1/chain.condensed")
    var bytes = try Data(contentsOf: url)
    let mark = try #require(bytes.range(of: Data(#""condensed":"1""#.utf8)))
    bytes[mark.upperBound - 2] = UInt8(ascii: "2")
    let copy = FileManager.default.temporaryDirectory.appending(path: "condense-\(UUID().uuidString).condensed")
    defer { try? FileManager.default.removeItem(at: copy) }
    try bytes.write(to: copy)
    let error = #expect(throws: CondensedModelError.self) { try CondensedModel(contentsOf: copy) }
    #expect(error?.message == "the file has version '2' of the .condensed format; this program reads 1")
    #expect(try Data(contentsOf: copy) == bytes)
  }
}
