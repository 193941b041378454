import CondenseEngine
import CondenseHTTP
import CondenseReports
import CondenseStore

extension DaemonAPI {
  var stateRoutes: [APIRoute] {
    [
      APIRoute(
        method: "GET", path: "/api/status", summary: "The daemon, what runs, and all pipelines.",
        answer: .init(description: "As of now.", schema: "Status")
      ) { _ in
        let states = service.pipelines
        return .document(
          ServiceDocument(
            workspace: service.root, daemon: identity(), building: service.current.map { BuildStateDocument($0) },
            pipelines: PipelineListDocument(pipelines: states).pipelines, problems: states.problems))
      },
      APIRoute(
        method: "GET", path: "/api/events",
        summary:
          "What happens, as server-sent events: build_began, build_progress, build_finished, pipeline, pipeline_removed.",
        parameters: [
          .init(
            name: "Last-Event-ID", place: .header,
            description: "Goes on behind this event. Where the daemon no longer has it, an event 'reset' comes first."),
          .init(name: "since", place: .query, description: "The same, for clients that cannot set headers."),
        ], answer: .init(description: "Until the client goes.", contentType: "text/event-stream")
      ) { request in feed.response(to: request) },
      APIRoute(
        method: "GET", path: "/api/cache", summary: "What is in the store.",
        answer: .init(description: "As 'condense cache stats --json' tells it.", schema: "CacheStatistics"),
        errors: [503]
      ) { _ in
        let service = service
        return await blocking {
          do {
            let store = try service.store()
            let limit = Workspace(root: service.root).configuration.cacheLimit?.value ?? LocalStore.defaultLimit
            return .document(CacheStatsDocument(store.statistics(), folder: store.root, limit: limit))
          } catch {
            return .error(503, "\(error)")
          }
        }
      },
      APIRoute(
        method: "GET", path: "/healthz", summary: "Whether the daemon answers.",
        answer: .init(description: "It does.", contentType: "text/plain; charset=utf-8")
      ) { _ in .text("ok\n") },
      APIRoute(
        method: "GET", path: "/metrics", summary: "Counters, gauges and histograms for Prometheus.",
        answer: .init(description: "Text format 0.0.4.", contentType: "text/plain; version=0.0.4; charset=utf-8")
      ) { _ in .text(metrics.text(), contentType: "text/plain; version=0.0.4; charset=utf-8") },
    ]
  }
}
