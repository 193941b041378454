import CondenseTensors

/// One tensor in the form in which a stage left it: what is left of its elements, how they are coded, and what they
/// decode to.
///
/// The forms compose. Pruning adds a ``mask``; clustering turns the elements into indices into a codebook; quantizing
/// turns the elements, or the codebook's, into small integers or floats with a scale; entropy coding packs all of it
/// into one stream.
public struct EncodedTensor: Equatable, Sendable {
  /// What the tensor decodes to: the source's type.
  public var dtype: DType
  /// What the tensor decodes to: the source's shape.
  public var shape: Shape
  /// A bitmap of `shape.elementCount` bits, least significant bit first, padded with zero bits: set exactly where the
  /// element is not zero. Where there is a mask, ``payload`` holds the set positions' elements only, in order.
  public var mask: Bytes?
  public var payload: Payload

  public init(dtype: DType, shape: Shape, mask: Bytes? = nil, payload: Payload) {
    self.dtype = dtype
    self.shape = shape
    self.mask = mask
    self.payload = payload
  }

  /// A tensor as a model file holds it.
  public init(_ tensor: Tensor) {
    self.init(dtype: tensor.dtype, shape: tensor.shape, payload: .elements(.plain(tensor.bytes)))
  }

  public enum Payload: Equatable, Sendable {
    /// The elements themselves, in the source's type or quantized.
    case elements(Elements)
    /// One byte an element: its entry in the codebook (for a per-channel codebook, in its channel's part).
    case indices(Bytes, Codebook)
    /// Entropy-coded: the stream as it stands in a `.condensed` file. The mask, if any, is inside.
    case stream(Bytes)
  }
}

/// A run of numbers, in the tensor's own type or quantized.
public enum Elements: Equatable, Sendable {
  /// In the tensor's ``EncodedTensor/dtype``.
  case plain(Bytes)
  case quantized(Quantized)
}

/// The values that a clustered tensor's indices stand for.
public struct Codebook: Equatable, Sendable {
  /// Entries in each channel's codebook, at most 256.
  public var size: Int
  /// One codebook for the tensor (1), or one for each index of axis 0.
  public var channels: Int
  /// `channels × size` values, channel by channel.
  public var elements: Elements

  public init(size: Int, channels: Int, elements: Elements) {
    self.size = size
    self.channels = channels
    self.elements = elements
  }
}

/// Numbers in a small type: `value = (code − zeroPoint) × scale`.
public struct Quantized: Equatable, Sendable {
  public var type: QuantizedType
  /// One code an element: a byte for `int8`, `uint8` and `float8_e4m3`; two bytes, little-endian, for `float16` and
  /// `bfloat16`; for `int4` a byte in two's complement, −8…7 (files pack two to a byte).
  public var codes: Bytes
  public var granularity: Granularity
  /// One for each part that ``granularity`` makes of the tensor; empty for `float16` and `bfloat16`, which have none.
  public var scales: [Float]
  /// As many as ``scales``, in the code's range; nil for symmetric quantization (zero point 0; 128 for `uint8`).
  public var zeroPoints: [Int32]?

  public init(
    type: QuantizedType, codes: Bytes, granularity: Granularity, scales: [Float], zeroPoints: [Int32]? = nil
  ) {
    self.type = type
    self.codes = codes
    self.granularity = granularity
    self.scales = scales
    self.zeroPoints = zeroPoints
  }
}

/// The types that weights are quantized to; the raw value is the name in pipelines.
public enum QuantizedType: String, CaseIterable, Hashable, Sendable {
  case int8
  case uint8
  case int4
  case float16
  case bfloat16
  case float8e4m3 = "float8_e4m3"

  /// Bytes a code takes in memory.
  public var codeWidth: Int {
    switch self {
    case .int8, .uint8, .int4, .float8e4m3: 1
    case .float16, .bfloat16: 2
    }
  }

  /// Whether values are multiples of a scale.
  public var isScaled: Bool { self != .float16 && self != .bfloat16 }
}

/// How much of a tensor shares one scale.
public enum Granularity: Hashable, Sendable {
  case tensor
  /// One for each index of axis 0.
  case channel
  /// One for each run of this many elements in row-major order within a channel; a channel's last run may be shorter.
  case group(Int)
}
