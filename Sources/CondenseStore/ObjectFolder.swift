import CondenseFiles
import CondenseTensors
import Foundation

/// Artifacts as files, one each, named by their digest: `objects/ab/cdef…`.
///
/// A file appears under its name by rename, whole or not at all. There is no fsync: after a power cut a torn file fails
/// its verification and counts as missing.
struct ObjectFolder: Sendable {
  let objects: String
  let staging: String
  /// Where this process writes; made when it first does.
  private let scratch = Locked<ScratchFolder?>(nil)

  init(root: String, removesAbandoned: Bool) throws(FileError) {
    objects = root + "/objects"
    staging = root + "/staging"
    try FileSystem.makeFolders(objects)
    if removesAbandoned { ScratchFolder.removeAbandoned(in: staging) }
  }

  /// A new file's path in this process's folder.
  private func newFile() throws(FileError) -> String {
    let folder = try scratch.withLock { (folder) throws(FileError) in
      if let folder { return folder }
      let made = try ScratchFolder(in: staging)
      folder = made
      return made
    }
    return folder.newFile()
  }

  func path(of digest: Digest) -> String {
    let hex = digest.hex
    return "\(objects)/\(hex.prefix(2))/\(hex.dropFirst(2))"
  }

  /// The digests that files are named by.
  func digests() -> [Digest] {
    ((try? FileSystem.names(in: objects)) ?? []).flatMap { folder in
      ((try? FileSystem.names(in: objects + "/" + folder)) ?? []).compactMap { Digest(hex: folder + $0) }
    }
  }

  /// The artifact's verified bytes; nil where the file is missing or is not what its name says, which removes it.
  func load(_ artifact: Artifact) -> Bytes? {
    let path = path(of: artifact.digest)
    guard let file = try? OpenFile.reading(path) else { return nil }
    // One byte more than expected, so that a file that grew does not pass.
    if let size = try? file.identity().byteCount, size == artifact.byteCount,
      let bytes = try? file.read(0..<artifact.byteCount), bytes.count == artifact.byteCount,
      Digest(of: bytes) == artifact.digest
    {
      return bytes
    }
    try? FileSystem.remove(path)
    return nil
  }

  func keep(_ content: ArtifactContent) throws(FileError) {
    let destination = path(of: content.artifact.digest)
    // Content decides the name, so a file of the right size is this artifact, or damaged: then loading will drop it.
    if let identity = try? FileIdentity(of: destination), identity.byteCount == content.artifact.byteCount { return }
    let temporary = try newFile()
    do throws(FileError) {
      let file = try NewFile(temporary)
      try file.reserve(content.artifact.byteCount)
      for part in content.parts { try file.append(part) }
      try FileSystem.makeFolders((destination as NSString).deletingLastPathComponent)
      try FileSystem.rename(temporary, to: destination)
    } catch {
      try? FileSystem.remove(temporary)
      throw error
    }
  }
}
