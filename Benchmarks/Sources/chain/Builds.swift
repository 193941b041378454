import Benchmarking
import Foundation

/// The chain through the program: `condense build`, page cache warm.
struct Builds {
  private let program: String
  private let model: SyntheticModel
  /// A new store and workspace for each build of everything: file systems are slow to use again what was removed a moment
  /// ago.
  private var workspaceNumber = 0
  private var seed: UInt64 = 1 << 32
  private var cold: [Child] = []
  private var unchanged: [Child] = []
  private var oneTensor: [Child] = []
  private var coldShards: [Child] = []
  private var oneShard: [Child] = []
  private var storedByteCount = 0
  private var prunedByteCount = 0
  private var publishedByteCount = 0
  private let bare: Child

  init(_ program: String, _ model: SyntheticModel) throws {
    self.program = URL(fileURLWithPath: program).standardizedFileURL.path
    self.model = model
    bare = try Child.run(self.program, ["--version"], environment: [:])
    _ = try build("pruned", isCold: true)
    prunedByteCount = Builds.byteCount(store)
  }

  /// Runs each build once more.
  mutating func measure() throws {
    cold.append(try build("whole", isCold: true))
    storedByteCount = Builds.byteCount(store)
    unchanged.append(try build("whole"))
    try changeTensor(ofShard: false)
    oneTensor.append(try build("whole"))
    coldShards.append(try build("shards", isCold: true))
    try changeTensor(ofShard: true)
    oneShard.append(try build("shards"))
    publishedByteCount = Builds.byteCount(workspace.appendingPathComponent("out/shards.condensed"))
  }

  private var workspace: URL { model.folder.appendingPathComponent("workspace-\(workspaceNumber)") }
  private var store: URL { workspace.appendingPathComponent("store") }

  private mutating func changeTensor(ofShard: Bool) throws {
    seed += 1
    try model.changeTensor(ofShard: ofShard, seed: seed)
  }

  private mutating func build(_ name: String, isCold: Bool = false) throws -> Child {
    if isCold {
      workspaceNumber += 1
      try Builds.writePipelines(in: workspace)
    }
    return try Child.run(
      program,
      ["build", "--no-daemon", "--workspace", workspace.path, workspace.appendingPathComponent("\(name).yaml").path],
      environment: ["CONDENSE_CACHE_DIR": store.path, "PATH": "/usr/bin:/bin", "HOME": workspace.path])
  }

  private static func writePipelines(in folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let chain = "[{prune: {sparsity: 0.9}}, {cluster: {bits: 5}}, huffman]"
    for (name, file, stages) in [
      ("whole", "whole.safetensors", chain), ("shards", "shards.safetensors.index.json", chain),
      ("pruned", "whole.safetensors", "[{prune: {sparsity: 0.9}}]"),
    ] {
      try Data("model: ../\(file)\nstages: \(stages)\noutputs: [out/\(name).condensed]\n".utf8)
        .write(to: folder.appendingPathComponent("\(name).yaml"))
    }
  }

  /// Bytes of a file, or of all files in a folder.
  private static func byteCount(_ url: URL) -> Int {
    func size(_ url: URL) -> Int { (try? url.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? 0 }
    guard let files = FileManager.default.enumerator(at: url, includingPropertiesForKeys: [.fileSizeKey]),
      (try? url.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true
    else { return size(url) }
    return files.reduce(0) { $0 + (($1 as? URL).map(size) ?? 0) }
  }

  func rows(_ kernels: ChainKernels) -> [ChainRow] {
    let whole = "1 file of \(model.byteCount / 1_000_000) MB"
    let shards = "shards of \(model.shardByteCount / 1_000_000) MB"
    func median(_ children: [Child]) -> Double { Comparison.median(children.map(\.seconds)) }
    func row(_ job: String, _ input: String, _ children: [Child], bound: Double? = nil) -> ChainRow {
      ChainRow(job: job, input: input, value: median(children), unit: "s CPU", bound: bound)
    }
    func megabytes(_ job: String, _ input: String, _ bytes: Double, bound: Double? = nil) -> ChainRow {
      ChainRow(job: job, input: input, value: bytes / 1e6, unit: "MB", bound: bound.map { $0 / 1e6 })
    }
    func hashing(_ byteCount: Int) -> Double { Double(byteCount) * kernels.hashPerByte }
    let coldBound = 2.5 * kernels.encode + hashing(model.byteCount + storedByteCount)
    let share = 0.05 * median(cold)
    var rows = [
      row("build, store empty", whole, cold, bound: coldBound), row("build, nothing changed", whole, unchanged),
      row("build, one tensor changed", whole, oneTensor, bound: hashing(model.byteCount) + share),
      row("build, store empty", shards, coldShards, bound: coldBound),
      row("build, one shard changed", shards, oneShard, bound: hashing(model.shardByteCount) + share),
      megabytes("stored after pruning alone", whole, Double(prunedByteCount), bound: 0.1375 * Double(model.byteCount)),
      megabytes("stored", whole, Double(storedByteCount)),
      megabytes(
        "peak memory, store empty", whole, Comparison.median(cold.map { Double($0.peakByteCount) })),
    ]
    let reads = oneShard.compactMap(\.readByteCount).map { Double($0) }
    if let bare = bare.readByteCount, !reads.isEmpty {
      // Besides the shard, the streams that are there already are read once to be published.
      rows.append(
        megabytes(
          "read, one shard changed", shards, Comparison.median(reads) - Double(bare),
          bound: 1.02 * Double(model.shardByteCount + publishedByteCount)))
    }
    return rows
  }
}
