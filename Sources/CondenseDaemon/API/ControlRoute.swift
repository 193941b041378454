import CondenseEngine
import CondenseHTTP
import CondenseReports
import Foundation

extension DaemonAPI {
  /// `condense build` by the daemon: what a command is to show comes as it happens.
  func control(_ request: HTTPRequest) async -> HTTPResponse {
    guard request.transport == .unixSocket else { return .error(404, "There is nothing at \(request.path).") }
    let wish: ControlRequest
    do {
      wish = try JSONDecoder().decode(ControlRequest.self, from: Data(request.body))
    } catch {
      return .error(400, "The body is no request of this version of condense.")
    }
    let service = service
    // The configuration may have named another one since the daemon started.
    let store = service.currentStoreFolder
    guard store == wish.store else {
      return .error(409, "it keeps its artifacts in '\(store)', this command in '\(wish.store)'")
    }
    return HTTPResponse(
      status: 200, headers: [("Content-Type", "application/x-ndjson")],
      body: .stream { writer in
        let (messages, feed) = AsyncStream.makeStream(of: ControlMessage.self)
        let id = service.build(wish.invocation, sink: ControlSink(style: wish.style, feed: feed)) { status in
          // Without a status the connection just ends, and the command does it itself.
          if let status { feed.yield(.exit(status)) }
          feed.finish()
        }
        defer { service.cancel(id) }
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            while true {
              feed.yield(.alive)
              try await Task.sleep(for: .seconds(ControlMessage.heartbeat))
            }
          }
          defer { group.cancelAll() }
          for await message in messages { try await writer.write(message.line()) }
        }
      })
  }
}

/// Sends what a build says to the command that asked for it.
private struct ControlSink: ReportSink {
  let style: TextStyle
  let feed: AsyncStream<ControlMessage>.Continuation

  func result(_ text: String) { feed.yield(.result(text)) }
  func note(_ text: String) { feed.yield(.note(text)) }
  func log(_ line: String) { feed.yield(.log(line)) }
  func endProgress() { feed.yield(.endProgress) }
  func progress(_ progress: BuildProgress) {
    feed.yield(
      .progress(
        finished: progress.finishedActions, ran: progress.ranActions, total: progress.totalActions,
        doing: progress.doing))
  }
}
