import Foundation

/// Where `condense` keeps what it has made, as seen from a plugin.
enum StoreFolder {
  /// What is to be set in the environment of `condense`: nothing where it can write to the store that all of a user's
  /// projects share, else a store in the plugin's own folder. The sandbox of macOS allows no more.
  static func environment(own folder: URL) -> [String: String] {
    canWrite(to: shared(ProcessInfo.processInfo.environment))
      ? [:] : ["CONDENSE_CACHE_DIR": folder.appending(path: "store").path]
  }

  /// As `condense` finds it.
  private static func shared(_ environment: [String: String]) -> URL {
    func folder(_ name: String) -> URL? {
      environment[name].flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0, isDirectory: true) }
    }
    return folder("CONDENSE_CACHE_DIR") ?? folder("XDG_CACHE_HOME")?.appending(path: "condense")
      ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache/condense")
  }

  /// Only writing tells: a sandbox is not in a file's permissions.
  private static func canWrite(to folder: URL) -> Bool {
    let probe = folder.appending(path: ".probe-\(UUID().uuidString)")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data().write(to: probe)
      try FileManager.default.removeItem(at: probe)
      return true
    } catch {
      return false
    }
  }
}
