import Benchmarking
import CondenseTensors
import Foundation

/// `codecs [--json] [--rounds N] [--only TEXT] [--quick] [--no-peers] [--model FILE.safetensors]…`
@main
enum Codecs {
  static func main() throws {
    let options = try Options(Array(CommandLine.arguments.dropFirst()), of: "codecs")
    let peers = options.comparesPeers ? EntropyPeers() : nil
    var rows: [CodecRow] = []
    for workload in try options.workloads([.gaussian]) {
      for source in try SymbolSource.all(workload) {
        let jobs = CodecJobs(source: source, peers: peers, options: options)
        rows += try jobs.rows()
      }
    }
    print(
      options.isJSON
        ? try Table.json(rows) : Table.markdown(header: CodecRow.header, cells: rows.map(\.cells)))
  }
}
