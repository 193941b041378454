import CondenseFiles
import CondenseStore
import Foundation

/// Where requests' files are: a folder for each request in one of this process alone.
final class PluginFolder: Sendable {
  private let parent: String
  private let scratch = Locked<ScratchFolder?>(nil)

  init(in parent: String) { self.parent = parent }

  /// Makes a folder with an `out` in it, and removes it when `body` is done.
  func withRequestFolder<T>(_ body: (String) throws(PluginFailure) -> T) throws(PluginFailure) -> T {
    let folder: String
    do throws(FileError) {
      folder = try scratch.withLock { (scratch) throws(FileError) in
        if let scratch { return scratch }
        let made = try ScratchFolder(in: parent)
        scratch = made
        return made
      }.newFile()
      try FileSystem.makeFolders(folder + "/out")
    } catch {
      throw PluginFailure("\(error)")
    }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }
}
