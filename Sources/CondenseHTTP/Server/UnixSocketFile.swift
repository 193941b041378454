import Foundation

/// A listening Unix socket and its file.
struct UnixSocketFile: Sendable {
  let path: String
  /// Listening; whoever takes it closes it.
  let descriptor: Int32
  private let device: dev_t
  private let inode: ino_t

  /// The longest path, without the zero at its end.
  static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

  /// Binds and listens, with mode 0600; the folder is made with 0700 where it is missing.
  ///
  /// Replaces the socket file of a process that is gone, and nothing else.
  init(listeningOn path: String) throws(HTTPServerError) {
    guard path.utf8.count <= Self.longestPath else { throw .pathTooLong(path: path, limit: Self.longestPath) }
    try Self.makeFolder(of: path)
    try Self.removeStale(path)
    let descriptor = try Self.socket(path)
    do throws(HTTPServerError) {
      guard Self.call(bind, descriptor, path) == 0 else {
        throw errno == EADDRINUSE ? .addressInUse(path) : .system(operation: "bind", place: path, code: errno)
      }
      // Nobody gets in before listen(), so that there is no moment with other permissions.
      guard chmod(path, 0o600) == 0 else { throw .system(operation: "chmod", place: path, code: errno) }
      guard listen(descriptor, 256) == 0 else { throw .system(operation: "listen", place: path, code: errno) }
      var status = stat()
      guard lstat(path, &status) == 0 else { throw .system(operation: "stat", place: path, code: errno) }
      (device, inode) = (status.st_dev, status.st_ino)
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
  }

  /// Removes the file, if it is still this one.
  func remove() {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode else { return }
    unlink(path)
  }

  private static func makeFolder(of path: String) throws(HTTPServerError) {
    let folder = (path as NSString).deletingLastPathComponent
    guard !folder.isEmpty, mkdir(folder, 0o700) != 0, errno != EEXIST else { return }
    throw .system(operation: "create", place: folder, code: errno)
  }

  private static func removeStale(_ path: String) throws(HTTPServerError) {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT { return }
      throw .system(operation: "stat", place: path, code: errno)
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: path) }
    let descriptor = try socket(path)
    defer { close(descriptor) }
    // Without waiting: a listener whose queue is full answers EAGAIN.
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    guard call(connect, descriptor, path) != 0, errno == ECONNREFUSED else { throw .addressInUse(path) }
    guard unlink(path) == 0 || errno == ENOENT else { throw .system(operation: "remove", place: path, code: errno) }
  }

  private static func socket(_ path: String) throws(HTTPServerError) -> Int32 {
    #if canImport(Darwin)
      let descriptor = Foundation.socket(AF_UNIX, SOCK_STREAM, 0)
    #else
      let descriptor = Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    guard descriptor >= 0 else { throw .system(operation: "make a socket for", place: path, code: errno) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return descriptor
  }

  private static func call(
    _ function: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32, _ descriptor: Int32, _ path: String
  ) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(longestPath)) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
