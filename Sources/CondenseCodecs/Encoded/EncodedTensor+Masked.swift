import CondenseTensors

extension EncodedTensor {
  /// A tensor as a stage leaves it that has set elements to zero: with a mask where that is smaller than all elements.
  ///
  /// Only elements whose bits are all zero are left out, so that a negative zero comes back as one.
  public init(leavingOutZerosOf tensor: Tensor) {
    self.init(tensor)
    let width = tensor.dtype.byteWidth
    let grid = ElementGrid(
      width: width, zero: Array(repeating: 0, count: width), elementCount: tensor.shape.elementCount, mask: nil,
      survivors: tensor.bytes)
    guard grid.zeroCount * width > Bitmap.byteCount(tensor.shape.elementCount), let sparse = grid.withoutZeros else {
      return
    }
    mask = sparse.mask
    payload = .elements(.plain(sparse.survivors))
  }
}
