import CondenseTensors

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A safetensors file, read as fast as can be: straight to where a tensor belongs.
final class PlainFile {
  let header: SafetensorsHeader
  private let descriptor: Int32
  private let dataStart: Int

  init(_ path: String) throws {
    descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw LoadingError("\(path): cannot be opened") }
    var status = stat()
    fstat(descriptor, &status)
    let byteCount = Int(status.st_size)
    let prefix = try PlainFile.read(descriptor, 8, at: 0)
    let length = try SafetensorsHeader.jsonByteCount(prefix: prefix, fileByteCount: byteCount)
    dataStart = 8 + length
    header = try SafetensorsHeader(
      json: try PlainFile.read(descriptor, length, at: 8), dataByteCount: byteCount - dataStart)
  }

  deinit { close(descriptor) }

  func read(_ entry: SafetensorsHeader.Entry, into target: UnsafeMutableRawBufferPointer) throws {
    try PlainFile.read(descriptor, into: target, at: dataStart + entry.range.lowerBound)
  }

  private static func read(_ descriptor: Int32, _ count: Int, at offset: Int) throws -> Bytes {
    try Bytes(count: count) { try read(descriptor, into: $0, at: offset) }
  }

  private static func read(_ descriptor: Int32, into target: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < target.count {
      let count = pread(descriptor, target.baseAddress?.advanced(by: done), target.count - done, off_t(offset + done))
      guard count > 0 else { throw LoadingError("a file ends early") }
      done += count
    }
  }

  /// Asks the system to forget a file's pages, which it does where they are on disk; no permission is needed.
  static func dropFromCache(_ path: String) {
    let descriptor = open(path, O_RDWR)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    #if !canImport(Darwin)
      posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    #endif
    close(descriptor)
  }
}
