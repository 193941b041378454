import CondenseHTTP
import Testing

@Suite("Routes") struct HTTPRouterTests {
  static let router: HTTPRouter = {
    var router = HTTPRouter()
    router.on("GET /") { _ in .text("root") }
    router.on("GET /pipelines/:name/graph") { .text("graph \($0.parameters["name"] ?? "")") }
    router.on("GET /pipelines/:name") { .text("pipeline \($0.parameters["name"] ?? "")") }
    router.on("GET /pipelines/all") { _ in .text("all") }
    router.on("POST /pipelines/:name") { .text("post \($0.parameters["name"] ?? "")") }
    return router
  }()

  @Test(
    "A request goes to the route of its path and method",
    arguments: [
      ("GET", "/", "root"), ("GET", "/pipelines/a/graph", "graph a"), ("HEAD", "/pipelines/a", "pipeline a"),
      ("GET", "/pipelines/a%2Fb", "pipeline a/b"), ("GET", "/pipelines/all", "all"), ("POST", "/pipelines/a", "post a"),
      ("GET", "/pipelines/graph/graph?x=1", "graph graph"),
    ])
  func found(_ method: String, _ target: String, _ body: String) async throws {
    let response = await Self.router.respond(to: HTTPRequest(method: method, target: try HTTPTarget(target)))
    #expect(response.status == 200)
    #expect(response.text == body)
  }

  @Test(
    "Unknown paths are 404", arguments: ["/x", "/pipelines", "/pipelines/", "/pipelines//graph", "//", "/pipelines/a/"])
  func unknown(_ target: String) async throws {
    let response = await Self.router.respond(to: HTTPRequest(method: "GET", target: try HTTPTarget(target)))
    #expect(response.status == 404)
    #expect(response.text == "{\"error\": {\"status\": 404, \"message\": \"There is nothing at \(target).\"}}\n")
  }

  @Test(
    "A known path with another method is 405 and tells the methods",
    arguments: [
      ("DELETE", "/", "GET, HEAD"), ("PUT", "/pipelines/a", "GET, HEAD, POST"), ("POST", "/pipelines/all", "GET, HEAD"),
    ])
  func methods(_ method: String, _ target: String, _ allowed: String) async throws {
    let response = await Self.router.respond(to: HTTPRequest(method: method, target: try HTTPTarget(target)))
    #expect(response.status == 405)
    #expect(response.headers.first { $0.0 == "Allow" }?.1 == allowed)
  }
}

extension HTTPResponse {
  var text: String? {
    if case .bytes(let bytes) = body { String(decoding: bytes, as: UTF8.self) } else { nil }
  }
}
