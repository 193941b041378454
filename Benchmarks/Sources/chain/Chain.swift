import Benchmarking
import CondenseTensors
import Foundation

/// `chain [--json] [--rounds N] [--quick] [--condense PROGRAM]`
@main
enum Chain {
  static func main() throws {
    let options = try Options(Array(CommandLine.arguments.dropFirst()), of: "chain")
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("chain-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = try SyntheticModel(in: folder, tensorCount: options.isQuick ? 10 : 100)
    var builds = try options.condense.map { try Builds($0, model) }
    let kernels = try ChainKernels(try model.tensors(), rounds: options.rounds) { try builds?.measure() }
    var rows = kernels.rows(of: "\(model.tensorCount) × 1 M")
    if !options.isQuick {
      let large = try Distribution.gaussian.workload(side: 5000)
      rows += try ChainKernels([large.tensor], rounds: options.rounds).rows(of: "1 × 25 M")
    }
    if let builds { rows += builds.rows(kernels) }
    print(
      options.isJSON
        ? try Table.json(rows) : Table.markdown(header: ChainRow.header, cells: rows.map(\.cells)))
  }
}

struct ChainError: Error, CustomStringConvertible {
  var description: String
}
