/// What is wrong with a plugin or its reply; whoever runs it adds which plugin it is and what it logged last.
struct PluginFailure: Error, Equatable, CustomStringConvertible {
  var message: String
  /// Nobody wants the result any more: not the plugin's fault.
  var isCancellation = false

  init(_ message: String) { self.message = message }

  static var cancelled: PluginFailure {
    var failure = PluginFailure("cancelled")
    failure.isCancellation = true
    return failure
  }

  /// The same with what the plugin wrote to its standard error, for those who have to mend it.
  func with(lastLines: [String]) -> PluginFailure {
    guard !lastLines.isEmpty else { return self }
    return PluginFailure(message + "; the last of its log:" + lastLines.map { "\n    " + $0 }.joined())
  }

  var description: String { message }
}
