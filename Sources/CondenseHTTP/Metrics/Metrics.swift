/// Counters, gauges and histograms of one process, told in Prometheus' text format 0.0.4.
///
/// There is no global one: who counts is given one.
public final class Metrics: Sendable {
  private let families = Locked<[MetricFamily]>([])

  public init() {}

  /// A counter; one that is already there under this name and these labels is the same.
  public func counter(_ name: String, _ help: String, labels: [String: String] = [:]) -> Counter {
    register(name, help, "counter", labels) { Counter() }
  }

  public func gauge(_ name: String, _ help: String, labels: [String: String] = [:]) -> Gauge {
    register(name, help, "gauge", labels) { Gauge() }
  }

  /// A gauge that is asked whenever somebody looks.
  public func gauge(
    _ name: String, _ help: String, labels: [String: String] = [:], _ value: @escaping @Sendable () -> Double
  ) {
    _ = register(name, help, "gauge", labels) { ComputedMetric(value: value) }
  }

  /// A counter that something else keeps.
  public func counter(
    _ name: String, _ help: String, labels: [String: String] = [:], _ value: @escaping @Sendable () -> Double
  ) {
    _ = register(name, help, "counter", labels) { ComputedMetric(value: value) }
  }

  /// - Parameter buckets: Their upper bounds, ascending; one without a bound is added.
  public func histogram(
    _ name: String, _ help: String, buckets: [Double], labels: [String: String] = [:]
  ) -> Histogram {
    register(name, help, "histogram", labels) { Histogram(buckets: buckets) }
  }

  /// The names in order of registration, so that the text is the same each time.
  public var text: String { families.withLock { $0 }.map(\.text).joined() }

  public var response: HTTPResponse {
    .text(text, contentType: "text/plain; version=0.0.4; charset=utf-8")
  }

  /// A name that is another kind's already is a programmer's mistake: the metric then counts, but is not told.
  private func register<M: Metric>(
    _ name: String, _ help: String, _ kind: String, _ labels: [String: String], _ make: () -> M
  ) -> M {
    let labels = labels.sorted { $0.key < $1.key }.map { MetricLabel(name: $0.key, value: $0.value) }
    return families.withLock { families in
      let place =
        families.firstIndex { $0.name == name }
        ?? {
          families.append(MetricFamily(name: name, help: help, kind: kind))
          return families.count - 1
        }()
      if let known = families[place].series.first(where: { $0.labels == labels })?.metric as? M { return known }
      let metric = make()
      let isSound = families[place].kind == kind && !families[place].series.contains { $0.labels == labels }
      assert(isSound, "\(name) is a \(families[place].kind) already")
      if isSound { families[place].series.append((labels, metric)) }
      return metric
    }
  }
}
