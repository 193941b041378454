import Benchmarking
import CondenseCodecs
import CondenseStages
import CondenseTensors
import Foundation

/// `cluster [--quick] [--json]`: clustering into 256 values against scikit-learn's KMeans, by the weight, and against the
/// optimum.
@main
enum Cluster {
  struct Row: Codable {
    var weights: String
    var nanosecondsPerWeight: Double
    var peerNanosecondsPerWeight: Double
    var timesFaster: Double
    /// Squared errors over the least possible, on the part of the weights that the peer gets.
    var errorOverLeast: Double
    var peerErrorOverLeast: Double
  }

  /// How many weights the peer gets, which takes it a while.
  private static let peerCount = 200_000
  private static let clusters = 256
  /// How many times faster the stage must be.
  private static let target = 1000.0

  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    var rows: [Row] = []
    for side in arguments.contains("--quick") ? [1000] : [1000, 5000] {
      for distribution in Distribution.allCases {
        rows.append(try compared(distribution.workload(side: side)))
      }
    }
    if arguments.contains("--json") {
      print(String(decoding: try JSONEncoder().encode(rows), as: UTF8.self))
      return
    }
    print("| weights | ns a weight | scikit-learn | times faster | target | met | least error + | scikit-learn |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows {
      let figures = [row.nanosecondsPerWeight, row.peerNanosecondsPerWeight].map { String(format: "%.1f", $0) }
      print(
        "| \(row.weights) | \(figures[0]) | \(figures[1]) | \(Int(row.timesFaster)) | \(Int(target)) | "
          + "\(row.timesFaster >= target ? "yes" : "no") | \(percent(row.errorOverLeast)) | "
          + "\(percent(row.peerErrorOverLeast)) |")
    }
  }

  private static func compared(_ workload: Workload) throws -> Row {
    guard let stage = StageRegistry.builtIn.stage(named: "cluster") else { throw ClusterError("no stage cluster") }
    let clustering = try stage.configure(["count": .integer(clusters)])
    let input = EncodedTensor(workload.tensor)
    let count = workload.tensor.shape.elementCount
    let comparison = Comparison(
      rounds: 5, work: { _ = try? clustering.apply(input, allocation: nil) }, reference: {})
    let ours = comparison.work * 1e9 / Double(count)
    let peer: Peers.KMeans
    do {
      peer = try Peers.kMeans(workload, count: peerCount, clusters: clusters)
    } catch {
      throw ClusterError("python3 has no scikit-learn: pip install scikit-learn (\(error))")
    }
    let sample = sampled(workload.tensor.floats ?? [])
    let decoded =
      try clustering.apply(EncodedTensor(Tensor(sample)), allocation: nil).expanded().floats ?? []
    let error = zip(sample, decoded).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    let least = leastError(sample, clusters: clusters)
    return Row(
      weights: workload.name, nanosecondsPerWeight: ours, peerNanosecondsPerWeight: peer.nanoseconds,
      timesFaster: peer.nanoseconds / ours,
      errorOverLeast: error / least - 1, peerErrorOverLeast: peer.meanSquaredError * Double(sample.count) / least - 1)
  }

  private static func percent(_ share: Double) -> String { String(format: "%.3f %%", 100 * share) }

  /// The part of the weights that the peer takes.
  private static func sampled(_ weights: [Float]) -> [Float] {
    let step = max(1, weights.count / peerCount)
    return Array(stride(from: 0, to: weights.count, by: step).map { weights[$0] }.prefix(peerCount))
  }
}

struct ClusterError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
