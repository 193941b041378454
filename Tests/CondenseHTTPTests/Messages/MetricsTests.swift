import CondenseHTTP
import Foundation
import Testing

@Suite("Metrics") struct MetricsTests {
  @Test("The text is Prometheus' format 0.0.4, in order of registration")
  func text() throws {
    let metrics = Metrics()
    let builds = metrics.counter("builds_total", "Builds that ended.", labels: ["result": "ok", "by": "a \"b\"\\c\nd"])
    let failed = metrics.counter("builds_total", "Builds that ended.", labels: ["result": "failed", "by": "x"])
    let queue = metrics.gauge("queue_length", "Back\\slash and\nline, \"quotes\" stay.")
    metrics.gauge("store_bytes", "Asked when somebody looks.") { 1.5e15 }
    let seconds = metrics.histogram(
      "build_seconds", "Time.", buckets: [1, 0.5, .infinity, 1], labels: ["kind": "full"])
    _ = metrics.gauge("nothing", "A gauge that nobody has set.")

    builds.increment()
    builds.increment(by: 2)
    failed.increment(by: 0.5)
    failed.increment(by: -1)
    queue.set(3)
    queue.add(-4.25)
    for value in [0.25, 0.5, 0.75, 8] { seconds.observe(value) }
    #expect(
      metrics.text == """
        # HELP builds_total Builds that ended.
        # TYPE builds_total counter
        builds_total{by="a \\"b\\"\\\\c\\nd",result="ok"} 3
        builds_total{by="x",result="failed"} 0.5
        # HELP queue_length Back\\\\slash and\\nline, "quotes" stay.
        # TYPE queue_length gauge
        queue_length -1.25
        # HELP store_bytes Asked when somebody looks.
        # TYPE store_bytes gauge
        store_bytes 1500000000000000
        # HELP build_seconds Time.
        # TYPE build_seconds histogram
        build_seconds_bucket{kind="full",le="0.5"} 2
        build_seconds_bucket{kind="full",le="1"} 3
        build_seconds_bucket{kind="full",le="+Inf"} 4
        build_seconds_sum{kind="full"} 9.5
        build_seconds_count{kind="full"} 4
        # HELP nothing A gauge that nobody has set.
        # TYPE nothing gauge
        nothing 0

        """)
    #expect(metrics.response.headers.first?.1 == "text/plain; version=0.0.4; charset=utf-8")
  }

  @Test("A metric that is registered twice is the same")
  func twice() {
    let metrics = Metrics()
    metrics.counter("a", "A.").increment()
    metrics.counter("a", "A.").increment()
    #expect(metrics.counter("a", "A.").value == 2)
    #expect(metrics.text == "# HELP a A.\n# TYPE a counter\na 2\n")
  }

  @Test("What several threads count is all there")
  func threads() {
    let metrics = Metrics()
    let counter = metrics.counter("a", "A.")
    let histogram = metrics.histogram("b", "B.", buckets: [1])
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for _ in 0..<10_000 {
        counter.increment()
        histogram.observe(1)
      }
    }
    #expect(counter.value == 40_000)
    #expect(metrics.text.contains("b_count 40000\n"))
  }
}
