import CondenseFiles
import CondensePipelines
import Foundation
import TestSupport
import Testing

@testable import CondenseEngine

@Suite("Finding pipeline files")
struct PipelineListingTests {
  private static func workspace(_ files: [String]) throws -> TemporaryWorkspace {
    let workspace = try TemporaryWorkspace()
    for file in files {
      try FileSystem.makeFolders((workspace.path(file) as NSString).deletingLastPathComponent)
      try workspace.write("", to: file)
    }
    return workspace
  }

  private static func relative(_ paths: [String], _ workspace: TemporaryWorkspace) -> [String] {
    paths.map { $0.hasPrefix(workspace.root + "/") ? String($0.dropFirst(workspace.root.count + 1)) : $0 }
  }

  /// Makes a file with a name of any bytes.
  private static func make(_ name: [UInt8], in folder: String) throws {
    let path = (folder + "/").utf8.map { CChar(bitPattern: $0) } + name.map { CChar(bitPattern: $0) } + [0]
    let descriptor = open(path, O_CREAT | O_WRONLY, 0o666)
    try #require(descriptor >= 0)
    close(descriptor)
  }

  @Test("Pipelines are the YAML files below a folder, hidden ones and the configuration left out, sorted")
  func files() throws {
    let workspace = try Self.workspace([
      "pipelines/b.yaml", "pipelines/a.yml", "pipelines/s/c.yaml", "pipelines/.h.yaml", "pipelines/.s/d.yaml",
      "pipelines/x.txt", "pipelines/m.yaml.bak", "condense.yaml",
    ])
    let listing = Workspace(root: workspace.root).allPipelines()
    #expect(Self.relative(listing.files, workspace) == ["pipelines/a.yml", "pipelines/b.yaml", "pipelines/s/c.yaml"])
    #expect(Self.relative(listing.folders, workspace) == ["pipelines", "pipelines/s"])
    #expect(listing.problems.isEmpty)
    let root = Workspace(root: workspace.root).pipelines(at: [workspace.root])
    #expect(Self.relative(root.files, workspace).contains("condense.yaml") == false)
    #expect(root.problems.isEmpty)
  }

  @Test("Links are followed, each folder once, and circles of them end")
  func links() throws {
    let workspace = try Self.workspace(["pipelines/s/a.yaml", "elsewhere/b.yaml"])
    let manager = FileManager.default
    for (link, target) in [
      ("pipelines/0", "s"), ("pipelines/s/up", ".."), ("pipelines/t", "../elsewhere"), ("pipelines/n.yaml", "none"),
    ] {
      try manager.createSymbolicLink(atPath: workspace.path(link), withDestinationPath: target)
    }
    let listing = Workspace(root: workspace.root).allPipelines()
    #expect(
      Self.relative(listing.files, workspace) == ["pipelines/n.yaml", "pipelines/s/a.yaml", "pipelines/t/b.yaml"])
    #expect(listing.problems.isEmpty)
  }

  @Test("A folder that cannot be listed and names that are no text are errors, and the rest is found")
  func problems() throws {
    let workspace = try Self.workspace(["pipelines/a.yaml", "pipelines/locked/b.yaml"])
    try Self.make([0xFF] + Array(".yaml".utf8), in: workspace.path("pipelines"))
    try Self.make([0xFF] + Array(".txt".utf8), in: workspace.path("pipelines"))
    try Self.make(Array("a\nb.yml".utf8), in: workspace.path("pipelines"))
    #expect(chmod(workspace.path("pipelines/locked"), 0) == 0)
    defer { chmod(workspace.path("pipelines/locked"), 0o700) }
    let listing = Workspace(root: workspace.root).allPipelines()
    #expect(Self.relative(listing.files, workspace).first == "pipelines/a.yaml")
    let problems = listing.problems.map { "\(($0.file as NSString).lastPathComponent): \($0.message)" }
    #expect(problems.contains("\u{FFFD}.yaml: the name is not UTF-8; rename it, or ignore it"))
    #expect(problems.contains("a\nb.yml: the name has control characters; rename it, or ignore it"))
    // Root may list everything.
    if geteuid() != 0 { #expect(problems.contains("locked: cannot list the folder: Permission denied")) }
    let shown = DiagnosticRenderer().text(try #require(listing.problems.last { $0.file.contains("\n") }), source: nil)
    #expect(!shown.contains("\n"))
  }

  @Test("Another workspace inside is refused, naming both; one of Git is nothing special")
  func innerWorkspaces() throws {
    let workspace = try Self.workspace([
      "condense.yaml", "pipelines/a.yaml", "pipelines/inner/condense.yaml", "pipelines/inner/b.yaml",
      "pipelines/git/.git/config", "pipelines/git/c.yaml",
    ])
    let listing = Workspace(root: workspace.root).allPipelines()
    #expect(Self.relative(listing.files, workspace) == ["pipelines/a.yaml", "pipelines/git/c.yaml"])
    #expect(listing.problems.map(\.file) == [workspace.path("pipelines/inner/condense.yaml")])
    #expect(listing.problems.first?.message.contains("'\(workspace.path("condense.yaml"))'") == true)
    let asked = Workspace(root: workspace.root).pipelines(at: [workspace.path("condense.yaml")])
    #expect(asked.files.isEmpty && asked.problems.count == 1)
  }

  @Test("Folders that are too deep are told")
  func deep() throws {
    let workspace = try Self.workspace(["pipelines/" + String(repeating: "d/", count: 40) + "a.yaml"])
    let listing = Workspace(root: workspace.root).allPipelines()
    #expect(listing.files.isEmpty && listing.problems.first?.message.contains("more than 32 deep") == true)
  }

  @Test(
    "Patterns of what is ignored stand for names, or with a slash for paths from the root",
    arguments: [
      ("old", "a/old", true), ("old", "a/older", false), ("o*", "a/older", true), ("a/old", "a/old", true),
      ("a/old", "b/a/old", false), ("**/old", "b/a/old", true), ("old/", "a/old", true), ("a/*/c", "a/b/c", true),
      ("a/**/c", "a/c", true), ("a/**/c", "a/b/b/c", true), ("a/**/c", "a/b/b/d", false), ("a/**", "a/b", true),
      ("{x,a/b}/c", "a/b/c", true),
    ])
  func ignored(pattern: String, path: String, matches: Bool) throws {
    #expect(try IgnorePattern(pattern).matches(path[...]) == matches)
  }
}
