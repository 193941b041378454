/// How values are spread over fixed buckets.
public final class Histogram: Metric {
  private struct State {
    /// One more than there are bounds.
    var counts: [Int]
    var sum = 0.0
  }

  private let bounds: [Double]
  private let state: Locked<State>

  init(buckets: [Double]) {
    bounds = Set(buckets.filter(\.isFinite)).sorted()
    state = Locked(State(counts: Array(repeating: 0, count: bounds.count + 1)))
  }

  public func observe(_ value: Double) {
    let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
    state.withLock {
      $0.counts[bucket] += 1
      $0.sum += value
    }
  }

  /// Each bucket counts those below it too.
  var samples: [MetricSample] {
    let state = state.withLock { $0 }
    var below = 0
    var samples: [MetricSample] = []
    for (bound, count) in zip(bounds + [.infinity], state.counts) {
      below += count
      samples.append(
        MetricSample(
          suffix: "_bucket", label: MetricLabel(name: "le", value: MetricFamily.text(bound)), value: Double(below)))
    }
    return samples + [
      MetricSample(suffix: "_sum", value: state.sum), MetricSample(suffix: "_count", value: Double(below)),
    ]
  }
}
