import CLanes
import CondenseCodecs
import CondenseTensors

/// A float32 source by a mask over it: the elements that the mask keeps, and sums over those that it leaves out.
///
/// Whatever a stage makes of the kept ones can be held to them without a look at the source. So the source is read once
/// for all stages that keep the same elements.
struct PartedSource: Sendable {
  let mask: Bytes
  /// In their order.
  let kept: Bytes
  /// ΣW² over what is left out, in lanes as in ``ErrorSums``.
  private(set) var leftOutEnergy = 0.0
  /// The largest |W| of what is left out.
  private(set) var leftOutLargest = 0.0

  /// - Parameters:
  ///   - mask: a bitmap of the source's elements, padded with zero bits.
  ///   - keptCount: how many bits are set in it.
  init(_ source: UnsafeBufferPointer<Float>, mask: Bytes, keptCount: Int) {
    self.mask = mask
    guard let w = source.baseAddress else {
      kept = Bytes()
      return
    }
    var parting = Parting(w, source.count)
    kept = Bytes(capacity: (keptCount + Parting.slack) * MemoryLayout<Float>.stride) { memory in
      mask.withUnsafeBytes { parting.run(mask: $0, into: memory) }
      return keptCount * MemoryLayout<Float>.stride
    }
    leftOutEnergy = EightLanes.sum(parting.squares)
    leftOutLargest = Double(Float(bitPattern: parting.largest))
  }

  var byteCount: Int { mask.count + kept.count }
}

private struct Parting {
  /// A word's elements, and what a pass writes in vain.
  static let slack = 64 + Int(CLANES_PARTED_SLACK)

  private let source: UnsafePointer<Float>
  private let count: Int
  var squares = SIMD8<Double>.zero
  /// As bits without sign, which are in the order of the magnitudes.
  var largest: UInt32 = 0

  init(_ source: UnsafePointer<Float>, _ count: Int) { (self.source, self.count) = (source, count) }

  mutating func run(mask: UnsafeRawBufferPointer, into memory: UnsafeMutableRawBufferPointer) {
    let target = memory.bindMemory(to: Float.self)
    var wide = clanes_parted()
    wide.kept = target.baseAddress
    wide.capacity = target.count
    let words = clanes_part(source, mask.baseAddress?.assumingMemoryBound(to: UInt8.self), count / 64, &wide)
    squares = unsafeBitCast(wide.squares, to: SIMD8<Double>.self)
    largest = wide.largest
    var next = wide.count
    for start in stride(from: 64 * words, to: count, by: 8) {
      let byte = mask[start / 8]
      var left = EightLanes.load(source, start, of: count)
      for lane in 0..<8 where byte >> lane & 1 != 0 {
        target[next] = left[lane]
        left[lane] = 0
        next += 1
      }
      let w = EightLanes.widened(left)
      squares += w * w
      for lane in 0..<8 { largest = max(largest, left[lane].magnitude.bitPattern) }
    }
  }
}
