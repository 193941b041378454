/// How a plugin is started.
struct PluginCommand: Equatable, Sendable {
  /// The program, as an absolute path, and its arguments; `describe` or `run` follows them.
  var words: [String]
  /// The workspace: words are relative to it.
  var workingFolder: String

  /// A path as people know it: from the workspace, where it is in there.
  func displayed(_ path: String) -> String {
    path.hasPrefix(workingFolder + "/") ? String(path.dropFirst(workingFolder.count + 1)) : path
  }
}
