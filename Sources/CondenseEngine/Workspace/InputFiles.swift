import CondenseFiles
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
}
