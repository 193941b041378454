import CondenseStore
import Dispatch

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

  /// Whether nothing has changed since: every file is looked at, by as many threads as are worth their start.
  var holds: Bool {
    let (count, share) = (tracked.count, IdleBuild.filesEach)
    guard count > share else { return tracked.allSatisfy { $0.now() == .same } }
    let isSame = Locked(true)
    DispatchQueue.concurrentPerform(iterations: (count + share - 1) / share) { part in
      let files = tracked[part * share..<min(count, (part + 1) * share)]
      // Most often all are the same; where one is not, the others need not be looked at.
      guard isSame.withLock({ $0 }), !files.allSatisfy({ $0.now() == .same }) else { return }
      isSame.withLock { $0 = false }
    }
    return isSame.withLock { $0 }
  }

  private static let filesEach = 256
}
