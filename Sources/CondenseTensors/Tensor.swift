/// A tensor's elements in row-major order, little-endian, with their type and shape.
public struct Tensor: Equatable, Sendable {
  public let dtype: DType
  public let shape: Shape
  public let bytes: Bytes

  /// - Throws: ``TensorError/wrongByteCount(expected:found:)`` where the bytes do not fill the shape.
  public init(dtype: DType, shape: Shape, bytes: Bytes) throws(TensorError) {
    let (expected, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.byteWidth)
    guard !overflow, expected == bytes.count else {
      throw .wrongByteCount(expected: overflow ? Int.max : expected, found: bytes.count)
    }
    self.dtype = dtype
    self.shape = shape
    self.bytes = bytes
  }

  /// A float32 tensor of `values`, mostly for examples and tests.
  public init(_ values: [Float], shape: [Int]? = nil) throws {
    try self.init(dtype: .f32, shape: Shape(shape ?? [values.count]), bytes: Bytes(elements: values))
  }
}

/// Why bytes are no tensor.
public enum TensorError: Error, Hashable, Sendable, CustomStringConvertible {
  case wrongByteCount(expected: Int, found: Int)

  public var description: String {
    switch self {
    case .wrongByteCount(let expected, let found):
      "a tensor of this type and shape takes \(expected) bytes, not \(found)"
    }
  }
}
