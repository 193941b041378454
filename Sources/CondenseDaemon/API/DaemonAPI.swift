import CondenseEngine
import CondenseHTTP
import CondenseReports
import Foundation

/// What the daemon answers over HTTP, made from what its service knows.
struct DaemonAPI: Sendable {
  let service: WorkspaceService
  let feed: EventFeed
  let metrics: ServiceMetrics
  /// What it is and how it watches, now.
  let identity: @Sendable () -> ServiceDocument.Daemon

  var routes: [APIRoute] {
    pipelineRoutes + buildRoutes + stateRoutes
  }

  /// Everything that it answers.
  func router() -> HTTPRouter {
    var router = HTTPRouter()
    let document = Array(OpenAPIDocument(routes, version: DaemonVersion.api).json.text.utf8)
    router.on("GET /api/openapi.json") { _ in .json(document) }
    router.on("POST /control/build") { await control($0) }
    for route in routes { router.on(route.pattern, route.handler) }
    return router
  }
}

package enum DaemonVersion {
  /// Of the API: raised where an answer loses or renames something.
  static let api = "1.0.0"
}

extension HTTPResponse {
  /// A document as `--json` prints it.
  static func document(_ document: some Encodable, status: Int = 200) -> HTTPResponse {
    guard let text = try? JSONOutput.text(document) else { return .error(500, "The answer cannot be written as JSON.") }
    return .json(Array((text + "\n").utf8), status: status)
  }
}

/// Does work that blocks a thread beside those that answer requests.
func blocking<T: Sendable>(_ work: @escaping @Sendable () -> T) async -> T {
  await withCheckedContinuation { continuation in
    DispatchQueue.global().async { continuation.resume(returning: work()) }
  }
}
