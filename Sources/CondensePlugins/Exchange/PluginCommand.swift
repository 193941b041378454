/// How a plugin is started.
struct PluginCommand: Equatable, Sendable {
  /// The program, as an absolute path, and its arguments; `describe` or `run` follows them.
  var words: [String]
  /// The workspace: words are relative to it.
  var workingFolder: String
}
