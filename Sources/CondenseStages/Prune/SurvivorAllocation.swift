/// Spreads one sparsity over a model's tensors.
enum SurvivorAllocation {
  /// For each tensor how many of its units stay, so that the largest of all stay; of equal ones those of the first
  /// tensor.
  static func allocate(_ measurements: [Measurement], sparsity: Double) throws(StageError) -> [Allocation] {
    var summaries: [MagnitudeSummary] = []
    for measurement in measurements { summaries.append(try MagnitudeSummary(measurement)) }
    var total = 0
    for summary in summaries {
      // No summary is read that claims more, so one sum more cannot overflow.
      total += summary.unitCount * summary.unitSize
      guard total <= MagnitudeSummary.mostElements else { throw StageError("the measurements are damaged") }
    }
    var wanted = SurvivorCount.survivors(of: total, sparsity: sparsity)
    var kept = summaries.map { _ in 0 }
    // Each tensor's entries come largest first: take the largest head of all, again and again.
    var heads = Heap(
      summaries.enumerated().compactMap { tensor, summary in
        summary.entries.first.map { Heap.Head(score: $0.score, tensor: tensor, entry: 0) }
      })
    while wanted > 0, let head = heads.popLargest() {
      let summary = summaries[head.tensor]
      // A unit is taken if that comes nearer to what is wanted than leaving it.
      let units = min(summary.entries[head.entry].count, (wanted + summary.unitSize / 2) / summary.unitSize)
      kept[head.tensor] += units
      wanted -= units * summary.unitSize
      guard units == summary.entries[head.entry].count else { break }
      if head.entry + 1 < summary.entries.count {
        heads.push(
          Heap.Head(score: summary.entries[head.entry + 1].score, tensor: head.tensor, entry: head.entry + 1))
      }
    }
    return kept.map { Allocation([$0]) }
  }

  /// A binary heap of each tensor's next entry.
  private struct Heap {
    struct Head {
      var score: UInt32
      var tensor: Int
      var entry: Int

      func isBefore(_ other: Head) -> Bool { score == other.score ? tensor < other.tensor : score > other.score }
    }

    private var heads: [Head] = []

    init(_ heads: [Head]) { for head in heads { push(head) } }

    mutating func push(_ head: Head) {
      heads.append(head)
      var child = heads.count - 1
      while child > 0, heads[child].isBefore(heads[(child - 1) / 2]) {
        heads.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
    }

    mutating func popLargest() -> Head? {
      guard let largest = heads.first, let last = heads.popLast() else { return nil }
      guard !heads.isEmpty else { return largest }
      heads[0] = last
      var parent = 0
      while true {
        var best = parent
        for child in [2 * parent + 1, 2 * parent + 2] where child < heads.count && heads[child].isBefore(heads[best]) {
          best = child
        }
        guard best != parent else { return largest }
        heads.swapAt(parent, best)
        parent = best
      }
    }
  }
}
