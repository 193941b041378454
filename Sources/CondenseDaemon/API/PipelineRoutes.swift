import CondenseEngine
import CondenseHTTP
import CondenseReports

extension DaemonAPI {
  private static let name = APIRoute.Parameter(
    name: "name", place: .path, description: "The pipeline's name, percent-encoded: `digits`, `sweep%5Bbits=4%5D`.")

  var pipelineRoutes: [APIRoute] {
    [
      APIRoute(
        method: "GET", path: "/api/pipelines", summary: "All pipelines, with what last became of them.",
        answer: .init(description: "In the order of their files.", schema: "PipelineList")
      ) { _ in
        .document(PipelineListDocument(pipelines: service.pipelines))
      },
      APIRoute(
        method: "GET", path: "/api/pipelines/{name}", summary: "One pipeline.", parameters: [Self.name],
        answer: .init(description: "The pipeline.", schema: "Pipeline"), errors: [404]
      ) { request in
        guard let state = state(request) else { return unknown(request) }
        return .document(PipelineStateDocument(state))
      },
      APIRoute(
        method: "GET", path: "/api/pipelines/{name}/graph",
        summary: "Its stages: what is cached and what would run, and where a running build is with each.",
        parameters: [Self.name], answer: .init(description: "The graph.", schema: "Graph"), errors: [404, 422]
      ) { request in
        guard let state = state(request) else { return unknown(request) }
        return await blocking { graph(state) }
      },
      APIRoute(
        method: "GET", path: "/api/pipelines/{name}/why",
        summary: "Why each action of its last build ran or was reused.", parameters: [Self.name],
        answer: .init(description: "The causes.", schema: "Explanation"), errors: [404]
      ) { request in
        let name = request.parameters["name"] ?? ""
        let root = service.root
        return await blocking {
          guard let explanation = Explanation(of: name, in: Workspace(root: root)) else {
            return .error(404, "No build of '\(name)' is on record.")
          }
          return .document(ExplanationDocument(explanation))
        }
      },
    ]
  }

  private func state(_ request: HTTPRequest) -> PipelineState? {
    service.pipelines.byName[request.parameters["name"] ?? ""]
  }

  private func unknown(_ request: HTTPRequest) -> HTTPResponse {
    .error(404, "There is no pipeline '\(request.parameters["name"] ?? "")' in this workspace.")
  }

  private func graph(_ state: PipelineState) -> HTTPResponse {
    let workspace = Workspace(root: service.root)
    var request = BuildRequest(workspace: workspace, files: [state.report.file], jobs: 1)
    request.usesRecords = false
    let run = service.engine(for: workspace).dryRun(request)
    guard let planned = run.pipelines.first(where: { $0.name == state.report.name }) else {
      return .error(422, state.report.error ?? "The pipeline is invalid.")
    }
    let activity = service.current?.monitor.activity()[planned.name]
    return .document(LiveGraphDocument(graph: StageGraph(planned, workspace: workspace), activity: activity))
  }
}

struct PipelineListDocument: Encodable {
  var pipelines: [PipelineStateDocument]
  init(pipelines: PipelineStates) {
    self.pipelines = pipelines.names.compactMap { pipelines.byName[$0] }.map { PipelineStateDocument($0) }
  }
}

/// A pipeline's graph, and how far a build that runs has come with each stage, by id; null where none does.
struct LiveGraphDocument: Encodable {
  var pipeline: GraphDocument.Pipeline
  var activity: Nullable<[String: BuildMonitor.Activity]>

  init(graph: StageGraph, activity: [String: BuildMonitor.Activity]?) {
    pipeline = graph.document
    self.activity = Nullable(activity)
  }
}
