import CondenseFiles
import Foundation
import TestSupport
import Testing

@testable import CondenseEngine

@Suite("Finding files by patterns")
struct PathSearchTests {
  /// A folder of files, named by their paths, and of links.
  private static func folder(_ files: [String], links: [String: String] = [:]) throws -> TemporaryWorkspace {
    let workspace = try TemporaryWorkspace()
    for file in files {
      try FileSystem.makeFolders((workspace.path("f/" + file) as NSString).deletingLastPathComponent)
      try workspace.write("", to: "f/" + file)
    }
    for (link, target) in links {
      try FileManager.default.createSymbolicLink(atPath: workspace.path("f/" + link), withDestinationPath: target)
    }
    return workspace
  }

  private static func find(_ pattern: String, in workspace: TemporaryWorkspace) -> (found: [String], PathSearch) {
    var search = PathSearch(for: .file)
    search.find(pattern, from: workspace.path("f"))
    let root = workspace.path("f/")
    return (search.sorted.map { $0.hasPrefix(root) ? String($0.dropFirst(root.count)) : $0 }, search)
  }

  @Test(
    "Patterns find files, sorted by bytes",
    arguments: [
      ("*.bin", ["a.bin", "b.bin"]), ("**/*.bin", ["a.bin", "b.bin", "s/c.bin", "s/t/d.bin"]),
      ("s/**/d.bin", ["s/t/d.bin"]), ("{a,s/c}.bin", ["a.bin", "s/c.bin"]), ("*/c.bin", ["s/c.bin"]),
      ("[!a].bin", ["b.bin"]), ("?.bin", ["a.bin", "b.bin"]), (".*.bin", [".h.bin"]),
      ("s/../*.bin", ["a.bin", "b.bin"]),
      ("s/**", ["s/c.bin", "s/t/d.bin"]), ("**/t/**/*.bin", ["s/t/d.bin"]), ("none/*.bin", []), ("s", []),
      ("*.none", []),
      (".g/*", [".g/i.bin"]), ("./*/./c.bin", ["s/c.bin"]), ("a.bin/*", []), ("{a,a,*}.bin", ["a.bin", "b.bin"]),
    ])
  func patterns(pattern: String, expected: [String]) throws {
    let workspace = try Self.folder(["b.bin", "a.bin", "s/c.bin", "s/t/d.bin", ".h.bin", ".g/i.bin", "x.txt"])
    let (found, search) = Self.find(pattern, in: workspace)
    #expect(found == expected && search.problem == nil)
  }

  @Test("The folders above are taken by their names, whatever characters are in them")
  func folderNames() throws {
    let workspace = try Self.folder(["[x]*/a.bin"])
    var search = PathSearch(for: .file)
    search.find("*.bin", from: workspace.path("f/[x]*"))
    #expect(search.sorted == [workspace.path("f/[x]*/a.bin")])
  }

  @Test("Links to files and folders are followed by name, but loops of them end")
  func links() throws {
    let workspace = try Self.folder(
      ["s/a.bin"], links: ["s/loop": "..", "l": "s", "m.bin": "s/a.bin", "nowhere.bin": "none"])
    #expect(Self.find("**/*.bin", in: workspace).found == ["m.bin", "s/a.bin"])
    #expect(Self.find("l/*.bin", in: workspace).found == ["l/a.bin"])
    #expect(Self.find("*/*/*/*/*.bin", in: workspace).found.contains("s/loop/s/loop/m.bin") == true)
  }

  @Test("Folders in which a new name would count are told, also those that are not there")
  func listed() throws {
    let workspace = try Self.folder(["s/t/a.bin", "u/b.bin"])
    func folders(_ pattern: String) -> [String] {
      Self.find(pattern, in: workspace).1.folders.keys.sorted().map { String($0.dropFirst(workspace.path("f").count)) }
    }
    #expect(folders("s/t/*.bin") == ["/s/t"])
    #expect(folders("{u,v}/*.bin") == ["/u", "/v"])
    #expect(folders("*/t/a.bin") == ["", "/s", "/s/t", "/u", "/u/t"])
    #expect(folders("**/*.bin") == ["", "/s", "/s/t", "/u"])
  }

  @Test("Folders that are too deep, names that are no text, and patterns that are none are told")
  func problems() throws {
    let workspace = try Self.folder([String(repeating: "d/", count: 40) + "a.bin", "x/y.txt"])
    #expect(Self.find("**/a.bin", in: workspace).1.problem?.contains("more than 32 deep") == true)
    #expect(Self.find("[", in: workspace).1.problem?.contains("a '[' does not close") == true)
    let name = workspace.path("f/x/").utf8.map { CChar(bitPattern: $0) } + [CChar(bitPattern: 0xFF), 0x2E, 0x62, 0]
    let descriptor = open(name, O_CREAT | O_WRONLY, 0o666)
    try #require(descriptor >= 0)
    close(descriptor)
    #expect(Self.find("x/*.b", in: workspace).1.problem?.contains("is not UTF-8: '\u{FFFD}.b'") == true)
    #expect(Self.find("x/*.txt", in: workspace).1.problem == nil)
  }

  @Test("A pattern that could go every way many times does not")
  func pathological() throws {
    let workspace = try Self.folder([String(repeating: "a/", count: 20) + "a.bin"])
    let pattern = String(repeating: "**/a/", count: 15) + "*.none"
    #expect(Self.find(pattern, in: workspace).found.isEmpty)
  }
}
