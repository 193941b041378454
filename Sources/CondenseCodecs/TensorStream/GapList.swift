import CondenseTensors

/// The set positions of a bitmap as the numbers of zeros before each, in bytes: 255 stands for 255 zeros and more to
/// come. Zeros after the last set position are not written.
enum GapList {
  private static let more = 255

  static func gaps(of mask: Bytes, survivorCount: Int, elementCount: Int) -> Bytes {
    Bytes(capacity: survivorCount + elementCount / more + 1) { target in
      var written = 0
      var next = 0
      Bitmap.forEachSet(mask) { position in
        var gap = position - next
        while gap >= more {
          target[written] = UInt8(more)
          written += 1
          gap -= more
        }
        target[written] = UInt8(gap)
        written += 1
        next = position + 1
      }
      return written
    }
  }

  /// The bitmap and how many positions it has set; nil where the gaps lead past the elements.
  static func mask(of gaps: Bytes, elementCount: Int) -> (mask: Bytes, count: Int)? {
    var count = 0
    var isGood = true
    let mask = Bytes(count: Bitmap.byteCount(elementCount)) { target in
      target.initializeMemory(as: UInt8.self, repeating: 0)
      gaps.withUnsafeBytes { gaps in
        var position = 0
        var isOpen = false
        for gap in gaps {
          position += Int(gap)
          isOpen = Int(gap) == more
          if isOpen { continue }
          guard position < elementCount else {
            isGood = false
            return
          }
          target[position >> 3] |= 1 << (position & 7)
          count += 1
          position += 1
        }
        if isOpen { isGood = false }
      }
    }
    return isGood ? (mask, count) : nil
  }
}
