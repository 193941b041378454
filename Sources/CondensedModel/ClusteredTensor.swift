import CondenseTensors

/// A tensor as indices into a codebook.
public struct ClusteredTensor: Equatable, Sendable {
  /// What the tensor decodes to.
  public var dtype: DType
  public var shape: Shape
  /// A byte for each element, in row-major order: the entry that is its value, in its channel's codebook where channels
  /// have their own. 0 where the ``Codebook/mask`` leaves the element out.
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
