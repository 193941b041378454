/// What all connections of a server share.
struct HTTPService: Sendable {
  let limits: HTTPLimits
  let access: HTTPAccess
  let handler: HTTPHandler
  let executor = HandlerExecutor()
  let statistics = Locked(HTTPStatistics())

  func count(_ body: (inout HTTPStatistics) -> Void) { statistics.withLock { body(&$0) } }
}
