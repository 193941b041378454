import CondenseCodecs
import CondenseTensors

/// The parts of a tensor that pruning keeps or drops as one, each with its score: the bit pattern of a magnitude, which
/// orders like the magnitude itself.
struct PruningUnits {
  var scores: [UInt32]
  /// Elements in a unit; in the last row or column of blocks there may be fewer.
  var unitSize: Int
  private var grid: Grid?
  private var elementCount: Int

  /// How blocks lie in the matrix.
  private struct Grid {
    var rows: Int
    var columns: Int
    var blockRows: Int
    var blockColumns: Int
    var blocksAcross: Int { (columns - 1) / blockColumns + 1 }
    var blocksDown: Int { (rows - 1) / blockRows + 1 }
  }

  /// Single elements.
  init(elements: FloatInput) {
    unitSize = 1
    elementCount = elements.count
    scores = elements.withBits { bits in
      [UInt32](unsafeUninitializedCapacity: bits.count) { target, count in
        for index in 0..<bits.count { target.initializeElement(at: index, to: bits[index] & 0x7FFF_FFFF) }
        count = bits.count
      }
    }
  }

  /// Blocks of the matrix [axis 0, the rest]; a block's score is the mean magnitude of its elements.
  init(blocks values: FloatInput, _ blockRows: Int, _ blockColumns: Int, shape: Shape) {
    elementCount = values.count
    unitSize = 1
    scores = []
    // Without elements there are no blocks, however long an axis claims to be.
    guard elementCount > 0 else { return }
    let rows = shape.channelCount
    let columns = shape.elementsPerChannel
    let grid = Grid(
      rows: rows, columns: columns, blockRows: min(blockRows, rows), blockColumns: min(blockColumns, columns))
    self.grid = grid
    unitSize = grid.blockRows * grid.blockColumns
    scores.reserveCapacity(grid.blocksDown * grid.blocksAcross)
    values.withValues { values in
      for top in stride(from: 0, to: rows, by: grid.blockRows) {
        let bottom = min(top + grid.blockRows, rows)
        for left in stride(from: 0, to: columns, by: grid.blockColumns) {
          let right = min(left + grid.blockColumns, columns)
          var sum = 0.0
          for row in top..<bottom {
            for column in left..<right { sum += Double(abs(values[row * columns + column])) }
          }
          let mean = sum / Double((bottom - top) * (right - left))
          scores.append(Float(mean).bitPattern)
        }
      }
    }
  }

  /// A bitmap of elements from one of units.
  func spread(_ kept: Bytes) -> Bytes {
    guard let grid else { return kept }
    return Bytes(count: Bitmap.byteCount(elementCount)) { target in
      target.initializeMemory(as: UInt8.self, repeating: 0)
      Bitmap.forEachSet(kept) { unit in
        let top = unit / grid.blocksAcross * grid.blockRows
        let left = unit % grid.blocksAcross * grid.blockColumns
        for row in top..<min(top + grid.blockRows, grid.rows) {
          for column in left..<min(left + grid.blockColumns, grid.columns) {
            let position = row * grid.columns + column
            target[position >> 3] |= 1 << UInt8(position & 7)
          }
        }
      }
    }
  }
}

/// Picks the largest of many scores exactly, without sorting them.
enum Selection {
  /// A bitmap of the `count` largest scores; of equal ones those that come first.
  static func largest(_ count: Int, of scores: [UInt32]) -> Bytes {
    let bar = bar(count, of: scores)
    return scores.withUnsafeBufferPointer { scores in
      var ties = bar.ties
      return Bytes(count: Bitmap.byteCount(scores.count)) { target in
        for index in 0..<target.count {
          var byte: UInt8 = 0
          for bit in 0..<min(8, scores.count - index * 8) {
            let score = scores[index * 8 + bit]
            if score > bar.score {
              byte |= 1 << UInt8(bit)
            } else if score == bar.score && ties > 0 {
              ties -= 1
              byte |= 1 << UInt8(bit)
            }
          }
          target[index] = byte
        }
      }
    }
  }

  /// The smallest score that stays, and how many of the scores equal to it do.
  private static func bar(_ count: Int, of scores: [UInt32]) -> (score: UInt32, ties: Int) {
    guard count > 0 else { return (.max, 0) }
    guard count < scores.count else { return (0, scores.count) }
    // The upper half of the bits first, then the lower half of those that share the bar's upper half.
    var remaining = count
    let upper = descend(&remaining, bins: 1 << 16) { counts in
      for score in scores { counts[Int(score >> 16)] += 1 }
    }
    let lower = descend(&remaining, bins: 1 << 16) { counts in
      for score in scores where Int(score >> 16) == upper { counts[Int(score & 0xFFFF)] += 1 }
    }
    return (UInt32(upper) << 16 | UInt32(lower), remaining)
  }

  /// Finds the bin in which the `remaining`-th largest lies; leaves how many of that bin are wanted.
  private static func descend(_ remaining: inout Int, bins: Int, _ fill: (inout [Int]) -> Void) -> Int {
    var counts = [Int](repeating: 0, count: bins)
    fill(&counts)
    var bin = bins - 1
    while bin > 0 && counts[bin] < remaining {
      remaining -= counts[bin]
      bin -= 1
    }
    return bin
  }
}

/// Masks of fixed patterns.
enum PatternMasks {
  /// Keeps the `n` largest magnitudes of each `m` neighbours along the last axis, of equal ones those that come first.
  /// What is left over at a row's end keeps its share, rounded up.
  static func nOfM(_ values: FloatInput, n: Int, m: Int, shape: Shape) -> Bytes {
    let rowLength = shape.dimensions.last ?? 1
    return Bytes(count: Bitmap.byteCount(values.count)) { target in
      target.initializeMemory(as: UInt8.self, repeating: 0)
      guard rowLength > 0 else { return }
      values.withBits { bits in
        var order: [Int] = []
        for row in stride(from: 0, to: bits.count, by: rowLength) {
          for start in stride(from: row, to: row + rowLength, by: m) {
            let end = min(start + m, row + rowLength)
            let kept = end - start == m ? n : ((end - start) * n + m - 1) / m
            order.removeAll(keepingCapacity: true)
            order.append(contentsOf: start..<end)
            order.sort { a, b in
              let (x, y) = (bits[a] & 0x7FFF_FFFF, bits[b] & 0x7FFF_FFFF)
              return x == y ? a < b : x > y
            }
            for position in order.prefix(kept) { target[position >> 3] |= 1 << UInt8(position & 7) }
          }
        }
      }
    }
  }
}
