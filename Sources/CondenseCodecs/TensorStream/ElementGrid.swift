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

  /// Whether no survivor looks like zero, so that the mask can be told from all elements.
  var isZeroFree: Bool {
    guard let zero else { return false }
    return !contains(zero)
  }

  private func contains(_ pattern: [UInt8]) -> Bool {
    let wanted = Self.word(pattern)
    return survivors.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        if Self.word(bytes, offset, width) == wanted { return true }
        offset += width
      }
      return false
    }
  }

  private static func word(_ pattern: [UInt8]) -> UInt64 {
    pattern.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  @inline(__always)
  private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ width: Int) -> UInt64 {
    switch width {
    case 1: UInt64(bytes[offset])
    case 2: UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    case 4: UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    default: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }
  }

  /// All elements, zeros in the places that the mask leaves out. Needs a zero where there is a mask.
  var allElements: Bytes {
    guard let mask, let zero else { return survivors }
    return Bytes(count: elementCount * width) { target in
      for position in 0..<elementCount {
        for byte in 0..<width { target[position * width + byte] = zero[byte] }
      }
      survivors.withUnsafeBytes { source in
        var next = 0
        Bitmap.forEachSet(mask) { position in
          for byte in 0..<width { target[position * width + byte] = source[next + byte] }
          next += width
        }
      }
    }
  }

  /// The same with a mask of the elements that are not zero; nil where nothing stands for zero.
  var withoutZeros: ElementGrid? {
    guard mask == nil else { return self }
    guard let zero else { return nil }
    let wanted = Self.word(zero)
    return survivors.withUnsafeBytes { bytes in
      var kept = 0
      let mask = Bytes(count: Bitmap.byteCount(elementCount)) { target in
        for index in 0..<target.count {
          var bits: UInt8 = 0
          for bit in 0..<min(8, elementCount - index * 8)
          where Self.word(bytes, (index * 8 + bit) * width, width) != wanted {
            bits |= 1 << bit
            kept += 1
          }
          target[index] = bits
        }
      }
      var grid = self
      grid.mask = mask
      grid.survivors = Bytes(count: kept * width) { target in
        var next = 0
        Bitmap.forEachSet(mask) { position in
          for byte in 0..<width { target[next + byte] = bytes[position * width + byte] }
          next += width
        }
      }
      return grid
    }
  }

  /// Byte `plane` of every element.
  static func plane(_ plane: Int, of elements: Bytes, width: Int) -> Bytes {
    guard width > 1 else { return elements }
    let count = elements.count / width
    return elements.withUnsafeBytes { source in
      Bytes(count: count) { target in
        for index in 0..<count { target[index] = source[index * width + plane] }
      }
    }
  }

  /// Elements from their byte planes.
  static func joined(_ planes: [Bytes]) -> Bytes {
    guard planes.count != 1 else { return planes[0] }
    let count = planes.first?.count ?? 0
    return Bytes(count: count * planes.count) { target in
      for (number, plane) in planes.enumerated() {
        plane.withUnsafeBytes { source in
          for index in 0..<count { target[index * planes.count + number] = source[index] }
        }
      }
    }
  }
}
