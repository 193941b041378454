import Dispatch
import Foundation

/// One run of `condense`, with what it says relayed as it says it.
struct ToolRun {
  var tool: URL
  var arguments: [String]
  var folder: URL
  /// Besides the plugin's own.
  var environment: [String: String]

  /// Runs it to its end; returns its exit status, or the negative number of the signal that ended it.
  ///
  /// - Parameter isLogging: whether what it says on standard error is a log.
  func wait(isLogging: Bool) throws -> Int32 {
    let process = Process()
    process.executableURL = tool
    process.currentDirectoryURL = folder
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    let errors = Pipe()
    process.standardError = errors
    try ToolRun.start(process)
    let interrupts = ToolRun.forwardInterrupts(to: process)
    defer { for interrupt in interrupts { interrupt.cancel() } }
    var relay = Relay(folder: folder, isLogging: isLogging)
    var rest = Data()
    while case let chunk = errors.fileHandleForReading.availableData, !chunk.isEmpty {
      rest += chunk
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        relay.take(String(decoding: rest[..<end], as: UTF8.self))
        rest = Data(rest[rest.index(after: end)...])
      }
    }
    if !rest.isEmpty { relay.take(String(decoding: rest, as: UTF8.self)) }
    relay.finish()
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
  }

  /// A plugin runs on a thread that blocks signals, and a process inherits that: it could not be interrupted.
  private static func start(_ process: Process) throws {
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
  }

  /// Has the process end well when the plugin is to end: otherwise it would go on alone.
  private static func forwardInterrupts(to process: Process) -> [any DispatchSourceSignal] {
    let number = process.processIdentifier
    return [SIGINT, SIGTERM].map { interrupt in
      signal(interrupt, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: interrupt, queue: .global())
      source.setEventHandler { kill(number, interrupt) }
      source.activate()
      return source
    }
  }
}
