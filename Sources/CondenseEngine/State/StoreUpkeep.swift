import CondenseFiles
import CondenseStore
import Foundation

/// What a build tells the store about its workspace. Losing any of it costs work that is done again, nothing else.
struct StoreUpkeep {
  var workspace: Workspace
  /// The folder of the workspace's own state.
  var stateFolder: String

  /// Its modification time is when the store last heard of the workspace.
  private var markPath: String { stateFolder + "/seen" }

  private static let day: Int64 = 86_400_000_000_000

  /// Whether the store should hear of the workspace, though nothing was to do: it forgets those it has not heard of for
  /// 30 days.
  var isDue: Bool {
    guard let mark = try? FileIdentity(of: markPath) else { return true }
    let age = FileIdentity.now - mark.modificationTime
    // A mark from the future was made before the clock was set back.
    return age > StoreUpkeep.day || age < 0
  }

  func see(in store: any ArtifactStore) {
    guard (try? store.see(workspace: workspace.root)) != nil else { return }
    mark()
  }

  /// Records what the outputs of these files' builds are made of; of a file that failed what it was stays.
  func keepRoots(_ roots: [BuildRoots], in store: any ArtifactStore) {
    guard (try? store.keepRoots(roots, of: Set(roots.map(\.file)).sorted(), in: workspace.root)) != nil else { return }
    mark()
  }

  private func mark() {
    try? FileSystem.remove(markPath)
    _ = try? OpenFile.updating(markPath)
  }

  /// Evicts what is too much by the workspace's limit.
  func evict(from store: any ArtifactStore) {
    store.evict(whenOver: workspace.configuration.cacheLimit?.value ?? LocalStore.defaultLimit)
  }
}

extension BuildPlan {
  /// What the outputs of a pipeline that was built are made of, without what the model itself holds.
  func roots(_ pipeline: Int, _ scheduler: Scheduler) -> BuildRoots {
    let planned = pipelines[pipeline]
    let nodes = Set(planned.outputs.joined()).filter { !graph.isSource($0) }.sorted()
    var artifacts: [Digest] = []
    var seen: Set<Digest> = []
    for case let digest? in nodes.map({ scheduler.outcome(of: $0)?.artifact?.digest })
    where seen.insert(digest).inserted { artifacts.append(digest) }
    return BuildRoots(file: planned.pipeline.file, build: planned.pipeline.name, artifacts: artifacts)
  }
}
