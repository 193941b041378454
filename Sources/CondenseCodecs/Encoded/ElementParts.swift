import CondenseTensors

/// The parts of a tensor that share a scale: contiguous runs in row-major order.
public struct ElementParts: Sendable {
  public let count: Int
  private let elementCount: Int
  private let elementsPerChannel: Int
  private let groupSize: Int
  private let groupsPerChannel: Int

  public init(_ granularity: Granularity, shape: Shape) {
    elementCount = shape.elementCount
    switch granularity {
    case .tensor:
      elementsPerChannel = elementCount
      groupSize = max(1, elementCount)
      groupsPerChannel = 1
      count = 1
    case .channel:
      elementsPerChannel = shape.elementsPerChannel
      groupSize = max(1, elementsPerChannel)
      groupsPerChannel = 1
      count = shape.channelCount
    case .group(let size):
      elementsPerChannel = shape.elementsPerChannel
      groupSize = max(1, size)
      groupsPerChannel = (elementsPerChannel + groupSize - 1) / groupSize
      count = shape.channelCount * groupsPerChannel
    }
  }

  /// The positions of part `index`.
  public subscript(index: Int) -> Range<Int> {
    let channel = index / max(1, groupsPerChannel)
    let group = index % max(1, groupsPerChannel)
    let start = channel * elementsPerChannel + group * groupSize
    let end = min(start + groupSize, (channel + 1) * elementsPerChannel, elementCount)
    return min(start, end)..<end
  }
}
