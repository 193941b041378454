import CondenseCodecs
import CondenseFiles
import CondensePipelines
import CondenseStages
import CondenseTensors
import Foundation
import TestSupport

@testable import CondensePlugins

/// A folder with plugins in it, and a state folder of its own.
final class PluginWorkspace: Sendable {
  let root: String
  let limits: PluginLimits

  /// Limits that only something broken meets, however busy the machine is.
  static var long: PluginLimits {
    var limits = PluginLimits()
    limits.seconds = Double(longestWait)
    limits.describeSeconds = Double(longestWait)
    return limits
  }

  init(limits: PluginLimits = PluginWorkspace.long) throws {
    root = FileManager.default.temporaryDirectory.path + "/condense-plugins-\(UUID().uuidString)"
    self.limits = limits
    try FileSystem.makeFolders(root + "/stages")
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func write(_ text: String, to name: String, isExecutable: Bool = false) throws {
    let path = root + "/" + name
    try FileSystem.makeFolders((path as NSString).deletingLastPathComponent)
    // Renamed into place, so that the file that is started is one that nobody writes.
    try Data(text.utf8).write(to: URL(fileURLWithPath: path + ".new"))
    if isExecutable { chmod(path + ".new", 0o755) }
    guard rename(path + ".new", path) == 0 else { throw FileError("rename", path, code: errno) }
  }

  /// Writes `stages/condense-stage-NAME`, a shell script.
  func writePlugin(_ name: String, _ script: ShellPlugin) throws {
    try write(script.text(name: name), to: "stages/condense-stage-\(name)", isExecutable: true)
  }

  func loader() -> PluginLoader { PluginLoader(root: root, stateFolder: root + "/.condense/v1", limits: limits) }

  /// All that is in `stages/`, under the workspace's limits.
  static let configuration = "plugins: [stages/]"

  func load(_ configuration: String = PluginWorkspace.configuration, with loader: PluginLoader? = nil) -> LoadedPlugins
  {
    let read = Configuration(SourceText(file: root + "/condense.yaml", text: configuration))
    return (loader ?? self.loader()).load(read.plugins, beside: .builtIn)
  }

  /// The only plugin, set up.
  func stage(
    _ parameters: StageParameters = [:], configuration: String = PluginWorkspace.configuration
  ) throws -> any ConfiguredStage {
    let loaded = load(configuration)
    guard let stage = loaded.stages.first else {
      throw PluginFailure("no plugin works: \(loaded.diagnostics.map(\.message))")
    }
    return try stage.configure(parameters)
  }

  /// What a file of the workspace holds; empty where there is none.
  func text(_ name: String) -> String { (try? String(contentsOfFile: root + "/" + name, encoding: .utf8)) ?? "" }

  /// How many lines a file has.
  func lineCount(_ name: String) -> Int { text(name).split(separator: "\n").count }

  static let tensor: EncodedTensor = {
    guard let tensor = try? Tensor([1, -2, 3, -4, 5, -6], shape: [2, 3]) else { preconditionFailure() }
    return EncodedTensor(tensor)
  }()
}
