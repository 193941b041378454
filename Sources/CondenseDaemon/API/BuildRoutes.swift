import CondenseEngine
import CondenseFiles
import CondenseHTTP
import CondensePipelines
import CondenseReports
import Foundation

extension DaemonAPI {
  private static let id = APIRoute.Parameter(
    name: "id", place: .path, description: "A build's id, as the daemon gave it.", schema: ["type": "integer"])

  var buildRoutes: [APIRoute] {
    [
      APIRoute(
        method: "GET", path: "/api/builds", summary: "The last builds: those of this daemon, and the workspace's log.",
        parameters: [
          .init(
            name: "limit", place: .query, description: "How many of each; 20 if it is not said.",
            schema: ["type": "integer", "minimum": 1, "maximum": 1000])
        ], answer: .init(description: "Newest first.", schema: "BuildList"), errors: [400]
      ) { request in
        let text = request.query["limit"] ?? "20"
        guard let limit = Int(text), (1...1000).contains(limit) else {
          return .error(400, "'limit' is a number from 1 to 1000, not '\(text)'.")
        }
        return await blocking { builds(limit: limit) }
      },
      APIRoute(
        method: "POST", path: "/api/builds",
        summary: "Asks for a build of pipelines of this workspace; the answer does not wait for it.",
        body: "BuildRequest",
        answer: .init(status: 202, description: "It waits for its turn.", schema: "BuildAccepted"),
        errors: [400, 401, 403, 404]
      ) { request in await accept(request) },
      APIRoute(
        method: "GET", path: "/api/builds/{id}", summary: "One build of this daemon.", parameters: [Self.id],
        answer: .init(description: "The build.", schema: "Build"), errors: [404]
      ) { request in
        if let build = build(request) { return .document(BuildStateDocument(build)) }
        guard let id = Int(request.parameters["id"] ?? ""), service.isWaiting(id) else { return missing(request) }
        return .document(BuildStateDocument(waiting: id))
      },
      APIRoute(
        method: "GET", path: "/api/builds/{id}/log", summary: "What was said about a build of this daemon.",
        parameters: [Self.id],
        answer: .init(description: "A line each.", contentType: "text/plain; charset=utf-8"), errors: [404]
      ) { request in
        guard let build = build(request) else {
          let waits = Int(request.parameters["id"] ?? "").map { service.isWaiting($0) } ?? false
          return waits ? .text("") : missing(request)
        }
        return .text(build.now.log.map { $0 + "\n" }.joined())
      },
      APIRoute(
        method: "POST", path: "/api/builds/{id}/cancel",
        summary: "Ends a build that was asked for. What it finished is kept.", parameters: [Self.id],
        answer: .init(status: 202, description: "It is ending, or was through.", schema: "BuildAccepted"),
        errors: [401, 403, 404]
      ) { request in
        guard let id = Int(request.parameters["id"] ?? ""), service.cancelRequest(id) else { return missing(request) }
        return .document(BuildAcceptedDocument(id: id), status: 202)
      },
    ]
  }

  private func build(_ request: HTTPRequest) -> DaemonBuild? {
    guard let id = Int(request.parameters["id"] ?? "") else { return nil }
    return service.builds.last { $0.id == id || $0.request == id }
  }

  private func missing(_ request: HTTPRequest) -> HTTPResponse {
    .error(404, "There is no build '\(request.parameters["id"] ?? "")'; a daemon remembers its last hundred.")
  }

  private func builds(limit: Int) -> HTTPResponse {
    let running = service.builds.suffix(limit).reversed().map { BuildStateDocument($0) }
    let logged = BuildLog(Workspace(root: service.root))?.entries(limit: limit) ?? []
    return .document(BuildListDocument(daemon: running, log: logged))
  }

  private func accept(_ request: HTTPRequest) async -> HTTPResponse {
    let wish: BuildWish
    do {
      wish =
        try request.body.isEmpty
        ? BuildWish() : BuildWish.decoder.decode(BuildWish.self, from: Data(request.body))
    } catch {
      return .error(400, "The body is no build request: \(BuildWish.text(error))")
    }
    let workspace = Workspace(root: service.root)
    var paths: [String] = []
    for name in wish.pipelines ?? [] {
      if let state = service.pipelines.byName[name] {
        paths.append(state.report.file)
        continue
      }
      // A file that is not served yet; links in its path may lead anywhere, so it is looked at where it is.
      let path = AbsolutePath.resolve(name, from: workspace.root)
      guard let inside = FileSystem.realPath(path).map({ workspace.contains(realPath: $0) }) else {
        return .error(404, "There is no pipeline '\(name)' in this workspace.")
      }
      guard inside else { return .error(403, "'\(name)' is outside the workspace.") }
      paths.append(path)
    }
    guard (wish.jobs.map { (1...Configuration.mostJobs).contains($0) }) ?? true else {
      return .error(400, "'jobs' is a number from 1 to \(Configuration.mostJobs).")
    }
    let invocation = BuildInvocation(paths: paths, jobs: wish.jobs, keepGoing: wish.keepGoing ?? false)
    let id = service.build(invocation, sink: SilentSink()) { _ in }
    return .document(BuildAcceptedDocument(id: id), status: 202)
  }
}

/// The body of `POST /api/builds`.
struct BuildWish: Decodable {
  /// Names, or files relative to the workspace; all where it is left out.
  var pipelines: [String]?
  var jobs: Int?
  var keepGoing: Bool?

  static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }

  init() {}

  /// What is wrong, without the decoder's internals.
  static func text(_ error: any Error) -> String {
    switch error as? DecodingError {
    case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?:
      "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' is of another type"
    case .keyNotFound(let key, _)?: "'\(key.stringValue)' is missing"
    default: "it is no JSON object"
    }
  }
}

/// Nobody waits for what is said: the build's log has it.
private struct SilentSink: ReportSink {
  let style = TextStyle.plain
  func result(_ text: String) {}
  func note(_ text: String) {}
  func log(_ line: String) {}
  func progress(_ progress: BuildProgress) {}
  func endProgress() {}
}

struct BuildAcceptedDocument: Encodable {
  /// What asks after it: `GET /api/builds/{id}`.
  var id: Int
}

struct BuildListDocument: Encodable {
  var daemon: [BuildStateDocument]
  var log: [BuildLogEntry]
}
