#if os(Linux)
  /// Changes in their order, without those that repeat the last of their path.
  struct ChangeList {
    private var changes: [FileChange] = []
    private var last: [String: FileChange.Kind] = [:]

    mutating func append(_ change: FileChange) {
      if last.updateValue(change.kind, forKey: change.path) != change.kind { changes.append(change) }
    }

    /// Nil where there is none.
    mutating func take() -> [FileChange]? {
      defer { self = ChangeList() }
      return changes.isEmpty ? nil : changes
    }
  }
#endif
