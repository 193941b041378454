import CondenseFiles
import CondensePipelines
import CondenseStages
import CondenseStore
import Foundation

/// Finds a workspace's plugins and has them describe themselves.
///
/// A daemon keeps one: processes of plugins that are what they were go on from load to load.
public final class PluginLoader: Sendable {
  private let root: String
  private let limits: PluginLimits
  private let cache: PluginCache
  private let folder: PluginFolder
  /// The processes of the latest load, by command, limits and sources.
  private let pools = Locked<[PoolKey: PluginPool]>([:])

  private struct PoolKey: Hashable {
    var words: [String]
    var seconds: Double
    var memory: Int?
    var sources: Digest
  }

  /// - Parameters:
  ///   - root: the workspace, absolute.
  ///   - stateFolder: where what is known of plugins is kept, and files on their way to them.
  public init(root: String, stateFolder: String, limits: PluginLimits = PluginLimits()) {
    self.root = root
    self.limits = limits
    cache = PluginCache(path: stateFolder + "/plugins/known")
    folder = PluginFolder(in: stateFolder + "/plugins/scratch")
  }

  /// The plugins of a configuration's entries.
  ///
  /// - Parameter others: stages that are there already, whose names are taken.
  public func load(_ entries: [PluginEntry], beside others: StageRegistry) -> LoadedPlugins {
    var loading = Loading(taken: others.names)
    for entry in entries { add(entry, to: &loading) }
    cache.save()
    pools.withLock { $0 = loading.pools }
    return loading.result
  }

  private struct Loading {
    /// Names of stages that are no plugins.
    var taken: [String]
    var result = LoadedPlugins()
    var pools: [PoolKey: PluginPool] = [:]

    mutating func report(
      _ message: String, at place: Place, severity: Diagnostic.Severity = .error, notes: [Diagnostic.Note] = []
    ) {
      result.diagnostics.append(Diagnostic(severity, message, at: place, notes: notes))
    }
  }

  private func add(_ entry: PluginEntry, to loading: inout Loading) {
    switch entry.source {
    case .folder(let folder): addFolder(folder, entry, to: &loading)
    case .command(let words): addCommand(words, entry, to: &loading)
    case .folderOrCommand(let text, let words):
      if FileSystem.isFolder(AbsolutePath.resolve(text, from: root)) {
        addFolder(text, entry, to: &loading)
      } else {
        addCommand(words, entry, to: &loading)
      }
    }
  }

  private func addCommand(_ words: [String], _ entry: PluginEntry, to loading: inout Loading) {
    do throws(PluginFailure) {
      add(try PluginLocation(words: words, root: root), entry, to: &loading)
    } catch {
      // Words without a program may have been meant for a folder.
      let hint = words.count == 1 ? ", and no folder of that name" : ""
      fail(nil, words.joined(separator: " "), error.message + hint, entry, &loading)
    }
  }

  /// The executables `condense-stage-NAME` in a folder, not in those below it.
  private func addFolder(_ name: String, _ entry: PluginEntry, to loading: inout Loading) {
    let folder = AbsolutePath.resolve(name, from: root)
    loading.result.paths.append(folder)
    let files: [FolderEntry]
    do throws(FileError) { files = try FileSystem.entries(in: folder) } catch {
      loading.report("cannot \(error.operation) the plugins in '\(name)': \(error.reason)", at: entry.place)
      return
    }
    var isEmpty = true
    for file in files where file.isUTF8 && file.name.hasPrefix(PluginLocation.prefix) {
      guard FileSystem.resolvedKind(of: file, in: folder) == .file else { continue }
      let path = folder + "/" + file.name
      let stage = String(file.name.dropFirst(PluginLocation.prefix.count))
      let shown = AbsolutePath.relative(path, to: root)
      isEmpty = false
      guard PluginDescription.isName(stage, separator: "-") else {
        fail(
          nil, shown, "'\(LogTail.printable(stage))' is no stage's name: lower-case letters, digits and hyphens", entry,
          &loading)
        continue
      }
      guard access(path, X_OK) == 0 else {
        loading.result.paths.append(path)
        fail(stage, shown, "it is not executable; try 'chmod +x \(shown)'", entry, &loading)
        continue
      }
      add(PluginLocation(executable: path, in: folder, root: root, expectedName: stage), entry, to: &loading)
    }
    if isEmpty {
      loading.report(
        "there is no plugin in '\(name)': no file 'condense-stage-NAME'", at: entry.place, severity: .warning)
    }
  }

  private func add(_ location: PluginLocation, _ entry: PluginEntry, to loading: inout Loading) {
    var limits = limits
    if let seconds = entry.seconds { limits.seconds = seconds }
    limits.memory = entry.memory ?? limits.memory
    loading.result.paths += location.files + [location.folder].compactMap { $0 }
    do throws(PluginFailure) {
      let (description, sources) = try PluginDescriber(cache: cache, limits: limits).describe(location)
      loading.result.paths += sources.paths + sources.folders
      if let clash = clash(description.name, loading) {
        loading.report(
          "\(location.name): \(clash.message)", at: entry.place, notes: clash.place.map { [$0] } ?? [])
        loading.result.plugins.append(
          LoadedPlugin(
            name: description.name, location: location.name, place: entry.place, problem: clash.message))
        return
      }
      let pool = self.pool(location.command, limits, sources, &loading)
      let plugin = Plugin(
        description: description, location: location, sources: sources, pool: pool, cache: cache, folder: folder)
      loading.result.plugins.append(
        LoadedPlugin(
          name: description.name, location: location.name, place: entry.place, stage: ProcessStage(plugin: plugin)))
    } catch {
      fail(location.expectedName, location.name, error.message, entry, &loading)
    }
  }

  /// Why a name cannot be used, with the place of who has it.
  private func clash(_ name: String, _ loading: Loading) -> (message: String, place: Diagnostic.Note?)? {
    if loading.taken.contains(name) {
      return ("there is a built-in stage '\(name)'; the plugin needs another name", nil)
    }
    guard let other = loading.result.plugins.first(where: { $0.name == name && $0.stage != nil }) else { return nil }
    return (
      "there is another plugin '\(name)': \(other.location)",
      Diagnostic.Note("the other plugin '\(name)' is named here", at: other.place)
    )
  }

  private func fail(
    _ name: String?, _ location: String, _ problem: String, _ entry: PluginEntry, _ loading: inout Loading
  ) {
    loading.report("the plugin \(location) does not work: \(problem)", at: entry.place)
    loading.result.plugins.append(
      LoadedPlugin(name: name, location: location, place: entry.place, problem: problem))
  }

  private func pool(
    _ command: PluginCommand, _ limits: PluginLimits, _ sources: SourceSet, _ loading: inout Loading
  ) -> PluginPool {
    let key = PoolKey(
      words: command.words, seconds: limits.seconds, memory: limits.memory, sources: sources.digest)
    let pool = loading.pools[key] ?? pools.withLock { $0[key] } ?? PluginPool(command, limits: limits)
    loading.pools[key] = pool
    return pool
  }
}
