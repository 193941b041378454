import CondenseEngine
import CondenseHTTP
import CondenseReports
import Foundation
import Logging

/// Tells log, event stream and metrics what happens.
struct DaemonEvents: Sendable {
  let feed: EventFeed
  let log: Logger
  let metrics: @Sendable () -> ServiceMetrics?

  func tell(_ event: ServiceEvent) {
    switch event {
    case .began(let build):
      // Most sweeps find nothing to do; one that does shows in its progress.
      if !build.isSweep { publish("build_began", BuildStateDocument(build)) }
    case .progressed(let build, _): publish("build_progress", BuildStateDocument(build))
    case .finished(let build):
      metrics()?.note(build)
      publish("build_finished", BuildStateDocument(build))
      let now = build.now
      log.debug(
        "build \(build.id) \(now.outcome?.rawValue ?? "done")",
        metadata: ["seconds": "\(Figures.number(now.seconds ?? 0))", "ran": "\(now.actions?.ran ?? 0)"])
    case .swept: break
    case .removed(let name):
      log.info("\(name): not served any more; its outputs stay")
      publish("pipeline_removed", RemovedPipelineDocument(name: name))
    case .changed(let pipeline):
      metrics()?.note(pipeline)
      publish("pipeline", PipelineStateDocument(pipeline))
      for text in pipeline.diagnostics { log.error("\(text)") }
      if pipeline.report.status == .failed {
        log.error("\(pipeline.line)")
      } else {
        log.info("\(pipeline.line)")
      }
    }
  }

  private func publish(_ name: String, _ document: some Encodable) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    guard let data = try? encoder.encode(document) else { return }
    feed.publish(name: name, data: String(decoding: data, as: UTF8.self))
  }
}

struct RemovedPipelineDocument: Encodable {
  var name: String
}
