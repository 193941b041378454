import CondenseEngine
import CondensePipelines
import CondensePlugins
import CondenseStages

/// The stages that a workspace's pipelines can use: the program's own, and those of its plugins.
package struct WorkspaceStages: Sendable {
  package private(set) var registry: StageRegistry
  /// What is wrong with plugins; pipelines that use none of them are built all the same.
  package private(set) var problems: [PlacedDiagnostic] = []
  package private(set) var loaded = LoadedPlugins()
  /// Files and folders that decide what plugins there are and what they do, absolute.
  package var paths: [String] { loaded.paths }

  /// - Parameter loader: one that is kept, for a process that builds again and again: plugins' processes go on then.
  package init(_ workspace: Workspace, beside stages: StageRegistry, loader: PluginLoader? = nil) {
    registry = stages
    do {
      (registry, loaded) = try stages.withPlugins(
        of: workspace.configuration, loader: try loader ?? WorkspaceStages.loader(for: workspace))
    } catch {
      loaded.diagnostics = workspace.configuration.plugins.prefix(1).map {
        Diagnostic(.error, "plugins cannot be used: \(error)", at: $0.place)
      }
    }
    problems = loaded.diagnostics.map {
      PlacedDiagnostic(diagnostic: $0, source: workspace.configuration.source(of: $0))
    }
  }

  /// Makes a loader; throws where the workspace can keep no state.
  package static func loader(
    for workspace: Workspace, limits: PluginLimits = PluginLimits()
  ) throws -> PluginLoader {
    PluginLoader(root: workspace.root, stateFolder: try workspace.makeStateFolder(), limits: limits)
  }
}

extension [PlacedDiagnostic] {
  /// Whether one of them is more than a warning.
  package var hasErrors: Bool { contains { $0.diagnostic.severity == .error } }
}
