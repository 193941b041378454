import Foundation
import TestSupport
import Testing

/// `condense daemon` in a runner's workspace, as a service manager would run it: it counts as there once it has said so.
final class DaemonProcess {
  private let process = Process()
  private let socketPath: String
  private let descriptor: Int32
  private let errorsPath: String

  init(_ runner: CommandRunner, _ arguments: String..., environment more: [String: String] = [:]) throws {
    socketPath = FileManager.default.temporaryDirectory.path + "/notify-\(UUID().uuidString.prefix(13))"
    descriptor = try DaemonProcess.datagramSocket(socketPath)
    errorsPath = runner.path("daemon.log")
    try Data().write(to: URL(fileURLWithPath: errorsPath))
    process.executableURL = try CommandRunner.executable()
    process.arguments = ["daemon"] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: runner.root)
    var environment = ProcessInfo.processInfo.environment
    environment["CONDENSE_CACHE_DIR"] = runner.root + "/store"
    environment["NOTIFY_SOCKET"] = socketPath
    process.environment = environment.merging(more) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errorsPath))
    try process.run()
    let said = try notification()
    #expect(said == "READY=1\nMAINPID=\(process.processIdentifier)")
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    close(descriptor)
    unlink(socketPath)
  }

  var pid: Int32 { process.processIdentifier }
  var log: String { (try? String(contentsOfFile: errorsPath, encoding: .utf8)) ?? "" }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Waits for the end; returns the exit status, which is negative for a signal.
  func end() -> Int32 {
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
  }

  /// The next thing that it tells its service manager.
  func notification() throws -> String {
    var buffer = [UInt8](repeating: 0, count: 512)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { throw CocoaError(.fileReadUnknown, userInfo: [NSDebugDescriptionErrorKey: log]) }
    return String(decoding: buffer.prefix(count), as: UTF8.self)
  }

  private static func datagramSocket(_ path: String) throws -> Int32 {
    #if canImport(Glibc)
      let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    #else
      let descriptor = socket(AF_UNIX, SOCK_DGRAM, 0)
    #endif
    // It only keeps a broken test from hanging.
    var patience = timeval(tv_sec: longestWait, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard bound == 0 else { throw CocoaError(.fileWriteUnknown) }
    return descriptor
  }
}
