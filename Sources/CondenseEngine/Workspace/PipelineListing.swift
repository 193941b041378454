import CondenseFiles
import CondensePipelines

/// The pipeline files of a workspace, or of some folders.
public struct PipelineListing: Sendable {
  /// Absolute, each once: of every path that was asked for in its turn, those below a folder sorted by their bytes.
  public internal(set) var files: [String] = []
  /// The folders that were listed, absolute.
  public internal(set) var folders: [String] = []
  /// What kept a folder or a file from being taken: an error each, without a source.
  public internal(set) var problems: [Diagnostic] = []

  public init() {}
}

/// Walks folders for pipeline files, in bounded time whatever is on the disk.
struct PipelineWalk {
  private let root: String
  private let configuration: String
  private let ignore: [IgnorePattern]
  private(set) var listing = PipelineListing()
  private var known: Set<String> = []
  /// Folders by device and inode: links can lead to one twice, and in circles.
  private var visited: Set<FolderID> = []
  private var found: [String] = []
  private var links: [(path: String, depth: Int)] = []

  private struct FolderID: Hashable {
    var device: UInt64
    var inode: UInt64
  }

  /// Folders in each other.
  private static let deepest = 32

  /// - Parameter root: the workspace's folder, absolute.
  init(root: String, ignore: [IgnorePattern]) {
    self.root = root
    configuration = Workspace.configurationPath(in: root)
    self.ignore = ignore
  }

  /// Adds a file as it is, or all pipelines below a folder.
  mutating func add(_ path: String) {
    guard FileSystem.isFolder(path) else {
      if path.split(separator: "/").last == Substring(Workspace.configurationName) {
        report("'condense.yaml' is the configuration of a workspace, no pipeline", path)
      } else {
        take(path)
      }
      return
    }
    found = []
    links = []
    walk(path, depth: 0)
    // Folders that links lead to come last, so that a folder goes by its own name where it is reached by that too.
    while let link = links.popLast() { walk(link.path, depth: link.depth) }
    for file in found.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) { take(file) }
  }

  private mutating func take(_ file: String) {
    if known.insert(file).inserted { listing.files.append(file) }
  }

  private mutating func report(_ message: String, _ path: String) {
    listing.problems.append(Diagnostic(.error, message, file: path, range: nil))
  }

  private mutating func walk(_ folder: String, depth: Int) {
    guard depth < PipelineWalk.deepest else {
      report("folders are more than \(PipelineWalk.deepest) deep; pipelines below are not looked for", folder)
      return
    }
    let entries: [FolderEntry]
    do {
      let identity = try FileIdentity(of: folder)
      guard visited.insert(FolderID(device: identity.device, inode: identity.inode)).inserted else { return }
      entries = try FileSystem.entries(in: folder)
    } catch {
      report("cannot \(error.operation) the folder: \(error.reason)", folder)
      return
    }
    listing.folders.append(folder)
    let inner = folder + "/" + Workspace.configurationName
    if inner != configuration, entries.contains(where: { $0.name == Workspace.configurationName }) {
      report("another workspace inside the pipelines of '\(configuration)'; move it out, or ignore its folder", inner)
      return
    }
    for entry in entries where !entry.isHidden && entry.name != Workspace.configurationName {
      visit(entry, in: folder, depth: depth)
    }
  }

  private mutating func visit(_ entry: FolderEntry, in folder: String, depth: Int) {
    let path = folder + "/" + entry.name
    let isPipeline = entry.name.hasSuffix(".yaml") || entry.name.hasSuffix(".yml")
    let kind = isPipeline || entry.kind == .link ? FileSystem.resolvedKind(of: entry, in: folder) : entry.kind
    guard kind == .folder || isPipeline, !isIgnored(path) else { return }
    guard entry.isUTF8 else {
      report("the name is not UTF-8; rename it, or ignore it", path)
      return
    }
    guard !entry.name.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) else {
      report("the name has control characters; rename it, or ignore it", path)
      return
    }
    switch (kind, entry.kind) {
    case (.folder, .link): links.append((path, depth + 1))
    case (.folder, _): walk(path, depth: depth + 1)
    default: found.append(path)
    }
  }

  private func isIgnored(_ path: String) -> Bool {
    guard path.hasPrefix(root + "/") else { return false }
    return ignore.contains { $0.matches(path.dropFirst(root.count + 1)) }
  }
}
