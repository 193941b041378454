/// Neighbouring weights of one part.
struct Piece {
  var part: Int
  var range: Range<Int>

  /// All weights; `counts` says how many belong to each part.
  static func all(_ counts: [Int]) -> [Piece] {
    var next = 0
    return counts.enumerated().map { part, count in
      next += count
      return Piece(part: part, range: next - count..<next)
    }
  }

  private static let blockLength = 1 << 10
  /// As many weights show which step is the best.
  private static let enough = 1 << 18

  /// Every so many blocks of the weights, about ``enough`` in all.
  static func sample(_ pieces: [Piece]) -> [Piece] {
    let count = pieces.last?.range.upperBound ?? 0
    guard count > enough else { return pieces }
    let stride = blockLength * ((count - 1) / enough + 1)
    var sample: [Piece] = []
    for piece in pieces {
      var block = piece.range.lowerBound / stride * stride
      while block < piece.range.upperBound {
        let range = piece.range.clamped(to: block..<block + blockLength)
        if !range.isEmpty { sample.append(Piece(part: piece.part, range: range)) }
        block += stride
      }
    }
    return sample
  }
}
