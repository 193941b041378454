import CondenseCodecs
import CondenseTensors

/// What a tensor of a compressed model is, and how it is stored.
public struct TensorDescription: Equatable, Sendable {
  public let name: String
  /// What it decodes to: the source model's type and shape.
  public let dtype: DType
  public let shape: Shape
  /// Bytes that it takes in the file.
  public let storedByteCount: Int
  /// Elements that the file holds; the others are zero.
  public let storedElementCount: Int
  /// Which forms it can be had in, beside its own type.
  public let form: Form
  /// For people, for example `huffman, sparse by gaps, 31 centroids, of int8`.
  public let coding: String

  /// How elements are stored.
  public enum Form: Hashable, Sendable {
    /// In the tensor's own type.
    case plain
    /// As codes with a scale: ``CondensedModel/quantizedTensor(named:)``.
    case quantized(QuantizedType)
    /// As indices into `channels` codebooks of `size` entries each: ``CondensedModel/clusteredTensor(named:)``. Where the
    /// entries are quantized, so are the elements.
    case clustered(size: Int, channels: Int, codebook: QuantizedType?)
  }

  /// Bytes that it takes decoded.
  public var byteCount: Int { shape.elementCount * dtype.byteWidth }

  init(_ name: String, _ stream: StreamDescription) throws(DecodingError) {
    self.name = name
    dtype = stream.dtype
    shape = stream.shape
    guard shape.elementCount <= Int.max / dtype.byteWidth else {
      throw DecodingError("a tensor of \(shape) has too many elements")
    }
    storedByteCount = stream.byteCount
    storedElementCount = stream.storedCount
    form =
      switch stream.form {
      case .plain: .plain
      case .quantized(let type): .quantized(type)
      case .indices(let size, let channels, let codebook):
        .clustered(size: size, channels: channels, codebook: codebook)
      }
    coding = stream.coding
  }
}
