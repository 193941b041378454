import ArgumentParser
import CondenseDaemon
import CondenseEngine
import CondenseFiles
import CondensePipelines
import CondenseStore
import Foundation
import Logging

struct DaemonCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "daemon", abstract: "Serves the workspace: watches its files and keeps its outputs up to date.",
    discussion: """
      Runs in the foreground until it is told to end: SIGTERM and SIGINT end it within five seconds, SIGHUP reads \
      condense.yaml again. 'condense build' and 'condense status' find it by themselves.
      """)

  @OptionGroup var location: WorkspaceOptions

  @Option(
    help: ArgumentHelp(
      "Where HTTP is served: a name of the loopback and a port, 0 for a free one ('condense status' tells it).",
      valueName: "host:port"))
  var listen = "127.0.0.1:0"

  enum Level: String, ExpressibleByArgument, CaseIterable { case debug, info, notice, warning, error }

  @Option(help: "What is logged: debug, info, notice, warning or error.")
  var logLevel = Level.info

  @Option(help: "text, or json: one object a line.")
  var logFormat = LogOutput.Format.text

  @Flag(help: "Print what makes the service manager run the daemon (systemd, or launchd on macOS), and end.")
  var printService = false

  @Option(help: ArgumentHelp("For --print-service: systemd or launchd.", valueName: "manager"))
  var serviceManager = ServiceFile.usual

  func validate() throws { _ = try address() }

  private func address() throws -> (host: String, port: Int) {
    guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
      (0...65535).contains(port)
    else { throw ValidationError("--listen is a host and a port such as '127.0.0.1:0', not '\(listen)'") }
    let host = String(listen[..<colon])
    // Whoever can reach the daemon can have it build; other machines are none of its business.
    guard ["localhost", "127.0.0.1", "[::1]"].contains(host.lowercased()) else {
      throw ValidationError("--listen takes a name of the loopback (localhost, 127.0.0.1 or [::1]), not '\(host)'")
    }
    return (host, port)
  }

  func run() throws {
    let console = Console()
    let workspace = try location.resolvedWorkspace(allowsErrors: true)
    if printService {
      let program = Bundle.main.executablePath ?? CommandLine.arguments[0]
      let named = ProcessInfo.processInfo.environment.filter {
        ["CONDENSE_CACHE_DIR", "XDG_CACHE_HOME"].contains($0.key)
      }
      console.result(serviceManager.text(program: program, workspace: workspace.root, environment: named))
      return
    }
    let (format, level) = (logFormat, Logger.Level(rawValue: logLevel.rawValue) ?? .info)
    let options = DaemonOptions(
      workspace: workspace, stages: Toolbox.current.stages, formats: Toolbox.current.formats,
      version: CondenseVersion.text,
      storeFolder: { LocalStore.folder(for: $0) }, listen: try address(),
      log: Logger(label: "condense") { _ in LogOutput(format: format, level: level) })
    let daemon: Daemon
    do {
      daemon = try Daemon(options)
    } catch {
      console.error("\(error)")
      throw ExitCode.failure
    }
    // Commands are not asynchronous; this thread has nothing else to do.
    let ended = DispatchSemaphore(value: 0)
    Task {
      await daemon.run()
      ended.signal()
    }
    ended.wait()
  }
}

extension LogOutput.Format: ExpressibleByArgument {}
extension ServiceFile: ExpressibleByArgument {}
