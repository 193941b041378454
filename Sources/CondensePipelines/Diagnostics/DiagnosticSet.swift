/// Diagnostics in the order in which they came up, each once: builds of one file, and files that extend the same one, meet
/// the same errors.
public struct DiagnosticSet: Sendable {
  public private(set) var all: [Diagnostic] = []
  /// How many were added, those that were there already too.
  private var addedCount = 0
  private var known: Set<Key> = []

  /// What makes two diagnostics one; their notes can tell of different builds.
  private struct Key: Hashable {
    var message: String
    var file: String
    var range: SourceRange?
  }

  public init() {}

  /// Whether there is no use in looking for more: a hostile file's thousand builds can have a thousand errors each.
  public var isFull: Bool { addedCount >= 10_000 }

  public var hasErrors: Bool { all.contains { $0.severity == .error } }

  /// Adds a diagnostic; false where it is there already.
  @discardableResult
  public mutating func insert(_ diagnostic: Diagnostic) -> Bool {
    addedCount += 1
    let isNew = known.insert(Key(message: diagnostic.message, file: diagnostic.file, range: diagnostic.range)).inserted
    if isNew { all.append(diagnostic) }
    return isNew
  }

  public mutating func formUnion(_ diagnostics: some Sequence<Diagnostic>) {
    for diagnostic in diagnostics { insert(diagnostic) }
  }
}
