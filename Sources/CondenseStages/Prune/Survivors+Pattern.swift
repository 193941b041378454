import CondenseTensors

extension Survivors {
  /// The `n` largest magnitudes of each `m` neighbours along the last axis.
  ///
  /// - Throws: ``StageError`` naming the first score that is not finite.
  init(
    of bytes: Bytes, dtype: DType, scores: FloatInput, n: Int, m: Int, shape: Shape
  ) throws(StageError) {
    if n == 2 && m == 4 && (shape.dimensions.last ?? 1) % 4 == 0 {
      let survivors = scores.withBits { bits in
        Survivors.writing(
          bytes, width: dtype.byteWidth, TwoOfFourPass(scores: bits, isElements: dtype == .f32))
      }
      guard let survivors else { throw scores.notFinite() }
      self = survivors
    } else {
      try scores.checkFinite()
      self.init(of: bytes, width: dtype.byteWidth, mask: PatternMasks.nOfM(scores, n: n, m: m, shape: shape))
    }
  }
}
