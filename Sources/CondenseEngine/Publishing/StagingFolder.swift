import CondenseFiles
import Foundation

/// Where outputs are written before they take their place: `.condense/staging/PID-…` in the workspace, so that a build
/// that dies leaves nothing beside an output.
final class StagingFolder: Sendable {
  let path: String

  /// Makes a folder for this process, and removes those of processes that are gone.
  init(workspaceState: String) throws(FileError) {
    let parent = workspaceState + "/staging"
    try FileSystem.makeFolders(parent)
    StagingFolder.removeAbandoned(in: parent)
    path = "\(parent)/\(getpid())-\(UUID().uuidString)"
    try FileSystem.makeFolders(path)
  }

  /// Removes the folder and what is left in it.
  func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// A name in the folder that is not taken.
  func newFile() -> String { path + "/" + UUID().uuidString }

  private static func removeAbandoned(in parent: String) {
    for name in (try? FileSystem.names(in: parent)) ?? [] {
      guard let process = name.split(separator: "-").first.flatMap({ pid_t($0) }), process != getpid() else { continue }
      // No signal is sent: this only asks whether the process exists.
      if kill(process, 0) != 0 && errno == ESRCH {
        try? FileManager.default.removeItem(atPath: parent + "/" + name)
      }
    }
  }
}
