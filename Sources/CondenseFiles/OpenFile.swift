import CondenseTensors
import Foundation

/// An open file, closed when the last reference goes. Reads and writes name their offset, so threads can share it.
public final class OpenFile: Sendable {
  public let path: String
  private let descriptor: Int32

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  private static let pageByteCount = 4096

  /// Opens a regular file for reading.
  public static func reading(_ path: String) throws(FileError) -> OpenFile {
    // Without O_NONBLOCK the open itself would hang on a named pipe.
    let file = try OpenFile.open(path, O_RDONLY | O_NONBLOCK, mode: 0)
    var status = stat()
    guard fstat(file.descriptor, &status) == 0 else { throw FileError("look at", path, code: errno) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return file
    case S_IFDIR: throw FileError("read", path, code: EISDIR)
    default: throw FileError("read", path, code: EINVAL)
    }
  }

  /// Makes a new file; it is an error if there is one.
  public static func creating(_ path: String) throws(FileError) -> OpenFile {
    try open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o666)
  }

  /// Opens a file for reading and writing, or makes it.
  public static func updating(_ path: String) throws(FileError) -> OpenFile {
    try open(path, O_RDWR | O_CREAT, mode: 0o666)
  }

  private static func open(_ path: String, _ flags: Int32, mode: mode_t) throws(FileError) -> OpenFile {
    while true {
      let descriptor = Foundation.open(path, flags | O_CLOEXEC, mode)
      if descriptor >= 0 { return OpenFile(path: path, descriptor: descriptor) }
      guard errno == EINTR else {
        throw FileError(flags & O_CREAT == 0 ? "open" : "create", path, code: errno)
      }
    }
  }

  public func identity() throws(FileError) -> FileIdentity {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError("look at", path, code: errno) }
    return FileIdentity(status)
  }

  /// Bytes of `range`, or fewer where the file ends first.
  public func read(_ range: Range<Int>) throws(FileError) -> Bytes {
    // A range that only says how much is too much should not cost its memory.
    var count = range.count
    if count > OpenFile.pageByteCount { count = min(count, max(0, try identity().byteCount - range.lowerBound)) }
    return try Bytes(capacity: count) { (buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int in
      try read(into: buffer, at: range.lowerBound)
    }
  }

  /// Fills `buffer` from `offset` on; returns how many bytes there were.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) -> Int {
    var done = 0
    while done < buffer.count {
      let count = pread(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done, off_t(offset + done))
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError("read", path, code: errno)
      }
      done += count
    }
    return done
  }

  /// Writes all of `bytes` from `offset` on.
  public func write(_ bytes: Bytes, at offset: Int) throws(FileError) {
    try bytes.withUnsafeBytes { (buffer: UnsafeRawBufferPointer) throws(FileError) in
      var done = 0
      while done < buffer.count {
        let count = pwrite(
          descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done, off_t(offset + done))
        if count < 0 {
          if errno == EINTR { continue }
          throw FileError("write", path, code: errno)
        }
        done += count
      }
    }
  }

  /// Writes `parts` one after the other from `offset` on; returns where they end.
  @discardableResult
  public func write(_ parts: [Bytes], at offset: Int = 0) throws(FileError) -> Int {
    var end = offset
    for part in parts {
      try write(part, at: end)
      end += part.count
    }
    return end
  }

  /// Sets room on the disk aside for `range`, up to which the file grows. Where the file system cannot, nothing happens.
  public func reserve(_ range: Range<Int>) throws(FileError) {
    #if os(Linux)
      guard !range.isEmpty else { return }
      while true {
        // The code is what it returns; `errno` stays as it was.
        switch posix_fallocate(descriptor, off_t(range.lowerBound), off_t(range.count)) {
        case EINTR: continue
        case let code where [ENOSPC, EDQUOT, EFBIG].contains(code): throw FileError("write", path, code: code)
        default: return
        }
      }
    #endif
  }

  /// Waits until the file's content is on the disk.
  public func sync() throws(FileError) {
    guard fsync(descriptor) == 0 else { throw FileError("sync", path, code: errno) }
  }
}
