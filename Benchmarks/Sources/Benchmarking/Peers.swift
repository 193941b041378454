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
    let shape = workload.tensor.shape
    let arguments = [shape.channelCount, shape.elementsPerChannel, rounds].map { String($0) }
    return try JSONDecoder().decode([String: Result].self, from: output(of: "peers.py", workload, arguments))
  }

  /// What scikit-learn's KMeans takes, and how well it does.
  public struct KMeans: Codable, Sendable {
    /// CPU time a weight.
    public var nanoseconds: Double
    public var meanSquaredError: Double
  }

  /// - Parameter count: how many of the weights it gets.
  /// - Throws: an error where python3 has no scikit-learn.
  public static func kMeans(_ workload: Workload, count: Int, clusters: Int) throws -> KMeans {
    let output = try output(of: "kmeans.py", workload, [String(count), String(clusters)])
    return try JSONDecoder().decode(KMeans.self, from: output)
  }

  /// What a script of `Peers/` prints that gets the weights as a file.
  private static func output(of script: String, _ workload: Workload, _ arguments: [String]) throws -> Data {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Peers/\(script)").standardizedFileURL
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("weights-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try workload.tensor.bytes.withUnsafeBytes { try Data($0).write(to: file) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", script.path, file.path] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return text
  }
}
