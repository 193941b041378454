import Benchmarking
import CondenseCodecs
import CondenseStages
import CondenseTensors
import HashedBytes

/// The chain in this process, on one thread, without hashing: what the kernels alone take.
struct ChainKernels {
  /// Seconds for all tensors, medians over rounds.
  private(set) var copy = 0.0
  private(set) var stages: [(name: String, seconds: Double)] = []
  private(set) var decode = 0.0
  private(set) var hash = 0.0
  let inputByteCount: Int
  private(set) var codedByteCount = 0

  var encode: Double { stages.reduce(0) { $0 + $1.seconds } }
  /// Seconds a byte, of two messages at a time, as builds hash.
  var hashPerByte: Double { hash / Double(inputByteCount) }

  private static let chain: [(name: String, parameters: StageParameters)] = [
    ("prune", ["sparsity": .number(0.9)]), ("cluster", ["bits": .integer(5)]), ("huffman", [:]),
  ]

  /// - Parameter others: is called in each round as well, so that what it measures meets the same machine.
  init(_ tensors: [Tensor], rounds: Int, inTurnsWith others: () throws -> Void = {}) throws {
    inputByteCount = tensors.reduce(0) { $0 + $1.bytes.count }
    let configured = try ChainKernels.chain.map { stage in
      guard let found = StageRegistry.builtIn.stage(named: stage.name) else {
        throw ChainError(description: "no stage \(stage.name)")
      }
      return (stage.name, try found.configure(stage.parameters))
    }
    let target = UnsafeMutableRawBufferPointer.allocate(byteCount: inputByteCount, alignment: 64)
    defer { target.deallocate() }
    // As the engine runs stages: memory of results that are gone is used again.
    let pool = BytesPool(capacity: 128 << 20)
    var taken = [String: [Double]]()
    // The first round warms caches and memory up.
    for round in 0...rounds {
      if round > 0 { try others() }
      func time<R>(_ name: String, _ body: () throws -> R) rethrows -> R {
        let start = ThreadClock.now()
        defer { if round > 0 { taken[name, default: []].append(ThreadClock.now() - start) } }
        return try body()
      }
      time("copy") { ChainKernels.copy(tensors, to: target) }
      var coded: [Bytes] = []
      var seconds = [Double](repeating: 0, count: configured.count)
      try pool.with {
        for tensor in tensors {
          var encoded = EncodedTensor(tensor)
          for (number, stage) in configured.enumerated() {
            let start = ThreadClock.now()
            encoded = try stage.1.apply(encoded, allocation: nil)
            seconds[number] += ThreadClock.now() - start
          }
          guard case .stream(let stream) = encoded.payload else { throw ChainError(description: "nothing was coded") }
          coded.append(stream)
        }
        for (number, stage) in configured.enumerated() where round > 0 {
          taken[stage.0, default: []].append(seconds[number])
        }
        try time("decode") {
          for stream in coded { _ = try TensorCoder.decode(stream).expanded() }
        }
      }
      codedByteCount = coded.reduce(0) { $0 + $1.count }
      time("hash") { for tensor in tensors { ChainKernels.hash(tensor.bytes) } }
    }
    func median(_ name: String) -> Double { Comparison.median(taken[name] ?? []) }
    copy = median("copy")
    stages = configured.map { ($0.0, median($0.0)) }
    decode = median("decode")
    hash = median("hash")
  }

  private static func copy(_ tensors: [Tensor], to target: UnsafeMutableRawBufferPointer) {
    var offset = 0
    for tensor in tensors {
      tensor.bytes.withUnsafeBytes { bytes in
        UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + bytes.count]).copyMemory(from: bytes)
      }
      offset += tensor.bytes.count
    }
  }

  private static func hash(_ bytes: Bytes) {
    bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      let half = bytes.count / 2
      var contexts = (csha256_context(), csha256_context())
      csha256_begin(&contexts.0)
      csha256_begin(&contexts.1)
      csha256_update_pair(&contexts.0, start, &contexts.1, start + half, half)
    }
  }

  func rows(of input: String) -> [ChainRow] {
    func copies(_ job: String, _ seconds: Double, bound: Double? = nil) -> ChainRow {
      ChainRow(job: job, input: input, value: seconds / copy, unit: "memcpy", bound: bound)
    }
    return [ChainRow(job: "memcpy", input: input, value: copy, unit: "s CPU"), copies("encode", encode, bound: 6)]
      + stages.map { copies("– \($0.name)", $0.seconds) }
      + [
        copies("decode", decode, bound: 4), copies("sha256 pair", hash),
        ChainRow(job: "coded", input: input, value: Double(codedByteCount) / 1e6, unit: "MB"),
      ]
  }
}
