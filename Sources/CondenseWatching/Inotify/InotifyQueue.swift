#if os(Linux)
  import Glibc

  /// An inotify instance: the kernel's watches and its queue of events. Not for several threads at once.
  final class InotifyQueue {
    private(set) var descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    /// Called in the place of `inotify_add_watch` by tests; sets `errno` and returns -1 to fail.
    private let addWatch: AddWatch

    typealias AddWatch = @Sendable (_ descriptor: Int32, _ path: String, _ mask: UInt32) -> Int32

    init(addWatch: @escaping AddWatch = { inotify_add_watch($0, $1, $2) }) throws(WatchRefusal) {
      self.addWatch = addWatch
      descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
      guard descriptor >= 0 else { throw .instanceLimit(code: errno) }
    }

    deinit { close() }

    /// Gives the kernel back its watches. Nothing else may be called after it.
    func close() {
      if descriptor >= 0 { Glibc.close(descriptor) }
      descriptor = -1
    }

    /// Watches the folder at `path`; nil where there is none, or only a link to one. A folder that is watched already
    /// keeps its watch, by whatever path it was found, and is asked for `level` besides.
    func add(_ path: String, _ level: WatchLevel) throws(WatchRefusal) -> Int32? {
      let flags = UInt32(IN_ONLYDIR) | UInt32(IN_DONT_FOLLOW) | UInt32(IN_MASK_ADD) | UInt32(IN_EXCL_UNLINK)
      let watch = addWatch(descriptor, path, level.mask.rawValue | flags)
      guard watch < 0 else { return watch }
      switch errno {
      case ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG: return nil
      case ENOSPC, ENOMEM, EMFILE: throw .watchLimit
      case let code: throw .failed(path: path, code: code)
      }
    }

    func remove(_ watch: Int32) { inotify_rm_watch(descriptor, watch) }

    /// The bytes of the events that wait.
    var waitingByteCount: Int {
      var count: Int32 = 0
      return ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }

    /// Calls `body` for all events that were in the queue when it was called, in their order.
    func drain(_ body: (InotifyEvent) -> Void) {
      var remaining = waitingByteCount
      while remaining > 0 {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        remaining -= count
        buffer.withUnsafeBytes { parse($0.prefix(count), body) }
      }
    }

    private func parse(_ bytes: Slice<UnsafeRawBufferPointer>, _ body: (InotifyEvent) -> Void) {
      let bytes = UnsafeRawBufferPointer(rebasing: bytes)
      let headerSize = MemoryLayout<inotify_event>.size
      var offset = 0
      while offset + headerSize <= bytes.count {
        let header = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
        let end = offset + headerSize + Int(header.len)
        guard end <= bytes.count else { return }
        let name = bytes[offset + headerSize..<end].prefix { $0 != 0 }
        body(
          InotifyEvent(
            descriptor: header.wd, mask: InotifyEvent.Mask(rawValue: header.mask),
            name: name.isEmpty ? nil : String(decoding: name, as: UTF8.self)))
        offset = end
      }
    }
  }
#endif
