import CondenseTensors

/// A tensor's scores in short, for a decision over the model: how many there are of each, largest first.
///
/// A tensor of up to 2^18 units is summarised exactly. A larger one is by the scores' upper bits, ten of the mantissa:
/// exact for float16 and bfloat16 weights, within 0.1 % of the magnitude for float32.
struct MagnitudeSummary: Equatable {
  struct Entry: Equatable {
    /// A score, or the middle of the scores that are counted together.
    var score: UInt32
    var count: Int
  }

  var unitSize: Int
  var entries: [Entry]

  private static let largestExact = 1 << 18
  private static let shift: UInt32 = 13

  init(scores: [UInt32], unitSize: Int) {
    self.unitSize = unitSize
    entries = []
    if scores.count <= MagnitudeSummary.largestExact {
      for score in scores.sorted(by: >) {
        if entries.last?.score == score {
          entries[entries.count - 1].count += 1
        } else {
          entries.append(Entry(score: score, count: 1))
        }
      }
      return
    }
    var counts = [Int](repeating: 0, count: 1 << (32 - Int(MagnitudeSummary.shift)))
    var lowest = [UInt32](repeating: .max, count: counts.count)
    var highest = [UInt32](repeating: 0, count: counts.count)
    for score in scores {
      let bin = Int(score >> MagnitudeSummary.shift)
      counts[bin] += 1
      lowest[bin] = min(lowest[bin], score)
      highest[bin] = max(highest[bin], score)
    }
    for bin in counts.indices.reversed() where counts[bin] > 0 {
      // Where all are the same, that score; else one that depends on nothing but the bin.
      let middle = UInt32(bin) << MagnitudeSummary.shift | 1 << (MagnitudeSummary.shift - 1)
      entries.append(Entry(score: lowest[bin] == highest[bin] ? lowest[bin] : middle, count: counts[bin]))
    }
  }

  /// The summary as little-endian words: unit size, then score and count of each entry.
  var measurement: Measurement {
    var words = [UInt64(unitSize)]
    for entry in entries { words += [UInt64(entry.score), UInt64(entry.count)] }
    return Measurement(Bytes(elements: words))
  }

  init(_ measurement: Measurement) throws(StageError) {
    let words = measurement.bytes.elements(of: UInt64.self)
    guard words.count % 2 == 1, let size = words.first.flatMap({ Int(exactly: $0) }), size > 0 else {
      throw StageError("a measurement is damaged")
    }
    unitSize = size
    entries = []
    for index in stride(from: 1, to: words.count, by: 2) {
      guard let score = UInt32(exactly: words[index]), let count = Int(exactly: words[index + 1]), count > 0 else {
        throw StageError("a measurement is damaged")
      }
      entries.append(Entry(score: score, count: count))
    }
  }
}

/// Spreads one sparsity over a model's tensors.
enum SurvivorAllocation {
  /// For each tensor how many of its units stay, so that the largest of all stay; of equal ones those of the first
  /// tensor.
  static func allocate(_ measurements: [Measurement], sparsity: Double) throws(StageError) -> [Allocation] {
    var summaries: [MagnitudeSummary] = []
    for measurement in measurements { summaries.append(try MagnitudeSummary(measurement)) }
    let total = summaries.reduce(0) { sum, summary in
      sum + summary.entries.reduce(0) { $0 + $1.count } * summary.unitSize
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
