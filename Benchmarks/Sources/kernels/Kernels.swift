import Benchmarking
import CondenseTensors
import Foundation

/// `kernels [--json] [--rounds N] [--only TEXT] [--quick] [--no-peers] [--model FILE.safetensors]…`
@main
enum Kernels {
  static func main() throws {
    let options = try Options(Array(CommandLine.arguments.dropFirst()), of: "kernels")
    var rows: [Row] = []
    for workload in try options.workloads(Distribution.allCases) {
      let peers = options.comparesPeers ? Peers(workload, rounds: 3).results : [:]
      for kernel in try kernels(for: workload.tensor) where options.wants(kernel.name) {
        var row = try measured(kernel, workload, rounds: options.rounds)
        if let peer = kernel.peer.flatMap({ peers[$0] }) {
          row.peer = peer.peer
          row.peerRatio = peer.ratio
        }
        rows.append(row)
        if !options.isJSON { FileHandle.standardError.write(Data("\(kernel.name), \(workload.name)\n".utf8)) }
      }
    }
    print(options.isJSON ? try Table.json(rows) : Table.markdown(rows))
  }

  private static func kernels(for tensor: Tensor) throws -> [Kernel] {
    let magnitudes = (tensor.floats ?? []).prefix(100_000).map { abs($0) }.sorted()
    let bound = magnitudes.isEmpty ? 0 : Double(magnitudes[magnitudes.count * 9 / 10])
    return PruneKernels.all(bound: bound) + QuantizeKernels.all + ClusterKernels.all + HashKernels.all
  }

  private static func measured(_ kernel: Kernel, _ workload: Workload, rounds: Int) throws -> Row {
    let source = workload.tensor.bytes
    let target = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 64)
    defer { target.deallocate() }
    // As the engine runs stages: memory of results that are gone is used again.
    let comparison = try BytesPool(capacity: 128 << 20).with {
      Comparison(
        rounds: rounds, work: try kernel.work(workload.tensor),
        reference: { source.withUnsafeBytes { target.copyMemory(from: $0) } })
    }
    return Row(
      kernel: kernel.name, weights: workload.name,
      gigabytesPerSecond: Double(source.count) / comparison.work / 1e9, ratio: comparison.ratio,
      target: kernel.target)
  }
}
