import CondenseTensors
import Foundation

/// A tensor to measure on, with a name for the table.
public struct Workload: Sendable {
  public var name: String
  public var tensor: Tensor

  public init(name: String, tensor: Tensor) {
    self.name = name
    self.tensor = tensor
  }
}

/// How made-up weights are distributed; both have about the spread of a trained layer.
public enum Distribution: String, CaseIterable, Sendable {
  case gaussian
  case laplace

  /// A square float32 matrix of `side` × `side` weights, the same each time.
  ///
  /// - Parameter seed: `side` unless told.
  public func workload(side: Int, seed: UInt64? = nil) throws -> Workload {
    let count = side * side
    var state = seed ?? UInt64(side)
    // SplitMix64 (Steele, Lea and Flood, 2014), as a number above 0 and at most 1.
    func uniform() -> Double {
      state &+= 0x9E37_79B9_7F4A_7C15
      var bits = state
      bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
      bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
      return Double((bits ^ (bits >> 31)) >> 11 + 1) * 0x1p-53
    }
    let bytes = Bytes(count: 4 * count) { raw in
      let values = raw.bindMemory(to: Float.self)
      for index in 0..<count {
        switch self {
        case .gaussian:
          // Box and Muller, 1958.
          values[index] = Float(0.05 * (-2 * log(uniform())).squareRoot() * cos(2 * Double.pi * uniform()))
        case .laplace:
          values[index] = Float(0.035 * log(uniform()) * (uniform() < 0.5 ? -1 : 1))
        }
      }
    }
    return Workload(
      name: "\(rawValue) \(Workload.spelled(count))",
      tensor: try Tensor(dtype: .f32, shape: Shape([side, side]), bytes: bytes))
  }
}

extension Workload {
  /// `1 M`, `25 M` or the number itself.
  static func spelled(_ count: Int) -> String {
    count >= 1_000_000 ? "\((count + 500_000) / 1_000_000) M" : count >= 10_000 ? "\(count / 1000) k" : "\(count)"
  }

  /// A safetensors file's float32 matrices, laid end to end: one tensor with as many weights as the model.
  ///
  /// - Throws: an error that names the file where it cannot be read or holds no such matrix.
  public static func model(_ path: String) throws -> Workload {
    let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    let file = data.withUnsafeBytes { Bytes(copying: $0) }
    let length = try SafetensorsHeader.jsonByteCount(prefix: file, fileByteCount: file.count)
    let start = SafetensorsHeader.prefixByteCount + length
    let header = try SafetensorsHeader(
      json: file[SafetensorsHeader.prefixByteCount..<start], dataByteCount: file.count - start)
    let weights = header.entries.filter { $0.dtype == .f32 && $0.shape.rank >= 2 }
    // Rows as long as the largest matrix's, so that channels have a real length.
    guard let largest = weights.max(by: { $0.shape.elementCount < $1.shape.elementCount }) else {
      throw WorkloadError(description: "\(path): the file has no float32 matrix")
    }
    let columns = max(1, largest.shape.elementsPerChannel)
    let rows = weights.reduce(0) { $0 + $1.shape.elementCount } / columns
    let joined = weights.flatMap { file[start + $0.range.lowerBound..<start + $0.range.upperBound].array }
    return Workload(
      name: URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent,
      tensor: try Tensor(
        dtype: .f32, shape: Shape([rows, columns]), bytes: Bytes(Array(joined.prefix(4 * rows * columns)))))
  }
}

struct WorkloadError: Error, CustomStringConvertible {
  var description: String
}
