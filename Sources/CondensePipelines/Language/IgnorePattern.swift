/// What a workspace leaves out: a pattern without a slash stands for a name anywhere, one with a slash for a path from the
/// workspace's root.
public struct IgnorePattern: Sendable {
  private let pattern: PathPattern
  private let isName: Bool

  /// - Throws: ``GlobError``.
  public init(_ text: String) throws(GlobError) {
    pattern = try PathPattern(text)
    let inner = text.hasSuffix("/") ? text.dropLast() : text[...]
    isName = !inner.contains("/")
  }

  /// Whether a path, relative to the root, is left out; what is below a folder that is left out is not asked for.
  public func matches(_ path: Substring) -> Bool {
    let names = path.split(separator: "/").map { String($0) }
    return pattern.matches(isName ? names.suffix(1) : names[...])
  }
}

extension PathPattern {
  /// Whether the pattern names a path.
  func matches(_ names: ArraySlice<String>) -> Bool {
    alternatives.contains { PathPattern.matches($0, names) }
  }

  /// As for single characters, the last `**` is the only one that ever needs to take more.
  private static func matches(_ components: [Component], _ names: ArraySlice<String>) -> Bool {
    var component = 0
    var name = names.startIndex
    var retry: (component: Int, name: Int)?
    while name < names.endIndex {
      if component < components.count {
        if components[component] == .anyFolders {
          retry = (component + 1, name)
          component += 1
          continue
        }
        if components[component].matches(names[name]) {
          component += 1
          name += 1
          continue
        }
      }
      guard let last = retry else { return false }
      retry = (last.component, last.name + 1)
      component = last.component
      name = last.name + 1
    }
    return components[component...].allSatisfy { $0 == .anyFolders }
  }
}

extension PathPattern.Component {
  fileprivate func matches(_ name: String) -> Bool {
    switch self {
    case .name(let wanted): wanted == name
    case .glob(let glob): glob.matches(name)
    case .anyFolders: true
    }
  }
}
