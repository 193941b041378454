import CondenseEngine
import CondenseFiles
import CondenseReports
import Foundation

/// A command's way to the daemon that serves its workspace.
package struct DaemonClient {
  private let folder: DaemonFolder
  package let record: DaemonRecord
  /// For one request.
  private let connection: UnixSocketConnection

  /// That a daemon is there, but cannot do it; in words for the user.
  package struct Unusable: Error, CustomStringConvertible {
    package var description: String
  }

  /// Finds the daemon of a workspace; nil where none answers.
  ///
  /// - Parameter patience: seconds that the daemon may be silent: several of its heartbeats.
  package init?(_ workspace: Workspace, patience: Int = 15) {
    folder = DaemonFolder(workspace)
    // The record of one that was killed leads to nobody.
    guard let record = DaemonRecord(in: folder),
      let connection = try? UnixSocketConnection(to: record.socket, patience: patience)
    else { return nil }
    self.record = record
    self.connection = connection
  }

  /// Has the daemon build, and shows what it says: its progress as it happens, the rest once the build is through, so that
  /// nothing is said twice where the daemon ends before and the build is done again.
  ///
  /// - Parameters:
  ///   - program: stands for this program, as ``Engine/program`` does: another one could make something else of the files.
  ///   - store: the store that the build is to use.
  package func build(
    _ invocation: BuildInvocation, version: String, program: String, store: String, sink: any ReportSink
  ) throws(Unusable) -> ExitStatus {
    guard record.version == version else {
      throw unusable("is condense \(record.version), this is \(version); restart it")
    }
    guard record.program == program else { throw unusable("runs another build of condense \(version); restart it") }
    do {
      let token = try AccessToken(in: folder)
      let request = ControlRequest(invocation: invocation, store: store, style: sink.style)
      let body = [UInt8](try JSONEncoder().encode(request))
      let status = try connection.request("POST", "/control/build", token: token.text, body: body)
      guard status == 200 else {
        throw unusable("refuses the request (\(status)): \(DaemonClient.message(try connection.rest()))")
      }
      let decoder = JSONDecoder()
      var said: [ControlMessage] = []
      while let line = try connection.line() {
        let message = try decoder.decode(ControlMessage.self, from: Data(line))
        switch message {
        case .alive: break
        case .note, .result: said.append(message)
        case .log(let line): sink.log(line)
        case .progress(let finished, let ran, let total, let doing):
          sink.progress(
            BuildProgress(finishedActions: finished, ranActions: ran, totalActions: total, doing: doing))
        case .endProgress: sink.endProgress()
        case .exit(let status):
          for message in said { DaemonClient.show(message, sink) }
          return status
        }
      }
      sink.endProgress()
      throw unusable("ended before the build did")
    } catch let error as Unusable {
      throw error
    } catch {
      sink.endProgress()
      throw unusable("cannot be asked: \(error)")
    }
  }

  private static func show(_ message: ControlMessage, _ sink: any ReportSink) {
    switch message {
    case .note(let text): sink.note(text)
    case .result(let text): sink.result(text)
    default: break
    }
  }

  /// What the daemon serves and does.
  package func status() throws(Unusable) -> ServiceDocument {
    do {
      let status = try connection.request("GET", "/api/status")
      let body = try connection.rest()
      guard status == 200 else { throw unusable("refuses the request: \(DaemonClient.message(body))") }
      return try BuildWish.decoder.decode(ServiceDocument.self, from: Data(body))
    } catch let error as Unusable {
      throw error
    } catch {
      throw unusable("cannot be asked: \(error)")
    }
  }

  private func unusable(_ what: String) -> Unusable {
    Unusable(description: "the daemon that serves this workspace (process \(record.pid)) \(what)")
  }

  /// The message of an error that the daemon answered with.
  private static func message(_ body: [UInt8]) -> String {
    struct Answer: Decodable {
      struct Details: Decodable { var message: String }
      var error: Details
    }
    return (try? JSONDecoder().decode(Answer.self, from: Data(body)))?.error.message ?? "no reason given"
  }
}
