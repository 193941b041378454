import CondenseTensors

/// A tensor's payload as a stream codes it: fixed-width elements, all of them or only those that are not zero.
struct ElementGrid {
  /// Bytes an element takes.
  var width: Int
  /// What stands for zero among all elements; nil where nothing could.
  var zero: [UInt8]?
  var elementCount: Int
  /// The positions of `survivors`; nil where every element is given.
  var mask: Bytes?
  /// The elements, or those at the mask's positions.
  var survivors: Bytes

  /// How many survivors look like zero.
  var zeroCount: Int {
    guard let zero else { return 0 }
    return switch width {
    case 1: ElementLoops.count(UInt8.self, zero, in: survivors)
    case 2: ElementLoops.count(UInt16.self, zero, in: survivors)
    case 4: ElementLoops.count(UInt32.self, zero, in: survivors)
    default: ElementLoops.count(UInt64.self, zero, in: survivors)
    }
  }

  /// Whether most of the first few thousand elements are zero: a guess at which way to go takes the least time.
  var looksSparse: Bool {
    var first = self
    first.survivors = survivors[0..<min(survivors.count, 4096 * width)]
    return first.zeroCount * 2 * width > first.survivors.count
  }

  /// All elements, zeros in the places that the mask leaves out. Needs a zero where there is a mask.
  var allElements: Bytes {
    guard mask != nil, zero != nil else { return survivors }
    return Bytes(count: elementCount * width) { putAllElements(into: $0) }
  }

  /// Writes all elements to memory of their size, as ``allElements`` has them.
  func putAllElements(into target: UnsafeMutableRawBufferPointer) {
    guard let mask, let zero else { return survivors.withUnsafeBytes { target.copyMemory(from: $0) } }
    switch width {
    case 1: ElementLoops.scatter(UInt8.self, survivors, mask, into: target, zero: zero)
    case 2: ElementLoops.scatter(UInt16.self, survivors, mask, into: target, zero: zero)
    case 4: ElementLoops.scatter(UInt32.self, survivors, mask, into: target, zero: zero)
    default: ElementLoops.scatter(UInt64.self, survivors, mask, into: target, zero: zero)
    }
  }

  /// All elements, survivors in the places that gaps lead to; nil unless there is a place for each. Needs a zero.
  func scattered(by gaps: Bytes) -> ElementGrid? {
    let all: Bytes? =
      switch width {
      case 1: scattered(UInt8.self, by: gaps)
      case 2: scattered(UInt16.self, by: gaps)
      case 4: scattered(UInt32.self, by: gaps)
      default: scattered(UInt64.self, by: gaps)
      }
    guard let all else { return nil }
    var grid = self
    grid.survivors = all
    return grid
  }

  private func scattered<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, by gaps: Bytes) -> Bytes? {
    guard let zero else { return nil }
    return survivors.withElements(of: type) {
      GapList.scattered($0, gaps, elementCount: elementCount, zero: ElementLoops.value(type, zero).littleEndian)
    }
  }

  /// A bitmap of the elements that are not zero; nil where nothing stands for zero. Needs all elements.
  var nonzeroMask: Bytes? {
    guard let zero else { return nil }
    return switch width {
    case 1: ElementLoops.mask(bytes: survivors, without: zero[0])
    case 2: ElementLoops.mask(UInt16.self, survivors, without: zero)
    case 4: ElementLoops.mask(UInt32.self, survivors, without: zero)
    default: ElementLoops.mask(UInt64.self, survivors, without: zero)
    }
  }

  /// The elements at a mask's positions. Needs all elements.
  func kept(_ mask: Bytes) -> Bytes {
    switch width {
    case 1: ElementLoops.kept(UInt8.self, survivors, mask)
    case 2: ElementLoops.kept(UInt16.self, survivors, mask)
    case 4: ElementLoops.kept(UInt32.self, survivors, mask)
    default: ElementLoops.kept(UInt64.self, survivors, mask)
    }
  }

  /// The same with a mask of the elements that are not zero; nil where nothing stands for zero.
  var withoutZeros: ElementGrid? {
    guard self.mask == nil else { return self }
    guard let mask = nonzeroMask else { return nil }
    var grid = self
    grid.mask = mask
    grid.survivors = kept(mask)
    return grid
  }
}
