import CondenseEngine
import CondenseFiles
import CondensePipelines
import CondenseWatching

/// Which files matter to a workspace, as its last sweep found them.
struct WatchInterests: Equatable, Sendable {
  /// The folders in which pipelines were looked for.
  private(set) var folders: Set<String> = []
  /// For each pipeline file, everything that decides what it builds.
  private(set) var inputs: [String: Set<String>] = [:]
  /// Those of all pipelines, and what plugins are made of.
  private var everything: Set<String> = []
  private let configuration: String
  /// Of plugins: their folders, and all that they are made of.
  private var plugins: Set<String> = []

  init(_ workspace: Workspace) { configuration = workspace.configurationPath }

  /// Takes over what a listing found.
  mutating func note(_ listing: PipelineListing, in workspace: Workspace) {
    folders = Set(listing.folders)
    // It may not be there yet.
    if workspace.configuration.pipelines == nil { folders.insert(workspace.pipelinesFolder) }
  }

  /// Takes over what plugins there are.
  mutating func note(plugins paths: [String]) {
    let paths = Set(paths)
    guard plugins != paths else { return }
    plugins = paths
    gather()
  }

  private mutating func gather() { everything = inputs.values.reduce(into: plugins) { $0.formUnion($1) } }

  /// Takes over what a build found; of those of these files that it left out, what is known stays.
  mutating func note(_ result: BuildResult, of files: [String]) {
    let listed = Set(files)
    inputs = inputs.filter { listed.contains($0.key) }
    inputs.merge(result.inputs) { $1 }
    gather()
  }

  var plan: WatchPlan {
    var plan = WatchPlan()
    plan.folders = folders
    plan.files = everything.union([configuration])
    // Folders are searched for models and plugins: what appears in them matters.
    for path in everything where FileSystem.isFolder(path) {
      plan.folders.insert(path)
      plan.files.remove(path)
    }
    return plan
  }

  /// Whether a change to the path can matter.
  func contain(_ path: String) -> Bool {
    if path == configuration || everything.contains(path) { return true }
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    // A folder that is new may hold pipelines or models; so may one that takes another's place.
    if folders.contains(folder) {
      return path.hasSuffix(".yaml") || path.hasSuffix(".yml") || FileSystem.isFolder(path)
    }
    return everything.contains(folder) || folders.contains(path)
  }

  /// Whether a change to one of the paths can matter to what is made of these pipeline files.
  func concern(_ files: [String], _ paths: Set<String>) -> Bool {
    files.contains { file in
      paths.contains(file) || !(inputs[file] ?? []).isDisjoint(with: paths)
    }
  }

  /// The pipeline files that rest on one of the paths.
  func files(restingOn paths: Set<String>) -> Set<String> {
    guard !paths.isEmpty else { return [] }
    return Set(inputs.filter { !$0.value.isDisjoint(with: paths) }.keys)
  }
}
