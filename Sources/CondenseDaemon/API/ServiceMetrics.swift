import CondenseEngine
import CondenseHTTP

/// What Prometheus is told: the names here are part of the API.
final class ServiceMetrics: Sendable {
  private let metrics = Metrics()
  private let builds: [String: Counter]
  private let ran: Counter
  private let reused: Counter
  private let bytesIn: Counter
  private let bytesOut: Counter
  private let seconds: Histogram

  /// - Parameters:
  ///   - queueDepth: jobs that wait or run.
  ///   - watches: the kernel's watches, or files looked at per scan.
  init(
    queueDepth: @escaping @Sendable () -> Int, watches: @escaping @Sendable () -> Int,
    connections: @escaping @Sendable () -> Int
  ) {
    let metrics = metrics
    builds = Dictionary(
      uniqueKeysWithValues: ["done", "failed", "invalid", "withdrawn"].map {
        ($0, metrics.counter("condense_builds_total", "Builds that came to an end.", labels: ["outcome": $0]))
      })
    ran = metrics.counter("condense_actions_ran_total", "Stage executions.")
    reused = metrics.counter("condense_actions_reused_total", "Stage executions that were found in the cache.")
    bytesIn = metrics.counter("condense_source_bytes_total", "Bytes of the models that outputs were built from.")
    bytesOut = metrics.counter("condense_output_bytes_total", "Bytes of the outputs that were written.")
    seconds = metrics.histogram(
      "condense_build_seconds", "How long builds took.",
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300])
    metrics.gauge("condense_queue_depth", "Builds that wait or run.") { Double(queueDepth()) }
    metrics.gauge("condense_watches", "Kernel watches, or files looked at per scan.") { Double(watches()) }
    metrics.gauge("condense_http_connections", "Open connections.") { Double(connections()) }
  }

  func text() -> String { metrics.text }

  func note(_ build: DaemonBuild) {
    let now = build.now
    builds[now.outcome?.rawValue ?? "done"]?.increment()
    if let took = now.seconds { seconds.observe(took) }
    guard let actions = now.actions else { return }
    ran.increment(by: Double(actions.ran))
    reused.increment(by: Double(actions.cached))
  }

  func note(_ pipeline: PipelineState) {
    let written = pipeline.report.outputs.filter(\.wasWritten)
    guard let first = written.first else { return }
    bytesIn.increment(by: Double(first.metrics.sourceBytes))
    bytesOut.increment(by: Double(written.reduce(0) { $0 + $1.bytes }))
  }
}
