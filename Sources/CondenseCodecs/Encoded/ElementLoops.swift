import CCoders
import CondenseTensors

/// Loops over elements of one width, at the speed of memory.
enum ElementLoops {
  static func value<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, _ bytes: [UInt8]) -> T {
    bytes.reversed().reduce(0) { $0 << 8 | T(truncatingIfNeeded: $1) }
  }

  /// How many elements are `value`.
  static func count<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, _ value: [UInt8], in elements: Bytes) -> Int
  {
    let wanted = Self.value(type, value).littleEndian
    return elements.withElements(of: type) { elements in
      var count = 0
      for element in elements where element == wanted { count &+= 1 }
      return count
    }
  }

  /// A bitmap of the elements that are not `value`.
  static func mask<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, _ elements: Bytes, without value: [UInt8])
    -> Bytes
  {
    let zero = Self.value(type, value).littleEndian
    return elements.withElements(of: type) { elements in
      Bytes(count: Bitmap.byteCount(elements.count)) { target in
        guard let source = elements.baseAddress else { return }
        for index in 0..<elements.count / 8 {
          let eight = source + index * 8
          var bits: UInt8 = 0
          for bit in 0..<8 { bits |= (eight[bit] != zero ? 1 : 0) &<< UInt8(truncatingIfNeeded: bit) }
          target[index] = bits
        }
        guard elements.count % 8 > 0 else { return }
        var bits: UInt8 = 0
        for bit in 0..<elements.count % 8 where source[elements.count / 8 * 8 + bit] != zero { bits |= 1 << bit }
        target[elements.count / 8] = bits
      }
    }
  }

  /// A bitmap of the bytes that are not `value`: eight at a time in a word, as vectors give no bit an element.
  static func mask(bytes: Bytes, without value: UInt8) -> Bytes {
    bytes.withUnsafeBytes { bytes in
      Bytes(count: Bitmap.byteCount(bytes.count)) { target in
        guard let source = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
          let base = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
        else { return }
        let done = ccoders_mask_bytes(source, bytes.count, value, base)
        let zero = UInt64(value) &* 0x0101_0101_0101_0101
        for index in done / 8..<bytes.count / 8 {
          let word = bytes.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self).littleEndian ^ zero
          // A carry into a byte's highest bit where any below is set; no carry leaves a byte.
          let isSet = (word & 0x7F7F_7F7F_7F7F_7F7F &+ 0x7F7F_7F7F_7F7F_7F7F | word) & 0x8080_8080_8080_8080
          target[index] = UInt8(truncatingIfNeeded: (isSet &>> 7 &* 0x0102_0408_1020_4080) &>> 56)
        }
        guard bytes.count % 8 > 0 else { return }
        var bits: UInt8 = 0
        for bit in 0..<bytes.count % 8 where bytes[bytes.count / 8 * 8 + bit] != value { bits |= 1 << bit }
        target[bytes.count / 8] = bits
      }
    }
  }

  /// The elements at a mask's positions.
  static func kept<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, _ elements: Bytes, _ mask: Bytes) -> Bytes {
    let count = Bitmap.popcount(mask, in: 0..<elements.count / (T.bitWidth / 8))
    return elements.withElements(of: type) { source in
      Bytes(count: count * (T.bitWidth / 8)) { raw in
        let target = raw.bindMemory(to: type)
        guard let from = source.baseAddress else { return }
        mask.withUnsafeBytes { Bitmap.keep($0, bitCount: source.count, from: from, into: target) }
      }
    }
  }

  /// Elements in the places that a mask says, `zero` in the others.
  static func scatter<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, _ elements: Bytes, _ mask: Bytes, into target: UnsafeMutableRawBufferPointer, zero: [UInt8]
  ) {
    let target = target.bindMemory(to: type)
    let zero = value(type, zero).littleEndian
    elements.withElements(of: type) { source in
      guard let source = source.baseAddress else { return target.initialize(repeating: zero) }
      scatter(mask, into: target, zero: zero) { source[$0] }
    }
  }

  /// Writes `zero` everywhere but in the mask's positions, which get `element` of their number.
  ///
  /// Word by word of the mask, so that zeros are still in the first-level cache when elements come over them.
  @inline(__always)
  static func scatter<T>(
    _ mask: Bytes, into target: UnsafeMutableBufferPointer<T>, zero: T, _ element: (Int) -> T
  ) {
    guard let base = target.baseAddress else { return }
    mask.withUnsafeBytes { mask in
      var next = 0
      var start = 0
      while start < target.count {
        let end = min(start + 64, target.count)
        var word = Bitmap.word(mask, at: start / 8)
        let part = base + start
        if end - start == 64 {
          part.initialize(repeating: zero, count: 64)
        } else {
          part.initialize(repeating: zero, count: end - start)
        }
        while word != 0 {
          part[word.trailingZeroBitCount] = element(next)
          next &+= 1
          word &= word &- 1
        }
        start = end
      }
    }
  }

  /// The table's entries that indices point to, in the places that a mask says, zeros in the others. Needs indices
  /// that have been checked.
  static func lookUp<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, _ indices: Bytes, _ table: Bytes, _ mask: Bytes, into target: UnsafeMutableRawBufferPointer
  ) {
    let target = target.bindMemory(to: type)
    guard !indices.isEmpty else { return target.initialize(repeating: 0) }
    indices.withElements(of: UInt8.self) { indices in
      table.withElements(of: type) { table in
        guard let indices = indices.baseAddress, let table = table.baseAddress else { return }
        scatter(mask, into: target, zero: 0) { table[Int(indices[$0])] }
      }
    }
  }

  /// The table's entries that indices point to; each count's indices have a part of `size` entries of the table. Needs
  /// indices that have been checked.
  static func lookUp<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, _ indices: Bytes, _ table: Bytes, counts: [Int], size: Int,
    into target: UnsafeMutableRawBufferPointer
  ) {
    indices.withElements(of: UInt8.self) { indices in
      table.withElements(of: type) { table in
        let target = target.bindMemory(to: type)
        guard let indices = indices.baseAddress, let table = table.baseAddress else { return }
        var start = 0
        for (part, count) in counts.enumerated() {
          let source = indices + start
          let entries = table + part * size
          PastCaches.fill(UnsafeMutableBufferPointer(rebasing: target[start..<start + count])) { memory, range in
            let source = source + range.lowerBound
            let first = lookUpWide(memory, source, range.count, entries, size: size)
            for index in first..<range.count { memory[index] = entries[Int(source[index])] }
          }
          start += count
        }
      }
    }
  }

  /// The same in vectors for as many elements as possible; returns how many those are.
  @inline(__always)
  private static func lookUpWide<T>(
    _ target: UnsafeMutablePointer<T>, _ indices: UnsafePointer<UInt8>, _ count: Int, _ entries: UnsafePointer<T>,
    size: Int
  ) -> Int {
    guard T.self == UInt32.self else { return 0 }
    return ccoders_look_up(
      UnsafeMutableRawPointer(target).assumingMemoryBound(to: UInt32.self), indices, count,
      UnsafeRawPointer(entries).assumingMemoryBound(to: UInt32.self), size)
  }

  /// - Throws: ``DecodingError`` where an index is not below `size`.
  static func check(_ indices: Bytes, below size: Int) throws(DecodingError) {
    let worst = indices.withElements(of: UInt8.self) { indices in
      var worst: UInt8 = 0
      for index in indices { worst = max(worst, index) }
      return indices.isEmpty ? -1 : Int(worst)
    }
    guard worst < size else { throw DecodingError("index \(worst) is beyond a codebook of \(size)") }
  }
}
