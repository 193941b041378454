import CondenseTensors

/// A tensor as codes of a small type.
public struct QuantizedTensor: Equatable, Sendable {
  /// What the tensor decodes to.
  public var dtype: DType
  public var shape: Shape
  /// One for each element, in row-major order: a byte for int8, uint8, int4 (from −8 to 7) and float8_e4m3; two bytes,
  /// little-endian, for float16 and bfloat16.
  public var codes: Bytes
  public var quantization: Quantization
}

/// What codes stand for: `(code − zero point) × scale`; for the floating-point types their own value, times the scale
/// where there is one.
public struct Quantization: Equatable, Sendable {
  public var type: QuantizedType
  /// How much of the tensor shares a scale.
  public var granularity: Granularity
  /// One for each part that ``granularity`` makes of the tensor, in row-major order; none for float16 and bfloat16.
  public var scales: [Float]
  /// As many as ``scales``; nil where all are 0, or 128 for uint8.
  public var zeroPoints: [Int32]?
}
