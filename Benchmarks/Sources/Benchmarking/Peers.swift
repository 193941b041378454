import CondenseTensors
import Foundation

/// What other libraries do for the same jobs, where this machine has them.
public struct Peers: Sendable {
  public struct Result: Codable, Sendable {
    public var peer: String
    /// A copy's time over the peer's, both measured by the peer's own means in one run.
    public var ratio: Double
  }

  /// By job; empty where there is no python3 with numpy.
  public let results: [String: Result]

  public init(_ workload: Workload, rounds: Int) {
    results = (try? Peers.run(workload, rounds: rounds)) ?? [:]
  }

  private static func run(_ workload: Workload, rounds: Int) throws -> [String: Result] {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Peers/peers.py").standardizedFileURL
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("weights-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try workload.tensor.bytes.withUnsafeBytes { try Data($0).write(to: file) }
    let shape = workload.tensor.shape
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "python3", script.path, file.path, String(shape.channelCount), String(shape.elementsPerChannel), String(rounds),
    ]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try JSONDecoder().decode([String: Result].self, from: text)
  }
}
