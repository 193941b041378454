import CondenseFiles
import CondenseStages
import CondenseStore

/// A stage that is a program of its own.
public struct ProcessStage: Stage {
  let plugin: Plugin

  public var description: StageDescription {
    let described = plugin.description
    return StageDescription(
      name: described.name, version: described.version, summary: described.summary, isLossless: described.isLossless,
      scope: described.scope, metrics: described.metrics, sources: plugin.sources.sources,
      parameters: described.parameters.map(\.description), examples: described.examples)
  }

  /// Whether a plugin may have the name.
  public static func isName(_ text: String) -> Bool { PluginDescription.isName(text, separator: "-") }

  /// Where it is, as people know it: a path or a command.
  public var location: String { plugin.location.name }

  /// Fills defaults in, and looks at the files that parameters name.
  public func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage {
    let known = plugin.description.parameters
    if let other = parameters.keys.sorted().first(where: { key in !known.contains { $0.description.name == key } }) {
      throw ParameterError(other, "\(plugin.description.name) has no such parameter")
    }
    var sent: StageParameters = [:]
    var canonical: StageParameters = [:]
    var files = SourceSet()
    for parameter in known {
      let name = parameter.description.name
      guard let given = parameters[name] ?? parameter.description.defaultValue else {
        guard parameter.isRequired else { continue }
        throw ParameterError(nil, "\(plugin.description.name) needs \(name)")
      }
      guard let value = parameter.description.type.fitting(given) else {
        throw ParameterError(name, "\(given.canonical) is no value for it")
      }
      sent[name] = value
      canonical[name] = value
      if case .path = parameter.description.type, case .string(let path) = value {
        canonical[name] = .string(try content(of: path, name, &files))
      }
    }
    plugin.cache.save()
    return ProcessConfiguration(plugin: plugin, parameters: canonical, sent: sent, files: files)
  }

  /// What stands for a file in keys: its content, wherever it is.
  private func content(of path: String, _ name: String, _ files: inout SourceSet) throws(ParameterError) -> String {
    let shown = plugin.location.command.displayed(path)
    let digest: Digest
    do throws(FileError) { digest = try plugin.cache.file(path).digest } catch {
      throw ParameterError(name, "cannot \(error.operation) '\(shown)': \(error.reason)")
    }
    do throws(PluginFailure) { try files.add(path, named: shown, plugin.cache) } catch {
      throw ParameterError(name, error.message)
    }
    return "sha256:\(digest.hex)"
  }
}
