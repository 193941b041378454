import CondenseTensors

/// One byte of each of a tensor's elements: what a symbol stream codes.
struct SymbolPlane {
  let elements: Bytes
  /// Bytes an element takes: 1, 2, 4 or 8.
  let width: Int
  /// Which of them.
  let index: Int

  init(_ elements: Bytes, width: Int = 1, index: Int = 0) {
    self.elements = elements
    self.width = width
    self.index = index
  }

  var count: Int { elements.count / width }

  /// Room to lay symbols side by side in.
  final class Scratch {
    fileprivate let memory: UnsafeMutableBufferPointer<UInt8>
    init(count: Int) { memory = .allocate(capacity: count) }
    deinit { memory.deallocate() }
  }

  /// The symbols of a range, which `scratch` has room for.
  @inline(__always)
  func withSymbols<R>(_ range: Range<Int>, _ scratch: Scratch, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    elements.withUnsafeBytes { bytes in
      let source = UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound * width..<range.upperBound * width])
      if width == 1 { return body(source.bindMemory(to: UInt8.self)) }
      let target = UnsafeMutableBufferPointer(rebasing: scratch.memory[..<range.count])
      Self.pick(index, width, from: source, into: target)
      return body(UnsafeBufferPointer(target))
    }
  }

  /// All symbols, side by side.
  var symbols: Bytes {
    if width == 1 { return elements }
    return Bytes(count: count) { target in
      elements.withUnsafeBytes { Self.pick(index, width, from: $0, into: target.bindMemory(to: UInt8.self)) }
    }
  }

  private static func pick(
    _ index: Int, _ width: Int, from source: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<UInt8>
  ) {
    switch width {
    case 2: pick(UInt16.self, index, from: source, into: target)
    case 4: pick(UInt32.self, index, from: source, into: target)
    default: pick(UInt64.self, index, from: source, into: target)
    }
  }

  @inline(__always)
  private static func pick<T: FixedWidthInteger & UnsignedInteger>(
    _ type: T.Type, _ index: Int, from source: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<UInt8>
  ) {
    guard let from = source.baseAddress, let to = target.baseAddress else { return }
    let shift = T(truncatingIfNeeded: 8 * index)
    for position in 0..<target.count {
      let element = T(littleEndian: from.loadUnaligned(fromByteOffset: position * (T.bitWidth / 8), as: T.self))
      to[position] = UInt8(truncatingIfNeeded: element &>> shift)
    }
  }

  /// Elements from all their planes, each of the same count.
  static func joined(_ planes: [Bytes]) -> Bytes {
    if planes.count == 1 { return planes[0] }
    return Bytes(count: (planes.first?.count ?? 0) * planes.count) { join(planes, into: $0) }
  }

  /// Writes them to memory of just their size.
  static func join(_ planes: [Bytes], into target: UnsafeMutableRawBufferPointer) {
    switch planes.count {
    case 1: planes[0].withUnsafeBytes { target.copyMemory(from: $0) }
    case 2: join(planes, into: target.bindMemory(to: UInt16.self))
    case 4: join(planes, into: target.bindMemory(to: UInt32.self))
    default: join(planes, into: target.bindMemory(to: UInt64.self))
    }
  }

  /// A few thousand elements at a time, plane upon plane, so that they stay in the first-level cache meanwhile.
  private static func join<T: FixedWidthInteger & UnsignedInteger>(
    _ planes: [Bytes], into target: UnsafeMutableBufferPointer<T>
  ) {
    var start = 0
    while start < target.count {
      let end = min(start + 2048, target.count)
      for (index, plane) in planes.enumerated() {
        plane.withUnsafeBytes { source in
          let shift = T(truncatingIfNeeded: 8 * index)
          if index == 0 {
            for position in start..<end { target[position] = T(source[position]).littleEndian }
          } else {
            for position in start..<end { target[position] |= (T(source[position]) &<< shift).littleEndian }
          }
        }
      }
      start = end
    }
  }
}
