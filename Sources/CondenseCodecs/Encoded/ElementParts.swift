import CondenseTensors

/// The parts of a tensor that share a scale: contiguous runs in row-major order.
///
/// A tensor without elements has no channels and no groups, whatever its shape says: axes come from files, and memory
/// must not follow an axis of 2^60 that holds nothing. As a whole it is one part still.
public struct ElementParts: Sendable {
  public let count: Int
  /// Elements that a run of parts starts over at: a channel's, or all.
  private let elementsPerChannel: Int
  private let groupSize: Int
  private let groupsPerChannel: Int

  public init(_ granularity: Granularity, shape: Shape) {
    switch granularity {
    case .tensor:
      elementsPerChannel = shape.elementCount
      groupSize = elementsPerChannel
      groupsPerChannel = 1
      count = 1
    case .channel, .group:
      elementsPerChannel = shape.elementsPerChannel
      if case .group(let size) = granularity { groupSize = max(1, size) } else { groupSize = elementsPerChannel }
      guard elementsPerChannel > 0 else {
        groupsPerChannel = 1
        count = 0
        return
      }
      // Nothing here overflows: there is no more than one part an element.
      groupsPerChannel = (elementsPerChannel - 1) / groupSize + 1
      count = shape.channelCount * groupsPerChannel
    }
  }

  /// The positions of part `index`.
  public subscript(index: Int) -> Range<Int> {
    let (channel, group) = index.quotientAndRemainder(dividingBy: groupsPerChannel)
    let start = channel * elementsPerChannel + group * groupSize
    return start..<start + min(groupSize, (channel + 1) * elementsPerChannel - start)
  }
}
