/// The pipelines among those to build of which nothing has changed since they were last built.
struct UpToDatePipelines {
  /// By file.
  private(set) var records: [String: PipelineRecord] = [:]
  /// Files whose record says more than the one in the workspace's state.
  private(set) var refreshed: Set<String> = []

  init() {}

  /// - Parameter onOther: called for each that has no record, or for which something has changed, as soon as that is known.
  init(_ files: [String], in state: WorkspaceState, onOther: () -> Void) {
    records.reserveCapacity(files.count)
    for file in files {
      guard let (record, isRefreshed) = state[file]?.current() else {
        onOther()
        continue
      }
      records[file] = record
      if isRefreshed { refreshed.insert(file) }
    }
    dropThoseInConflict()
  }

  /// The actions of all of them, each once.
  var actionKeys: ActionWords {
    let builds = records.values.lazy.flatMap(\.builds)
    var keys = ActionWords(capacity: builds.reduce(0) { $0 + $1.actionKeys.count })
    for build in builds {
      for key in build.actionKeys { keys.insert(key) }
    }
    return keys
  }

  /// Removes records that a pipeline read anew stands in the way of, by a name or an output; returns whether there were any.
  mutating func drop(names: Set<String>, outputs: Set<String>) -> Bool {
    drop { record in
      record.builds.contains { build in
        names.contains(build.name) || build.outputs.contains { outputs.contains($0.path) }
      }
    }
  }

  /// Removes records of what rests on files that turned out to be invalid, though they may not have changed: one of two with a
  /// name or an output in common is as wrong as the other. Returns whether there were any.
  mutating func drop(restingOn invalid: Set<String>) -> Bool {
    guard !invalid.isEmpty else { return false }
    return drop { record in record.dependencies.contains { invalid.contains($0.path) } }
  }

  /// Removes records; returns whether there were any.
  @discardableResult
  mutating func drop(where isWrong: (PipelineRecord) -> Bool) -> Bool {
    let wrong = records.compactMap { isWrong($0.value) ? $0.key : nil }
    for file in wrong { remove(file) }
    return !wrong.isEmpty
  }

  /// Files that were built one at a time may have a name or an output in common; loading them says so.
  private mutating func dropThoseInConflict() {
    var owners: [String: String] = [:]
    owners.reserveCapacity(2 * records.count)
    var inConflict: Set<String> = []
    for (file, record) in records {
      for build in record.builds {
        // A name holds no slash and a path begins with one.
        for mark in [build.name] + build.outputs.map(\.path) {
          if let other = owners.updateValue(file, forKey: mark) { inConflict.formUnion([file, other]) }
        }
      }
    }
    for file in inConflict { remove(file) }
  }

  private mutating func remove(_ file: String) {
    records[file] = nil
    refreshed.remove(file)
  }
}
