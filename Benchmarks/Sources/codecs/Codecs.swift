import Benchmarking
import CondenseTensors
import Foundation

/// `codecs [--json] [--rounds N] [--only TEXT] [--quick] [--no-peers] [--model FILE.safetensors]…`
@main
enum Codecs {
  static func main() throws {
    let options = try Options(Array(CommandLine.arguments.dropFirst()), of: "codecs")
    let peers = options.comparesPeers ? EntropyPeers() : nil
    // Large results lie in memory that earlier ones have left, as in a build: the peers write to memory that is there too.
    let rows = try BytesPool(capacity: 128 << 20).with {
      try options.workloads([.gaussian]).flatMap { workload in
        try SymbolSource.all(workload).flatMap { source in
          try CodecJobs(source: source, peers: peers, options: options).rows()
        }
      }
    }
    print(
      options.isJSON
        ? try Table.json(rows) : Table.markdown(header: CodecRow.header, cells: rows.map(\.cells)))
  }
}
