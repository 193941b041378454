import CondenseTensors

/// Codes where a tensor's elements are zero, from where they were before: in the same column, in the columns beside it,
/// in the row so far.
///
/// Pruned weights are not spread evenly: whole inputs and outputs of a layer hardly matter, others do. (As the
/// significance maps of DeepCABAC, Wiedemann et al. 2020, and ISO/IEC 15938-17, with more of the neighbourhood.)
struct PositionModel {
  var elementCount: Int
  /// Elements in a row. Their statistics are kept one by one, so there is a limit; above it, all are one column.
  let columnCount: Int

  private static let mostColumns = 1 << 16
  /// Least bits an element takes: a probability is at most 4,095 in 4,096. So a small part cannot ask for much time.
  static let mostElementsInByte = 1 << 15

  private static let inputCount = 5
  private static let historyLength = 6
  private static let levels = 16
  private static let neighbourLevels = 24

  init(_ shape: Shape) {
    elementCount = shape.elementCount
    let columns = shape.rank >= 2 ? shape.elementsPerChannel : 1
    columnCount = (1...PositionModel.mostColumns).contains(columns) ? columns : 1
  }

  func encoded(_ mask: Bytes, survivorCount: Int) -> Bytes {
    var coder = RangeEncoder()
    mask.withUnsafeBytes { mask in
      code(survivorCount, &coder) {
        Int(mask[$0 >> 3] >> UInt8(truncatingIfNeeded: $0 & 7)) & 1
      } found: { _ in
      }
    }
    return coder.finish()
  }

  /// The bitmap and how many positions it has set.
  func decoded(
    _ bytes: Bytes, survivorCount: Int
  ) throws(DecodingError) -> (mask: Bytes, count: Int) {
    guard elementCount / PositionModel.mostElementsInByte <= bytes.count + 8 else {
      throw DecodingError("\(elementCount) positions cannot be in \(bytes.count) bytes")
    }
    var coder = RangeDecoder(bytes)
    var count = 0
    let mask = Bytes(count: Bitmap.byteCount(elementCount)) { target in
      target.initializeMemory(as: UInt8.self, repeating: 0)
      code(survivorCount, &coder) { _ in
        0
      } found: { position in
        target[position >> 3] |= 1 << UInt8(truncatingIfNeeded: position & 7)
        count += 1
      }
    }
    guard coder.isAtEnd else { throw DecodingError("bytes follow the positions") }
    return (mask, count)
  }

  /// Rows of elements, each bit predicted by five contexts.
  private func code<Coder: BinaryCoder>(
    _ survivorCount: Int, _ coder: inout Coder, bit: (Int) -> Int, found: (Int) -> Void
  ) {
    guard elementCount > 0 else { return }
    let columns = columnCount
    let history = columns
    let activity = history + 1 << PositionModel.historyLength
    let row = activity + PositionModel.levels * PositionModel.levels
    let neighbours = row + PositionModel.levels
    let (high, low) = survivorCount.multipliedFullWidth(by: 1 << 16)
    var mixer = Mixer(
      inputCount: PositionModel.inputCount,
      contextCount: neighbours + PositionModel.neighbourLevels * PositionModel.levels,
      probability: Int(elementCount.dividingFullWidth((high, low)).quotient))
    // How active each column has been lately, 0 to 1,023; two at either end so that every column has neighbours.
    var columnActivity = [Int32](repeating: 0, count: columns + 4)
    let level = PositionModel.levelTable(1024, count: PositionModel.levels)
    let neighbourLevel = PositionModel.levelTable(6 * 1024, count: PositionModel.neighbourLevels)
    var recent = 0
    var position = 0
    columnActivity.withUnsafeMutableBufferPointer { columnActivity in
      while position < elementCount {
        var rowActivity = 0
        let end = min(position + columns, elementCount)
        for column in 0..<end - position {
          let own = Int(columnActivity[column + 2])
          let around =
            2 * own + Int(columnActivity[column]) + Int(columnActivity[column + 1]) + Int(columnActivity[column + 3])
            + Int(columnActivity[column + 4])
          let rowLevel = min(rowActivity >> 11, PositionModel.levels - 1)
          mixer.contexts[0] = column
          mixer.contexts[1] = history + recent
          mixer.contexts[2] = activity + Int(level[own]) * PositionModel.levels + rowLevel
          mixer.contexts[3] = row + rowLevel
          mixer.contexts[4] = neighbours + Int(neighbourLevel[around]) * PositionModel.levels + rowLevel
          let bit = mixer.code(bit(position), &coder)
          if bit != 0 { found(position) }
          columnActivity[column + 2] = Int32(own + bit * 64 - own >> 4)
          rowActivity += bit * 1024 - rowActivity >> 5
          recent = (recent << 1 | bit) & (1 << PositionModel.historyLength - 1)
          position += 1
        }
      }
    }
  }

  /// Numbers below `limit` in levels that get wider.
  private static func levelTable(_ limit: Int, count: Int) -> [UInt8] {
    (0...limit).map { number in
      var level = 0
      var rest = number
      while rest > 0 && level < count - 1 {
        level += 1
        rest = rest * 3 / 4 - 1
      }
      return UInt8(level)
    }
  }
}
