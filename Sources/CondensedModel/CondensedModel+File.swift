import CondenseTensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Bionic)
  import Bionic
#elseif canImport(Darwin)
  import Darwin
#endif

extension CondensedModel {
  /// How a file's bytes get to memory.
  public enum Access: Hashable, Sendable {
    /// The file is mapped, and each part read when it is first needed: opening takes no longer for a large file, and
    /// what has been read can leave memory again. For files that nobody writes to in place, as an app's own resources and
    /// what `condense build` publishes: one that is truncated under its mapping ends the program at the next access.
    case mapped
    /// The file is read as a whole, and may change from then on. For folders that others write to.
    case read
  }

  /// Opens a file.
  ///
  /// - Throws: ``CondensedModelError`` where it cannot be read, or is no intact `.condensed` file.
  public init(path: String, access: Access = .mapped) throws(CondensedModelError) {
    try self.init(try ModelFile(path).bytes(access), path: path)
  }
}

/// A file while it is opened.
private struct ModelFile: ~Copyable {
  let path: String
  let descriptor: Int32
  let byteCount: Int

  init(_ path: String) throws(CondensedModelError) {
    self.path = path
    var descriptor: Int32
    repeat {
      // Without O_NONBLOCK a named pipe would never open.
      descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    } while descriptor < 0 && errno == EINTR
    guard descriptor >= 0 else { throw ModelFile.error("cannot be opened", errno, path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      _ = close(descriptor)
      throw ModelFile.error("cannot be looked at", code, path)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      _ = close(descriptor)
      throw CondensedModelError(.unreadable, "this is no file", path: path)
    }
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
  }

  deinit { _ = close(descriptor) }

  func bytes(_ access: CondensedModel.Access) throws(CondensedModelError) -> Bytes {
    // No mapping is of no bytes.
    guard byteCount > 0 else { return Bytes() }
    return try access == .mapped ? mapped() : read()
  }

  private func mapped() throws(CondensedModelError) -> Bytes {
    guard let start = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw ModelFile.error("cannot be mapped", errno, path)
    }
    // Written by nobody, and unmapped by whoever holds the bytes last.
    nonisolated(unsafe) let memory = UnsafeMutableRawBufferPointer(start: start, count: byteCount)
    return Bytes(adopting: memory) { munmap(memory.baseAddress, memory.count) }
  }

  private func read() throws(CondensedModelError) -> Bytes {
    try Bytes(count: byteCount) { (target: UnsafeMutableRawBufferPointer) throws(CondensedModelError) in
      var done = 0
      while done < byteCount {
        let count = pread(descriptor, target.baseAddress?.advanced(by: done), byteCount - done, off_t(done))
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { throw ModelFile.error("cannot be read", errno, path) }
        guard count > 0 else {
          throw CondensedModelError(.unreadable, "the file became shorter while it was read", path: path, offset: done)
        }
        done += count
      }
    }
  }

  private static func error(_ what: String, _ code: Int32, _ path: String) -> CondensedModelError {
    CondensedModelError(.unreadable, "the file \(what): \(String(cString: strerror(code)))", path: path)
  }
}
