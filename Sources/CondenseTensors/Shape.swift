/// The dimensions of a tensor, outermost first. A scalar has none; a dimension of zero makes an empty tensor.
public struct Shape: Hashable, Sendable {
  public let dimensions: [Int]
  /// The product of the dimensions; one for a scalar.
  public let elementCount: Int

  /// Makes a shape whose element count fits in an `Int`.
  ///
  /// - Throws: ``ShapeError`` where a dimension is negative or the product overflows.
  public init(_ dimensions: [Int]) throws(ShapeError) {
    var count = 1
    // A zero dimension makes the tensor empty but must not hide an overflow in the others.
    var hasZero = false
    for dimension in dimensions {
      guard dimension >= 0 else { throw .negativeDimension(dimension) }
      if dimension == 0 {
        hasZero = true
        continue
      }
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard !overflow else { throw .tooManyElements(dimensions) }
      count = product
    }
    self.dimensions = dimensions
    self.elementCount = hasZero ? 0 : count
  }

  /// The shape of a flat tensor of `count` elements.
  public init(vector count: Int) {
    precondition(count >= 0, "a vector's length cannot be negative")
    dimensions = [count]
    elementCount = count
  }

  public var rank: Int { dimensions.count }

  /// The size of axis 0, which is the output channels of a weight; one for a scalar.
  public var channelCount: Int { dimensions.first ?? 1 }

  /// Elements in one output channel (one index of axis 0).
  public var elementsPerChannel: Int { channelCount == 0 ? 0 : elementCount / channelCount }
}

extension Shape: CustomStringConvertible {
  /// For example `[300, 784]`.
  public var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }
}

/// Why a list of dimensions is no shape.
public enum ShapeError: Error, Hashable, Sendable, CustomStringConvertible {
  case negativeDimension(Int)
  case tooManyElements([Int])

  public var description: String {
    switch self {
    case .negativeDimension(let dimension): "a dimension is negative: \(dimension)"
    case .tooManyElements(let dimensions): "the number of elements in shape \(dimensions) overflows 64 bits"
    }
  }
}
