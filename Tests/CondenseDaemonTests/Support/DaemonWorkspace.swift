import CondenseEngine
import CondenseFiles
import CondenseStages
import CondenseStore
import CondenseTensors
import Foundation

/// A workspace in a temporary folder, with what tests need to fill it and to know what is to come of it.
final class DaemonWorkspace: Sendable {
  let root: String
  let stages: StageRegistry

  /// - Parameter pipelinesFolder: whether it is there from the start.
  init(stages: StageRegistry = .builtIn, pipelinesFolder: Bool = true) throws {
    // Short, for the path of a socket in it.
    root = FileManager.default.temporaryDirectory.path + "/cd-\(UUID().uuidString.prefix(13))"
    self.stages = stages
    try FileSystem.makeFolders(root + (pipelinesFolder ? "/pipelines" : ""))
    try writeModel()
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func path(_ name: String) -> String { root + "/" + name }

  func write(_ text: String, to name: String) throws {
    try FileSystem.makeFolders((path(name) as NSString).deletingLastPathComponent)
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
  }

  /// Writes `pipelines/NAME.yaml`, whose output is in `build`.
  func writePipeline(
    _ name: String, _ stages: String = "[{prune: {sparsity: 0.5}}]", model: String = "../model.safetensors",
    output: String = "condensed", more: String = ""
  ) throws {
    try write(
      "model: \(model)\nstages: \(stages)\noutputs: [../build/\(name).\(output)]\n\(more)\n",
      to: "pipelines/\(name).yaml")
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

  /// The bytes of a model of two weights, `[side, side]` each; which values they have depends on `variant`.
  func modelBytes(_ variant: Int = 0, side: Int = 4) throws -> [UInt8] {
    let shape = try Shape([side, side])
    let header = try SafetensorsHeader.laidOut([("w0", .f32, shape), ("w1", .f32, shape)])
    let pattern = (0..<23).map { Float(($0 * 7 + variant * 5) % 23) - 11.5 }.flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { [UInt8]($0) }
    }
    let size = 2 * side * side * 4
    // A large one is no work for a loop in a debug build.
    var data = pattern
    while data.count < size { data += data.prefix(size - data.count) }
    return header.encoded().array + data
  }

  /// Puts a model in place by a rename.
  func writeModel(_ variant: Int = 0, to name: String = "model.safetensors") throws {
    try FileSystem.makeFolders((path(name) as NSString).deletingLastPathComponent)
    try Data(modelBytes(variant)).write(to: URL(fileURLWithPath: path(name)), options: .atomic)
  }

  func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path(name))) }
  func output(_ name: String) throws -> Data { try data("build/\(name).condensed") }

  /// What a build makes of the files as they are now, in a copy of the workspace and with a store of its own: by name,
  /// what is in its `build` folder.
  func cleanOutputs() throws -> [String: Data] {
    let copy = try DaemonWorkspace(stages: stages, pipelinesFolder: false)
    for name in try FileSystem.names(in: root) where ![".condense", ".git", "build", "store"].contains(name) {
      try? FileManager.default.removeItem(atPath: copy.path(name))
      try FileManager.default.copyItem(atPath: path(name), toPath: copy.path(name))
    }
    let workspace = Workspace(root: copy.root)
    let engine = Engine(stages: stages, formats: .builtIn, store: try LocalStore(folder: copy.root + "/store"))
    let files = workspace.allPipelines().files
    _ = engine.build(BuildRequest(workspace: workspace, files: files, jobs: 2, keepGoing: true))
    let names = FileSystem.isFolder(copy.path("build")) ? try FileSystem.names(in: copy.path("build")) : []
    return try Dictionary(uniqueKeysWithValues: names.map { ($0, try copy.data("build/\($0)")) })
  }

  /// The workspace's log, oldest first.
  func builds() -> [BuildLogEntry] { (BuildLog(Workspace(root: root))?.entries(limit: 1000) ?? []).reversed() }
}
