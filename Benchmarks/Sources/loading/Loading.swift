import Benchmarking
import CondenseTensors
import CondensedModel
import Foundation

/// `loading [--json] [--rounds N] [--quick] [--model FILE]…`
@main
enum Loading {
  static func main() async throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    // A child, to be timed from its start on.
    if arguments.first == "--child", arguments.count == 2 {
      return arguments[1].hasSuffix(".condensed")
        ? try firstCondensed(arguments[1], last: false) : try firstPlain(arguments[1], last: false)
    }
    let options = try Options(arguments, of: "loading")
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("loading-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var rows: [LoadingRow] = []
    for path in options.models { rows += try await Self.rows(try ModelPair.file(path, in: folder), options) }
    rows += try await Self.rows(try ModelPair.large(in: folder, tensorCount: options.isQuick ? 5 : 25), options)
    print(
      options.isJSON
        ? try Table.json(rows) : Table.markdown(header: LoadingRow.header, cells: rows.map(\.cells)))
  }

  private static func rows(_ pair: ModelPair, _ options: Options) async throws -> [LoadingRow] {
    var rows: [LoadingRow] = []
    for isCold in [false, true] {
      func add(_ job: String, condensed: () async throws -> Void, plain: () async throws -> Void) async throws {
        guard options.wants(job) else { return }
        var taken: (condensed: [Double], plain: [Double]) = ([], [])
        // In turns, so that both meet the same machine. The first round warms up.
        for round in 0...options.rounds {
          if isCold { PlainFile.dropFromCache(pair.condensed) }
          let first = try await seconds(condensed)
          if isCold { PlainFile.dropFromCache(pair.plain) }
          let second = try await seconds(plain)
          if round == 0 { continue }
          taken.condensed.append(first)
          taken.plain.append(second)
        }
        rows.append(
          LoadingRow(
            job: job, model: pair.name, cache: isCold ? "dropped" : "warm",
            condensed: Comparison.median(taken.condensed), plain: Comparison.median(taken.plain)))
      }
      try await add("program to first tensor") {
        try child(pair.condensed)
      } plain: {
        try child(pair.plain)
      }
      try await add("open, one tensor") {
        try firstCondensed(pair.condensed, last: true)
      } plain: {
        try firstPlain(pair.plain, last: true)
      }
      try await add("all tensors") {
        try allCondensed(pair.condensed)
      } plain: {
        try allPlain(pair.plain)
      }
      try await add("all tensors, all processors") {
        _ = try await CondensedModel(path: pair.condensed).tensors()
      } plain: {
        try allPlain(pair.plain)
      }
    }
    return rows
  }

  private static func seconds(_ body: () async throws -> Void) async throws -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    try await body()
    let duration = start.duration(to: clock.now)
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }

  private static func child(_ path: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).standardizedFileURL
    process.arguments = ["--child", path]
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw LoadingError("a child failed") }
  }

  // Each to memory of its own that nobody used before, as an app does.

  private static func firstCondensed(_ path: String, last: Bool) throws {
    let model = try CondensedModel(path: path)
    guard let name = last ? model.tensorNames.last : model.tensorNames.first else { return }
    _ = try model.tensor(named: name)
  }

  private static func firstPlain(_ path: String, last: Bool) throws {
    let file = try PlainFile(path)
    guard let entry = last ? file.header.entries.last : file.header.entries.first else { return }
    _ = try Bytes(count: entry.range.count) { try file.read(entry, into: $0) }
  }

  private static func allCondensed(_ path: String) throws {
    let model = try CondensedModel(path: path)
    var tensors: [Tensor] = []
    for name in model.tensorNames { tensors.append(try model.tensor(named: name)) }
  }

  private static func allPlain(_ path: String) throws {
    let file = try PlainFile(path)
    var tensors: [Bytes] = []
    for entry in file.header.entries {
      tensors.append(try Bytes(count: entry.range.count) { try file.read(entry, into: $0) })
    }
  }
}
