import Benchmarking
import CondenseTensors
import Foundation

/// A model of Gaussian float32 matrices of 1 M weights, as one safetensors file and as shards of ten tensors.
struct SyntheticModel {
  let folder: URL
  let tensorCount: Int
  static let side = 1000
  static let tensorByteCount = 4 * side * side
  static let tensorsPerShard = 10

  var byteCount: Int { tensorCount * SyntheticModel.tensorByteCount }
  var shardByteCount: Int { min(tensorCount, SyntheticModel.tensorsPerShard) * SyntheticModel.tensorByteCount }
  private var file: URL { folder.appendingPathComponent("whole.safetensors") }

  init(in folder: URL, tensorCount: Int) throws {
    self.folder = folder
    self.tensorCount = tensorCount
    let names = (0..<tensorCount).map { "w\($0)" }
    let shards = stride(from: 0, to: tensorCount, by: SyntheticModel.tensorsPerShard).map { first in
      first..<min(tensorCount, first + SyntheticModel.tensorsPerShard)
    }
    let whole = try SyntheticModel.create(file, names)
    defer { try? whole.close() }
    var map: [String: String] = [:]
    for (number, shard) in shards.enumerated() {
      let file = try SyntheticModel.create(shardFile(number), Array(names[shard]))
      defer { try? file.close() }
      for tensor in shard {
        let bytes = try SyntheticModel.weights(seed: UInt64(tensor + 1))
        try whole.write(contentsOf: bytes)
        try file.write(contentsOf: bytes)
        map[names[tensor]] = shardFile(number).lastPathComponent
      }
    }
    try JSONSerialization.data(withJSONObject: ["weight_map": map], options: [.sortedKeys])
      .write(to: folder.appendingPathComponent("shards.safetensors.index.json"))
  }

  /// Writes the header of a file whose data follow; both models' headers are as long each time.
  private static func create(_ url: URL, _ names: [String]) throws -> FileHandle {
    let shape = try Shape([side, side])
    let header = try SafetensorsHeader.laidOut(names.map { ($0, .f32, shape) }).encoded()
    try Data(header.array).write(to: url)
    let file = try FileHandle(forWritingTo: url)
    try file.seekToEnd()
    return file
  }

  private static func weights(seed: UInt64) throws -> Data {
    try Distribution.gaussian.workload(side: side, seed: seed &* 0x5851_F42D_4C95_7F2D).tensor.bytes
      .withUnsafeBytes { Data($0) }
  }

  private func shardFile(_ number: Int) -> URL { folder.appendingPathComponent("shard-\(number).safetensors") }

  /// Writes new weights, the last tensor's, in its place.
  ///
  /// - Parameter seed: another one each time.
  func changeTensor(ofShard isSharded: Bool, seed: UInt64) throws {
    let last = (tensorCount + SyntheticModel.tensorsPerShard - 1) / SyntheticModel.tensorsPerShard - 1
    let handle = try FileHandle(forUpdating: isSharded ? shardFile(last) : file)
    defer { try? handle.close() }
    let end = try handle.seekToEnd()
    try handle.seek(toOffset: end - UInt64(SyntheticModel.tensorByteCount))
    try handle.write(contentsOf: try SyntheticModel.weights(seed: seed))
  }

  func tensors() throws -> [Tensor] {
    let handle = try FileHandle(forReadingFrom: file)
    defer { try? handle.close() }
    try handle.seek(toOffset: try handle.seekToEnd() - UInt64(byteCount))
    let shape = try Shape([SyntheticModel.side, SyntheticModel.side])
    return try (0..<tensorCount).map { _ in
      guard let data = try handle.read(upToCount: SyntheticModel.tensorByteCount) else {
        throw ChainError(description: "the model ends early")
      }
      return try Tensor(dtype: .f32, shape: shape, bytes: data.withUnsafeBytes { Bytes(copying: $0) })
    }
  }
}
