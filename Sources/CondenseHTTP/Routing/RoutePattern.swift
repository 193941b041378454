/// The path of a route: literal segments, and `:name`s that stand for any segment that is not empty.
struct RoutePattern: Sendable {
  private enum Segment: Sendable {
    case literal(String)
    case parameter(String)

    var isLiteral: Bool {
      if case .literal = self { true } else { false }
    }
  }

  private let segments: [Segment]

  init(_ path: Substring) {
    segments = path.split(separator: "/").map {
      $0.first == ":" ? .parameter(String($0.dropFirst())) : .literal(String($0))
    }
  }

  /// What the parameters stand for, or nil where the path is another.
  func match(_ components: [String]) -> [String: String]? {
    guard components.count == segments.count else { return nil }
    var parameters: [String: String] = [:]
    for (segment, component) in zip(segments, components) {
      switch segment {
      case .literal(let text): guard text == component else { return nil }
      case .parameter(let name):
        guard !component.isEmpty else { return nil }
        parameters[name] = component
      }
    }
    return parameters
  }

  /// Whether this one, of two that match a path, has a literal where the other first has a parameter.
  func isBetter(than other: RoutePattern) -> Bool {
    for (mine, theirs) in zip(segments, other.segments) where mine.isLiteral != theirs.isLiteral {
      return mine.isLiteral
    }
    return false
  }

  func isAsGood(as other: RoutePattern) -> Bool { !isBetter(than: other) && !other.isBetter(than: self) }
}
