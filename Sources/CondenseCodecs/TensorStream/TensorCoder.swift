import CondenseTensors

/// Packs a tensor in any form into one self-describing stream with a checksum, and back.
///
/// The layout is written down in `docs/condensed-format.md`.
public enum TensorCoder {
  /// Codes a tensor, with Huffman codes where they help unless other ways are asked for.
  ///
  /// - Throws: ``DecodingError`` where the tensor's parts do not fit together, or it is a stream already.
  public static func encode(
    _ tensor: EncodedTensor, layout: StreamLayout = .auto, coding: EntropyCoding = .huffman
  ) throws(DecodingError) -> Bytes {
    try StreamWriter(tensor: tensor, layout: layout, coding: SymbolCoding(coding)).stream()
  }

  /// Packs a tensor without entropy coding, for outputs of pipelines that end before it. A stream stays what it is.
  ///
  /// - Throws: ``DecodingError`` where the tensor's parts do not fit together.
  public static func store(_ tensor: EncodedTensor) throws(DecodingError) -> Bytes {
    if case .stream(let stream) = tensor.payload { return stream }
    return try StreamWriter(tensor: tensor, layout: .auto, coding: .none).stream()
  }

  /// The tensor that went into ``encode(_:layout:coding:)``, in the same form.
  ///
  /// - Throws: ``DecodingError`` for damaged bytes, or a tensor of more than `byteLimit` bytes: a few bytes can stand for
  ///   a large tensor of zeros, so this is what bounds memory on a hostile stream.
  public static func decode(_ stream: Bytes, byteLimit: Int = 8 << 30) throws(DecodingError) -> EncodedTensor {
    let body = try checkedBody(stream)
    var reader = ByteReader(body)
    let prologue = try StreamPrologue(from: &reader)
    return try StreamReader(prologue: prologue, byteLimit: byteLimit).tensor(from: &reader)
  }

  /// Decodes a stream to the tensor that it stands for, in its own type or another, to memory of just that size, aligned
  /// for the elements.
  ///
  /// - Parameter dtype: a floating-point type; nil for the tensor's own, whatever it is.
  /// - Throws: ``DecodingError`` for damaged bytes, a tensor that is no floating-point numbers where those are wanted, or
  ///   one of another size than the memory has, which holds anything then; so the memory bounds what a stream may ask
  ///   for, but for parts, which `byteLimit` bounds.
  public static func decode(
    _ stream: Bytes, as dtype: DType? = nil, into target: UnsafeMutableRawBufferPointer, byteLimit: Int = 8 << 30
  ) throws(DecodingError) {
    let body = try checkedBody(stream)
    var reader = ByteReader(body)
    let prologue = try StreamPrologue(from: &reader)
    let wanted = dtype ?? prologue.dtype
    let (size, overflow) = prologue.shape.elementCount.multipliedReportingOverflow(by: wanted.byteWidth)
    guard !overflow, size == target.count else {
      throw reader.error("\(wanted.rawValue) \(prologue.shape) does not take \(target.count) bytes")
    }
    let parts = StreamReader(prologue: prologue, byteLimit: byteLimit)
    if wanted == prologue.dtype {
      try parts.expand(from: &reader, into: target)
    } else {
      try parts.tensor(from: &reader).expand(as: wanted, into: target)
    }
  }

  /// What a stream holds, from its prologue.
  ///
  /// - Parameter isVerifying: whether the checksum is verified too, for which the whole stream is read.
  /// - Throws: ``DecodingError`` for damaged bytes.
  public static func describe(
    _ stream: Bytes, isVerifying: Bool = true
  ) throws(DecodingError) -> StreamDescription {
    var reader = ByteReader(try isVerifying ? checkedBody(stream) : body(stream))
    return StreamDescription(try StreamPrologue(from: &reader), byteCount: stream.count)
  }

  static let checksumByteCount = 4

  private static func body(_ stream: Bytes) throws(DecodingError) -> Bytes {
    guard stream.count > checksumByteCount else { throw DecodingError("the stream is only \(stream.count) bytes long") }
    return stream[0..<stream.count - checksumByteCount]
  }

  private static func checkedBody(_ stream: Bytes) throws(DecodingError) -> Bytes {
    let body = try body(stream)
    let stored = stream[body.count..<stream.count].elements(of: UInt32.self)[0].littleEndian
    guard CRC32.checksum(body) == stored else {
      throw DecodingError("the checksum does not match: the stream is damaged", offset: body.count)
    }
    return body
  }
}

/// What a stream holds.
public struct StreamDescription: Equatable, Sendable {
  public var dtype: DType
  public var shape: Shape
  /// Elements that are stored; the others are zero.
  public var storedCount: Int
  public var form: Form
  /// For example `sparse, 32 centroids`.
  public var coding: String
  public var byteCount: Int

  /// How the elements are coded.
  public enum Form: Hashable, Sendable {
    /// In the tensor's own type.
    case plain
    case quantized(QuantizedType)
    /// Indices into `channels` codebooks of `size` entries, which may be quantized.
    case indices(size: Int, channels: Int, codebook: QuantizedType?)
  }

  /// Bits of the stream for each element of the tensor.
  public var bitsPerWeight: Double {
    shape.elementCount == 0 ? 0 : Double(byteCount) * 8 / Double(shape.elementCount)
  }

  init(_ prologue: StreamPrologue, byteCount: Int) {
    dtype = prologue.dtype
    shape = prologue.shape
    storedCount = prologue.placement == .dense ? prologue.shape.elementCount : prologue.survivorCount
    self.byteCount = byteCount
    form =
      switch prologue.payload {
      case .plain: .plain
      case .quantized(let layout): .quantized(layout.type)
      case .indices(let size, let channels, let quantized):
        .indices(size: size, channels: channels, codebook: quantized?.type)
      }
    var words = [prologue.isExtended ? "entropy" : prologue.entropyCoded ? "huffman" : "stored"]
    switch prologue.placement {
    case .dense: words.append("dense")
    case .gaps: words.append("sparse by gaps")
    case .bitmap: words.append("sparse by bitmap")
    case .modelled: words.append("sparse by context")
    }
    switch prologue.payload {
    case .plain: words.append("\(prologue.dtype.rawValue) by byte planes")
    case .quantized(let layout): words.append(layout.type.rawValue)
    case .indices(let size, let channels, let quantized):
      words.append(channels == 1 ? "\(size) centroids" : "\(channels) × \(size) centroids")
      if let quantized { words.append("of \(quantized.type.rawValue)") }
    }
    coding = words.joined(separator: ", ")
  }
}
