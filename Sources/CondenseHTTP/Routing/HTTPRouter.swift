/// Finds the handler of a request by method and path.
public struct HTTPRouter: Sendable {
  private var routes: [(pattern: RoutePattern, method: String, handler: HTTPHandler)] = []
  /// All routes as they were added.
  public private(set) var table: [String] = []

  public init() {}

  /// Adds a route such as `GET /api/pipelines/:name/graph`. What stands for `:name` is among the request's
  /// ``HTTPRequest/parameters``. GET answers HEAD too.
  ///
  /// Of two routes for one path, the one with more literal segments at the front is taken, else the earlier.
  public mutating func on(_ route: String, _ handler: @escaping HTTPHandler) {
    table.append(route)
    let words = route.split(separator: " ", maxSplits: 1)
    let method = words.count == 2 ? String(words[0]) : "GET"
    routes.append((RoutePattern(words.last ?? "/"), method, handler))
  }

  public func respond(to request: HTTPRequest) async -> HTTPResponse {
    let matches = routes.compactMap { route in
      route.pattern.match(request.pathComponents).map { (route: route, parameters: $0) }
    }
    // The best path decides alone: its methods are those that it allows.
    guard let best = matches.map(\.route.pattern).min(by: { $0.isBetter(than: $1) }) else {
      return .error(404, "There is nothing at \(request.path).")
    }
    let candidates = matches.filter { $0.route.pattern.isAsGood(as: best) }
    let found =
      candidates.first { $0.route.method == request.method }
      ?? candidates.first { $0.route.method == "GET" && request.method == "HEAD" }
    guard let found else {
      let methods = Set(candidates.flatMap { $0.route.method == "GET" ? ["GET", "HEAD"] : [$0.route.method] })
      var response = HTTPResponse.error(405, "\(request.path) knows no \(request.method).")
      response.headers.append(("Allow", methods.sorted().joined(separator: ", ")))
      return response
    }
    var request = request
    request.parameters = found.parameters
    return await found.route.handler(request)
  }
}
