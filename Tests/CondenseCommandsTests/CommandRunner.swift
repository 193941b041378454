import CondenseCodecs
import CondenseFiles
import CondenseModels
import CondenseTensors
import Foundation

/// Runs the built `condense` as a user would, in a workspace and with a store of its own.
final class CommandRunner {
  let root = FileManager.default.temporaryDirectory.path + "/condense-commands-\(UUID().uuidString)"

  struct Result {
    var status: Int32
    var output: String
    var errors: String
  }

  init() throws {
    try FileManager.default.createDirectory(atPath: root + "/pipelines", withIntermediateDirectories: true)
    try FileManager.default.createDirectory(atPath: root + "/.git", withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func run(
    _ arguments: String..., in folder: String? = nil, environment more: [String: String] = [:]
  ) throws -> Result {
    try run(arguments, in: folder, environment: more)
  }

  func run(
    _ arguments: [String], in folder: String? = nil, environment more: [String: String] = [:]
  ) throws -> Result {
    let process = Process()
    process.executableURL = try CommandRunner.executable()
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder.map { root + "/" + $0 } ?? root)
    var environment = ProcessInfo.processInfo.environment
    environment["CONDENSE_CACHE_DIR"] = root + "/store"
    process.environment = environment.merging(more) { $1 }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // Both outputs are far smaller than a pipe's buffer holds.
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus,
      output: String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self),
      errors: String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self))
  }

  /// The program is built beside the tests.
  static func executable() throws -> URL {
    let bundles = Bundle.allBundles.map(\.bundleURL) + [URL(fileURLWithPath: CommandLine.arguments[0])]
    for bundle in bundles {
      let candidate = bundle.deletingLastPathComponent().appending(path: "condense")
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
    }
    throw CocoaError(.fileNoSuchFile)
  }

  func path(_ name: String) -> String { root + "/" + name }
  func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path(name))) }

  func write(_ text: String, to name: String) throws {
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
  }

  /// A model of a weight and a bias.
  func writeModel(_ weights: [Float] = [1, -2, 3, -4, 5, -6, 7, -8]) throws {
    let tensors = [
      ("w", try Tensor(weights, shape: [2, weights.count / 2])), ("b", try Tensor([0.5, -0.25], shape: [2])),
    ]
    try? FileManager.default.removeItem(atPath: path("model.safetensors"))
    let contents = ModelContents(
      tensors: tensors.map { ModelTensor(name: $0.0, dtype: $0.1.dtype, shape: $0.1.shape) }, envelope: [:]
    ) { EncodedTensor(tensors[$0].1) }
    try SafetensorsFormat().write(contents, to: NewFile(path("model.safetensors")))
  }

  func writePipeline(_ name: String, _ stages: String, more: String = "") throws {
    try write(
      "model: ../model.safetensors\nstages: \(stages)\noutputs: [../build/\(name).condensed]\n\(more)\n",
      to: "pipelines/\(name).yaml")
  }
}

extension CommandRunner.Result {
  /// The output as a JSON object.
  func json() throws -> [String: Any] {
    guard let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] else {
      throw CocoaError(.coderReadCorrupt)
    }
    return object
  }
}
