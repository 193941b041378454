/// The codes of a tensor's weights, for given steps: those that cost the least in squared error and bits, where the
/// bits are those of an ideal code for just these codes.
///
/// Codes and rates are found in turns, neither of which makes the sum larger, until the codes stay: entropy-constrained
/// scalar quantization (Chou, Lookabaugh and Gray, "Entropy-Constrained Vector Quantization", 1989).
struct StepFit {
  let steps: PartSteps
  let range: ClosedRange<Int32>
  let bins: StepBins
  /// One for each of the steps' rules.
  private(set) var tables: [DecisionTable]
  /// What each code takes, infinite for those that are not in use.
  private(set) var rates: [Double]
  /// What the weights' codes take.
  private(set) var bits: Double

  private static let mostTurns = 64

  /// - Parameters:
  ///   - range: the codes, less the zero point.
  ///   - rates: what each code takes, to begin with; nil to begin with the error alone.
  init(
    _ steps: PartSteps, range: ClosedRange<Int32>, rates: [Double]? = nil, pieces: [Piece],
    values: UnsafeBufferPointer<Float>
  ) {
    self.steps = steps
    self.range = range
    let bins = StepBins(steps: max(-range.lowerBound, range.upperBound))
    self.bins = bins
    let weights = StepFit.histograms(steps, bins, pieces, values)
    let used = steps.rules.indices.map { rule in
      (0..<bins.count).filter { weights[rule * bins.count + $0] > 0 }
    }
    self.rates = rates ?? range.map { _ in 0 }
    tables = []
    bits = 0
    for _ in 0..<StepFit.mostTurns {
      let decided = zip(steps.rules, used).map { rule, used in
        DecisionTable(rule, rates: self.rates, range: range, bins: bins, used: used)
      }
      if decided == tables { break }
      tables = decided
      let counts = counts(weights, used)
      self.rates = Logarithm.idealRates(counts)
      bits = 0
      for (count, rate) in zip(counts, self.rates) where count > 0 { bits += Double(count) * rate }
    }
  }

  /// How many weights have each code.
  private func counts(_ weights: [Int], _ used: [[Int]]) -> [Int] {
    var counts = range.map { _ in 0 }
    for (kind, table) in tables.enumerated() {
      for bin in used[kind] {
        counts[Int(table.offsets[bin]) - Int(range.lowerBound)] += weights[kind * bins.count + bin]
      }
    }
    return counts
  }

  /// For each rule, how many weights are in each bin.
  private static func histograms(
    _ steps: PartSteps, _ bins: StepBins, _ pieces: [Piece], _ values: UnsafeBufferPointer<Float>
  ) -> [Int] {
    var counts = [Int](repeating: 0, count: bins.count * steps.rules.count)
    counts.withUnsafeMutableBufferPointer { counts in
      for piece in pieces {
        let scale = steps.scales[piece.part]
        let start = bins.count * steps.kinds[piece.part]
        for value in values[piece.range] { counts[start + bins.bin(value, scale: scale)] += 1 }
      }
    }
    return counts
  }

  /// The squared error of what the codes decode to.
  func error(_ pieces: [Piece], _ values: UnsafeBufferPointer<Float>) -> Double {
    var sum = 0.0
    for piece in pieces {
      let scale = steps.scales[piece.part]
      tables[steps.kinds[piece.part]].offsets.withUnsafeBufferPointer { offsets in
        for value in values[piece.range] {
          let difference = Double(value) - Double(Float(offsets[bins.bin(value, scale: scale)]) * scale)
          sum += difference * difference
        }
      }
    }
    return sum
  }

  /// Writes each weight's code.
  func write(
    _ pieces: [Piece], _ values: UnsafeBufferPointer<Float>, zeroPoint: Int32,
    into target: UnsafeMutableRawBufferPointer
  ) {
    let codes = tables.map { table in table.offsets.map { UInt8(truncatingIfNeeded: Int32($0) + zeroPoint) } }
    for piece in pieces {
      let scale = steps.scales[piece.part]
      codes[steps.kinds[piece.part]].withUnsafeBufferPointer { codes in
        for index in piece.range { target[index] = codes[bins.bin(values[index], scale: scale)] }
      }
    }
  }
}
