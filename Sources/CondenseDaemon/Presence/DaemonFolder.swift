import CondenseEngine
import CondenseFiles
import CondenseStore
import Foundation

/// Where the daemon of a workspace keeps what it is known by: `.condense/daemon`, for its user alone.
///
/// It has no layout version of its own: of all versions of the program together, one daemon serves a workspace.
package struct DaemonFolder: Sendable {
  package let path: String

  package init(_ workspace: Workspace) { path = workspace.root + "/.condense/daemon" }

  var lockPath: String { path + "/lock" }
  var recordPath: String { path + "/record.json" }
  package var tokenPath: String { path + "/token" }

  /// Makes the folder, and takes it from others where they could enter.
  func make(in workspace: Workspace) throws(FileError) {
    _ = try workspace.makeStateFolder()
    try FileSystem.makePrivateFolder(path)
  }

  /// The socket's path: in this folder, or where that is too long for one, in a short folder that is named after it.
  ///
  /// - Parameter environment: of `XDG_RUNTIME_DIR`, which only its user can enter.
  func makeSocketFolder(environment: [String: String]) throws(FileError) -> String {
    let name = "/socket"
    guard path.utf8.count + name.utf8.count > DaemonFolder.longestSocketPath else { return path + name }
    let runtime = environment["XDG_RUNTIME_DIR"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
    let digest = Digest(of: .init(Array(path.utf8))).hex.prefix(16)
    let folder = "\(runtime)/condense-\(getuid())-\(digest)"
    try FileSystem.makePrivateFolder(folder)
    return folder + name
  }

  /// What `sockaddr_un` holds before its zero: 107 bytes on Linux, 103 on macOS.
  private static let longestSocketPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1
}

extension FileSystem {
  /// Makes a folder that only its owner can enter; one that is there is made so, unless it is somebody else's.
  package static func makePrivateFolder(_ path: String) throws(FileError) {
    if mkdir(path, 0o700) != 0 {
      let code = errno
      var status = stat()
      // A link could lead to a folder that others can write to.
      guard code == EEXIST, lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw FileError("create folder", path, code: code)
      }
      guard status.st_uid == geteuid() else { throw FileError("use folder", path, code: EPERM) }
    }
    guard chmod(path, 0o700) == 0 else { throw FileError("protect folder", path, code: errno) }
  }
}
