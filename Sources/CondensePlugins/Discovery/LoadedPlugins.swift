import CondensePipelines
import CondenseStages

/// The plugins that a configuration names, each working or not.
public struct LoadedPlugins: Sendable {
  public var plugins: [LoadedPlugin] = []
  /// What is wrong, at the entries of the configuration.
  public var diagnostics: [Diagnostic] = []
  /// Files and folders that decide what there is, absolute: plugins are to be loaded again when one changes.
  public var paths: [String] = []

  public init() {}

  /// The stages that work.
  public var stages: [ProcessStage] { plugins.compactMap(\.stage) }
}

/// A plugin that was found.
public struct LoadedPlugin: Sendable {
  /// The stage's name, as far as it is known.
  public var name: String?
  /// Its path or command.
  public var location: String
  /// Where the configuration names it.
  public var place: Place
  /// Nil where it does not work.
  public var stage: ProcessStage?
  /// Why it does not work.
  public var problem: String?
}

extension StageRegistry {
  /// These stages and those of plugins. Stages whose plugin does not work are remembered with the reason.
  public func adding(_ loaded: LoadedPlugins) -> StageRegistry {
    var registry = StageRegistry(stages + loaded.stages)
    registry.unavailable = unavailable
    for plugin in loaded.plugins {
      guard let name = plugin.name, let problem = plugin.problem, registry.stage(named: name) == nil else { continue }
      registry.unavailable[name] = problem
    }
    return registry
  }

  /// These stages and those of a workspace's plugins.
  ///
  /// - Parameter loader: the workspace's; only asked for where there are plugins.
  public func withPlugins(
    of configuration: Configuration, loader: @autoclosure () throws -> PluginLoader
  ) rethrows -> (registry: StageRegistry, loaded: LoadedPlugins) {
    guard !configuration.plugins.isEmpty else { return (self, LoadedPlugins()) }
    let loaded = try loader().load(configuration.plugins, beside: self)
    return (adding(loaded), loaded)
  }
}
