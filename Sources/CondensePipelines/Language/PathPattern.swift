/// A pattern over paths: each component between slashes is a ``Glob``, and `**` stands for any number of folders.
public struct PathPattern: Sendable {
  public enum Component: Sendable, Hashable {
    case name(String)
    case glob(Glob)
    /// Any number of folders in each other, none too.
    case anyFolders
  }

  /// The patterns that braces stand for: what is in braces can hold slashes.
  public let alternatives: [[Component]]

  /// - Throws: ``GlobError``.
  public init(_ pattern: String) throws(GlobError) {
    alternatives = try Glob.alternatives(of: pattern).map { (text) throws(GlobError) in
      var components: [Component] = []
      for part in text.split(separator: "/") {
        if part == "**" {
          // Twice in a row is the same as once.
          if components.last != .anyFolders { components.append(.anyFolders) }
        } else if PathPattern.isIn(String(part)) {
          components.append(.glob(try Glob(String(part))))
        } else {
          components.append(.name(String(part)))
        }
      }
      return components
    }
  }

  /// Whether a path is a pattern.
  public static func isIn(_ path: String) -> Bool { path.contains { "*?[{".contains($0) } }
}
