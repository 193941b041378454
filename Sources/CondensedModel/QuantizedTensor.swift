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

/// A tensor as indices into a codebook.
public struct ClusteredTensor: Equatable, Sendable {
  /// What the tensor decodes to.
  public var dtype: DType
  public var shape: Shape
  /// A byte for each element, in row-major order: the entry that is its value, in its channel's codebook where channels
  /// have their own. 0 where the ``mask`` leaves the element out.
  public var indices: Bytes
  public var codebook: Codebook

  public struct Codebook: Equatable, Sendable {
    /// Entries in each channel's codebook, at most 256.
    public var size: Int
    /// 1, or one for each index of axis 0.
    public var channels: Int
    /// `channels × size` of them, channel by channel.
    public var values: [Float]
    /// A bit for each element, least significant first, padded with zero bits: 0 where the element is zero, whatever its
    /// index says. Nil where the index always counts.
    public var mask: Bytes?
  }
}
