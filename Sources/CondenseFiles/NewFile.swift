import CondenseTensors

/// A file that is being written from its start to its end, once.
public final class NewFile {
  public let path: String
  public private(set) var byteCount = 0
  private let file: OpenFile
  private let onAppend: (Bytes) -> Void

  /// Makes the file; it is an error if there is one. `onAppend` sees all bytes in the file's order, so that what is
  /// written need not be read again to be hashed.
  public init(_ path: String, onAppend: @escaping (Bytes) -> Void = { _ in }) throws(FileError) {
    self.path = path
    self.onAppend = onAppend
    file = try OpenFile.creating(path)
  }

  /// Asks for room for this many bytes more: writing into room that is there is cheaper, and a disk that is too small
  /// says so before anything is written.
  public func reserve(_ count: Int) throws(FileError) { try file.reserve(byteCount..<byteCount + count) }

  public func append(_ bytes: Bytes) throws(FileError) {
    try file.write(bytes, at: byteCount)
    byteCount += bytes.count
    onAppend(bytes)
  }

  /// A file beside this one that has no name and is gone with its last reference.
  public func makeSpool() throws(FileError) -> OpenFile {
    let spoolPath = path + ".spool"
    let spool = try OpenFile.creating(spoolPath)
    try FileSystem.remove(spoolPath)
    return spool
  }

  public func sync() throws(FileError) { try file.sync() }
}
