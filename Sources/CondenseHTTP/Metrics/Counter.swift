/// What only grows.
public final class Counter: Metric {
  private let count = Locked(0.0)

  /// Less than nothing is not counted.
  public func increment(by amount: Double = 1) {
    if amount > 0 { count.withLock { $0 += amount } }
  }

  public var value: Double { count.withLock { $0 } }

  var samples: [MetricSample] { [MetricSample(value: value)] }
}

/// What goes up and down.
public final class Gauge: Metric {
  private let current = Locked(0.0)

  public func set(_ value: Double) { current.withLock { $0 = value } }

  public func add(_ change: Double) { current.withLock { $0 += change } }

  public var value: Double { current.withLock { $0 } }

  var samples: [MetricSample] { [MetricSample(value: value)] }
}

/// What something else knows.
final class ComputedMetric: Metric {
  private let value: @Sendable () -> Double

  init(value: @escaping @Sendable () -> Double) { self.value = value }

  var samples: [MetricSample] { [MetricSample(value: value())] }
}
