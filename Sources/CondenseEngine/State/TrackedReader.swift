import CondenseFiles
import CondenseStore

/// Reads small files whole, and remembers of each what it was when it was read.
final class TrackedReader: Sendable {
  private let seen = Locked<[String: TrackedFile]>([:])
  private let largest: Int

  /// - Parameter largest: bytes of a file that are read at most.
  init(largest: Int) { self.largest = largest }

  /// By path, what was read or looked for.
  var files: [String: TrackedFile] { seen.withLock { $0 } }

  func bytes(of path: String) throws(FileError) -> [UInt8] {
    let moment = FileIdentity.now
    do {
      let file = try OpenFile.reading(path)
      let identity = try file.identity()
      let bytes = try file.read(0..<largest)
      keep(
        TrackedFile(
          path: path, identity: identity, isSettled: identity.isSettled(at: moment), sha256: Digest(of: bytes)))
      return bytes.array
    } catch {
      if error.isMissing { keep(TrackedFile(path: path, identity: nil, isSettled: true)) }
      throw error
    }
  }

  private func keep(_ file: TrackedFile) { seen.withLock { $0[file.path] = file } }
}
