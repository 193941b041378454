import CLanes
import CondenseCodecs
import CondenseTensors

/// How blocks, or channels, lie in the matrix [axis 0, the rest]: what pruning keeps or drops as one.
struct UnitGrid {
  private let rows: Int
  private let columns: Int
  private let blockRows: Int
  private let blockColumns: Int

  /// Elements in a unit; in the last row or column of blocks there may be fewer.
  var unitSize: Int { max(1, blockRows * blockColumns) }
  private var blocksAcross: Int { (columns - 1) / blockColumns + 1 }
  private var blocksDown: Int { (rows - 1) / blockRows + 1 }

  /// Nil for patterns of single elements.
  init?(_ pattern: PruneParameters.Pattern, shape: Shape) {
    // Without elements there are no units, however long an axis claims to be.
    rows = shape.elementCount > 0 ? shape.channelCount : 0
    columns = shape.elementCount > 0 ? shape.elementsPerChannel : 0
    switch pattern {
    case .unstructured, .nOfM: return nil
    case .channel:
      blockRows = min(1, rows)
      blockColumns = columns
    case .block(let rows, let columns):
      blockRows = min(rows, self.rows)
      blockColumns = min(columns, self.columns)
    }
  }

  /// The mean magnitude of each unit's elements, as a bit pattern, which orders like the mean itself.
  ///
  /// - Throws: ``StageError`` naming the first value that is not finite.
  func scores(_ values: FloatInput) throws(StageError) -> [UInt32] {
    guard rows > 0 else { return [] }
    let scores: [UInt32]? = values.withValues { values in
      guard let start = values.baseAddress else { return nil }
      var scores: [UInt32] = []
      scores.reserveCapacity(blocksDown * blocksAcross)
      if blockRows == 1 && blockColumns == columns {
        for row in 0..<rows {
          let sum = MagnitudeSums.sum(start + row * columns, count: columns)
          guard sum.isFinite else { return nil }
          scores.append(Float(sum / Double(columns)).bitPattern)
        }
        return scores
      }
      var sums = [Double](repeating: 0, count: columns)
      for top in stride(from: 0, to: rows, by: blockRows) {
        let height = min(blockRows, rows - top)
        let isFinite = sums.withUnsafeMutableBufferPointer { sums in
          MagnitudeSums.addUp(start + top * columns, rows: height, columns: columns, into: sums)
          return appendMeans(sums, height: height, to: &scores)
        }
        guard isFinite else { return nil }
      }
      return scores
    }
    guard let scores else { throw values.notFinite() }
    return scores
  }

  /// The scores of a row of blocks from the sums of its columns; false where one is not finite.
  private func appendMeans(_ sums: UnsafeMutableBufferPointer<Double>, height: Int, to scores: inout [UInt32]) -> Bool {
    var all = 0.0
    var left = 0
    if let sums = sums.baseAddress {
      // Blocks at the edge may be narrower.
      let whole = columns / blockColumns
      let place = scores.count
      scores.append(contentsOf: repeatElement(0, count: whole))
      let done = scores.withUnsafeMutableBufferPointer { scores in
        scores.baseAddress.map {
          clanes_mean_runs(sums, whole, blockColumns, Double(height * blockColumns), $0 + place, &all)
        } ?? 0
      }
      scores.removeLast(whole - done)
      left = done * blockColumns
    }
    while left < columns {
      let width = min(blockColumns, columns - left)
      var sum = 0.0
      for column in left..<left + width { sum += sums[column] }
      all += sum
      scores.append(Float(sum / Double(height * width)).bitPattern)
      left += width
    }
    return all.isFinite
  }

  /// A bitmap of the elements in units over a bar that are not zero.
  func spread(_ scores: UnsafeBufferPointer<UInt32>, over bar: Bar, _ values: FloatInput) -> Bytes {
    Bytes(count: Bitmap.byteCount(values.count)) { mask in
      mask.initializeMemory(as: UInt8.self, repeating: 0)
      guard rows > 0 else { return }
      values.withBits { bits in
        guard let start = bits.baseAddress else { return }
        var ties = bar.ties
        for (unit, score) in scores.enumerated() where score >= bar.score {
          if score == bar.score {
            guard ties > 0 else { continue }
            if ties < .max { ties -= 1 }
          }
          let (down, across) = unit.quotientAndRemainder(dividingBy: blocksAcross)
          let left = across * blockColumns
          let width = min(blockColumns, columns - left)
          for row in down * blockRows..<min((down + 1) * blockRows, rows) {
            ElementBits.setNonzero(start, row * columns + left..<row * columns + left + width, in: mask)
          }
        }
      }
    }
  }
}
