import CondenseStore

/// A build that found nothing to do, kept by whoever builds again: as long as every file that it rested on is what it was,
/// the same pipelines come to the same again, and there is nothing to put together.
struct IdleBuild: Sendable {
  /// The pipeline files that were asked for, in their order.
  let files: [String]
  let result: BuildResult
  /// The names of its builds.
  let names: [String]
  /// Every file that any of them rests on or published, each once.
  private let tracked: [TrackedFile]

  /// Nil where something was loaded, done or to be told: then it is no build of nothing.
  init?(_ prepared: PreparedBuild, _ result: BuildResult, files: [String]) {
    guard prepared.loaded.files.isEmpty, prepared.upToDate.refreshed.isEmpty else { return nil }
    self.files = files
    self.result = result
    var names: [String] = []
    var tracked: [TrackedFile] = []
    var known: Set<String> = []
    for file in files {
      guard let record = prepared.upToDate.records[file] else { return nil }
      names += record.builds.map(\.name)
      for file in record.dependencies + record.builds.flatMap({ $0.models + $0.outputs })
      where known.insert(file.path).inserted { tracked.append(file) }
    }
    self.names = names
    self.tracked = tracked
  }

  /// Whether nothing has changed since: every file is looked at.
  var holds: Bool { tracked.allSatisfy { $0.now() == .same } }
}
