/// The least squared error of values in a number of clusters: the plain dynamic programme, in which the best last cut moves
/// to the right with the end, so that those of the middle bound those of both halves.
func leastError(_ values: [Float], clusters: Int) -> Double {
  let sorted = values.map { Double($0) }.sorted()
  let count = sorted.count
  var sums = [0.0]
  var squares = [0.0]
  for value in sorted {
    sums.append(sums[sums.count - 1] + value)
    squares.append(squares[squares.count - 1] + value * value)
  }
  var before = [Double](repeating: .infinity, count: count + 1)
  var after = before
  before[0] = 0
  for _ in 0..<clusters {
    var ranges = [(ends: 0...count, cuts: 0...count)]
    while let (ends, cuts) = ranges.popLast() {
      let end = (ends.lowerBound + ends.upperBound) / 2
      var best = (error: Double.infinity, cut: cuts.lowerBound)
      for cut in cuts.lowerBound...max(cuts.lowerBound, min(cuts.upperBound, end)) {
        let sum = sums[end] - sums[cut]
        let within = cut < end ? squares[end] - squares[cut] - sum * sum / Double(end - cut) : 0
        if before[cut] + within < best.error { best = (before[cut] + within, cut) }
      }
      after[end] = best.error
      if ends.lowerBound < end { ranges.append((ends.lowerBound...end - 1, cuts.lowerBound...best.cut)) }
      if end < ends.upperBound { ranges.append((end + 1...ends.upperBound, best.cut...cuts.upperBound)) }
    }
    swap(&before, &after)
  }
  return before[count]
}
