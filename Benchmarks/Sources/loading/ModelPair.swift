import Benchmarking
import CondenseCodecs
import CondenseStages
import CondenseTensors
import Foundation

/// A model as two files: compressed by `prune 90 %`, `cluster 5 bits` and `huffman`, and plain with the tensors that the
/// former decodes to.
struct ModelPair {
  var name: String
  var condensed: String
  var plain: String

  init(_ name: String, _ tensors: [(name: String, tensor: Tensor)], in folder: URL) throws {
    self.name = name
    condensed = folder.appendingPathComponent("\(name).condensed").path
    plain = folder.appendingPathComponent("\(name).safetensors").path
    let streams = try tensors.map { ($0.name, try ModelPair.compressed($0.tensor)) }
    let header = CondensedHeader.laidOut(streams.map { ($0.0, $0.1.count) }, envelope: [:])
    try ModelPair.write([header.encoded()] + streams.map(\.1), to: condensed)
    let plainHeader = try SafetensorsHeader.laidOut(tensors.map { ($0.name, $0.tensor.dtype, $0.tensor.shape) })
    try ModelPair.write([plainHeader.encoded()] + tensors.map(\.tensor.bytes), to: plain)
  }

  /// As stages take tensors: weights are lossy, the others only packed.
  private static func compressed(_ tensor: Tensor) throws -> Bytes {
    var encoded = EncodedTensor(tensor)
    var chain: [(name: String, parameters: StageParameters)] = [("huffman", [:])]
    if tensor.dtype.isFloatingPoint && tensor.shape.rank >= 2 {
      chain = [("prune", ["sparsity": .number(0.9)]), ("cluster", ["bits": .integer(5)])] + chain
    }
    for (name, parameters) in chain {
      guard let stage = StageRegistry.builtIn.stage(named: name) else { throw LoadingError("no stage \(name)") }
      encoded = try stage.configure(parameters).apply(encoded, allocation: nil)
    }
    guard case .stream(let stream) = encoded.payload else { throw LoadingError("nothing was coded") }
    return stream
  }

  private static func write(_ parts: [Bytes], to path: String) throws {
    var data = Data()
    for part in parts { part.withUnsafeBytes { data.append(contentsOf: $0) } }
    try data.write(to: URL(fileURLWithPath: path))
  }

  /// 25 matrices of 1 M Gaussian weights: 100 MB.
  static func large(in folder: URL, tensorCount: Int) throws -> ModelPair {
    let tensors = try (0..<tensorCount).map { index in
      ("w\(index)", try Distribution.gaussian.workload(side: 1000, seed: UInt64(index + 1)).tensor)
    }
    return try ModelPair("gaussian \(tensorCount) × 1 M", tensors, in: folder)
  }

  /// A safetensors file's tensors.
  static func file(_ path: String, in folder: URL) throws -> ModelPair {
    let file = try PlainFile(path)
    let tensors = try file.header.entries.map { entry in
      let bytes = try Bytes(count: entry.range.count) { try file.read(entry, into: $0) }
      return (entry.name, try Tensor(dtype: entry.dtype, shape: entry.shape, bytes: bytes))
    }
    return try ModelPair(URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent, tensors, in: folder)
  }
}

struct LoadingError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
