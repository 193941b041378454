import CondenseFiles
import CondenseStages
import CondenseStore
import CondenseTensors

/// Reads the files that say what is built, and remembers what each was when it was read.
final class InputFiles: Sendable {
  private let found = Locked<[String: TrackedFile]>([:])

  /// A file's bytes: one more than a pipeline may have at most, which is enough to see that it is too long.
  func read(_ path: String) throws(FileError) -> [UInt8] {
    let (bytes, file) = try InputFiles.read(path)
    keep([file])
    return bytes
  }

  /// What a path was when it was first read or looked at.
  subscript(path: String) -> TrackedFile? { found.withLock { $0[path] } }

  func keep(_ files: some Sequence<TrackedFile>) {
    found.withLock { found in
      for file in files where found[file.path] == nil { found[file.path] = file }
    }
  }

  static func read(_ path: String) throws(FileError) -> (bytes: [UInt8], file: TrackedFile) {
    let moment = FileIdentity.now
    let handle = try OpenFile.reading(path)
    let identity = try handle.identity()
    let bytes = try handle.read(0..<(1 << 20) + 1)
    let file = TrackedFile(
      path: path, identity: identity, isSettled: identity.isSettled(at: moment), sha256: Digest(of: bytes))
    return (bytes.array, file)
  }
}

extension TrackedFile {
  /// Nothing at a path.
  init(missing path: String) { self.init(path: path, identity: nil, isSettled: true, sha256: nil) }

  /// A folder that is about to be listed: what comes or goes later shows in its identity.
  init(folder path: String) {
    let moment = FileIdentity.now
    let identity = try? FileIdentity(of: path)
    self.init(path: path, identity: identity, isSettled: identity?.isSettled(at: moment) ?? true, sha256: nil)
  }

  /// A file that a stage's parameter names. Where it is not what the stage found, because it changed since, or because its
  /// content is no plain digest, it counts as changed at the next build.
  init(parameter source: StageSource) {
    let path = source.path ?? ""
    let moment = FileIdentity.now
    let found = try? OutputFile.digest(path)
    let isSame = found?.sha256.hex == source.content
    self.init(
      path: path, identity: isSame ? found?.identity : nil,
      isSettled: isSame ? found?.identity.isSettled(at: moment) ?? false : true, sha256: isSame ? found?.sha256 : nil)
  }
}

extension [CheckedPipeline] {
  /// The files that parameters of these pipelines' stages name, each once, by path.
  var parameterFiles: [StageSource] {
    let stages = flatMap(\.stages).flatMap { [$0.base] + $0.overrides.map(\.stage) }
    let files = stages.flatMap(\.sources).compactMap { source in source.path.map { ($0, source) } }
    return Dictionary(files, uniquingKeysWith: { first, _ in first }).sorted { $0.key < $1.key }.map(\.value)
  }
}
