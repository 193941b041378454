import CondenseFiles
import CondenseStages
import CondenseStore

/// Files and variables that decide what a plugin does, with their contents.
struct SourceSet: Sendable {
  private(set) var sources: [StageSource] = []
  /// What the files were when they were read; nil where there was none.
  private var files: [(path: String, identity: FileIdentity?)] = []
  /// Folders whose entries decide what the files are.
  private(set) var folders: [String] = []

  /// Adds a file. Its name within the plugin's folder is part of its content: a module under another name is another.
  mutating func add(
    _ path: String, named name: String, inner: String? = nil, _ cache: PluginCache
  ) throws(PluginFailure) {
    guard !files.contains(where: { $0.path == path }) else { return }
    do throws(FileError) {
      let file = try cache.file(path)
      files.append((path, file.identity))
      sources.append(StageSource(name, content: SourceSet.content(file.digest, inner), path: path))
    } catch {
      guard error.isMissing else { throw PluginFailure("\(error)") }
      files.append((path, nil))
      sources.append(StageSource(name, content: "missing", path: path))
    }
  }

  /// Adds something that is no file, such as a variable or a command's words.
  mutating func add(_ name: String, content: String) { sources.append(StageSource(name, content: content)) }

  mutating func add(folder: String) { folders.append(folder) }

  mutating func formUnion(_ other: SourceSet) {
    for file in other.files where !files.contains(where: { $0.path == file.path }) { files.append(file) }
    let known = Set(sources)
    sources += other.sources.filter { !known.contains($0) }
    folders += other.folders
  }

  /// A variable's value may be a secret, so that only its digest is kept.
  mutating func add(variable name: String, value: String?) {
    add("$\(name)", content: value.map { Digest(of: .init($0.utf8)).hex } ?? "unset")
  }

  /// The first file that is not what it was when it was read; nil where all are.
  var changedFile: String? {
    files.first { (try? FileIdentity(of: $0.path)) != $0.identity }?.path
  }

  var paths: [String] { files.map(\.path) }

  /// Of all contents, in order.
  var digest: Digest {
    var hasher = SHA256()
    hasher.updateField("condense plugin sources")
    for source in sources { hasher.updateField(source.content) }
    return hasher.finish()
  }

  private static func content(_ digest: Digest, _ inner: String?) -> String {
    guard let inner else { return digest.hex }
    var hasher = SHA256()
    hasher.updateField(inner)
    hasher.updateField(digest)
    return hasher.finish().hex
  }
}
