/// A folder named `v` and a number, for one version of the layout of what is in it: another version of the program
/// starts its own beside it and leaves this one alone.
public struct LayoutFolder: Sendable {
  public let parent: String
  public let version: Int

  public init(in parent: String, version: Int) {
    self.parent = parent
    self.version = version
  }

  public var path: String { "\(parent)/v\(version)" }

  /// The names of other versions' folders, where this version has none yet.
  public var othersIfNew: [String] {
    guard !FileSystem.exists(path) else { return [] }
    return ((try? FileSystem.names(in: parent)) ?? []).filter { name in
      // Another process may have made this version's a moment ago.
      name.hasPrefix("v") && Int(name.dropFirst()).map { $0 != version } ?? false
    }
  }
}
