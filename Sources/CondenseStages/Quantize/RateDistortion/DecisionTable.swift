/// What decides between codes, the same for all parts with about the same step.
struct DecisionRule: Hashable {
  /// The slope in squared steps: what a bit may cost.
  var slope: Double
  /// The fewest steps from zero that a weight may be rounded to; 0 where it may be rounded to zero.
  var least: Int32
}

/// For each bin the offset, code minus zero point, whose squared error plus price in bits is the least. Zeros have offset
/// 0 whatever it costs.
///
/// Of x steps, offset k costs (x − k)² + slope · rate(k): x² and a line in x, so that the best offsets are the lower
/// envelope of lines, and each has an interval.
struct DecisionTable: Equatable {
  private(set) var offsets: [Int16]

  /// - Parameters:
  ///   - rates: bits for each of `range`, infinite for those that are not in use.
  ///   - used: the bins to decide, ascending; the others are never looked up.
  init(_ rule: DecisionRule, rates: [Double], range: ClosedRange<Int32>, bins: StepBins, used: [Int]) {
    offsets = [Int16](repeating: 0, count: bins.count)
    let (least, most) = (range.lowerBound, range.upperBound)
    let negative = rule.least > 0 ? least...max(least, min(-rule.least, most)) : range
    let positive = rule.least > 0 ? min(most, max(rule.least, least))...most : range
    let first = used.firstIndex { $0 >= bins.half } ?? used.count
    fill(used[..<first], Line.envelope(negative, rates, range, rule.slope), bins)
    fill(used[first...], Line.envelope(positive, rates, range, rule.slope), bins)
  }

  private mutating func fill(_ used: ArraySlice<Int>, _ envelope: [Line], _ bins: StepBins) {
    var current = 0
    for bin in used where bin != bins.zero {
      let x = bins.middle(bin)
      while current + 1 < envelope.count && envelope[current + 1].value(at: x) <= envelope[current].value(at: x) {
        current += 1
      }
      offsets[bin] = Int16(envelope[current].offset)
    }
  }

  /// `height − 2 · offset · x`.
  private struct Line {
    var offset: Int32
    var height: Double

    func value(at x: Double) -> Double { height - 2 * Double(offset) * x }

    /// Of the offsets `allowed` those that are the best somewhere; where none is in use, as if bits were free.
    static func envelope(
      _ allowed: ClosedRange<Int32>, _ rates: [Double], _ range: ClosedRange<Int32>, _ slope: Double
    ) -> [Line] {
      func rate(_ offset: Int32) -> Double { rates[Int(offset - range.lowerBound)] }
      let inUse = allowed.filter { rate($0).isFinite }
      return lowerEnvelope(
        inUse.isEmpty
          ? allowed.map { Line(offset: $0, height: Double($0) * Double($0)) }
          : inUse.map { Line(offset: $0, height: Double($0) * Double($0) + slope * rate($0)) })
    }

    /// Those of ascending offsets that are the least somewhere.
    private static func lowerEnvelope(_ lines: [Line]) -> [Line] {
      var envelope: [Line] = []
      for line in lines {
        while envelope.count >= 2 {
          let (first, middle) = (envelope[envelope.count - 2], envelope[envelope.count - 1])
          // Where the new line takes over from the first, the middle one has not been the least yet.
          let toLine = (line.height - first.height) * Double(middle.offset - first.offset)
          let toMiddle = (middle.height - first.height) * Double(line.offset - first.offset)
          guard toLine <= toMiddle else { break }
          envelope.removeLast()
        }
        envelope.append(line)
      }
      return envelope
    }
  }
}
