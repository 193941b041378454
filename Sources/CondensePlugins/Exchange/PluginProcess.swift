import CondenseStages
import CondenseTensors
import Foundation

/// A plugin that runs and takes requests, one after the other.
///
/// Unchecked: it is used by one thread at a time; the pool hands it out.
final class PluginProcess: @unchecked Sendable {
  private let process: ChildProcess
  private let limits: PluginLimits
  private var log = LogTail()
  /// Requests that it has answered.
  private(set) var answered = 0
  private var isLogOpen = true
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)

  /// Starts `PLUGIN run`.
  init(_ command: PluginCommand, limits: PluginLimits) throws(PluginFailure) {
    self.limits = limits
    process = try ChildProcess.start(
      command.words + ["run"], in: command.workingFolder, memory: limits.memory, hasInput: true)
  }

  deinit { buffer.deallocate() }

  enum Outcome {
    case result(PluginResult)
    /// The plugin says that it cannot; it is well itself.
    case error(String)
    /// It ended before it said anything, after it had answered earlier requests: another process may.
    case ended(ProcessStatus)
  }

  /// The last lines of its standard error.
  var lastLines: [String] { log.lines }

  /// How often is looked whether the request is still wanted.
  private static let tick: Int32 = 25

  /// Sends a request and waits for its result.
  ///
  /// - Throws: ``PluginFailure`` where it breaks the protocol, is too slow or ends. It must be stopped then.
  func ask(_ request: PluginRequest, run: StageRun) throws(PluginFailure) -> Outcome {
    if answered > 0 { log.clear() }
    let deadline = Deadline(seconds: limits.seconds)
    var line = request.line
    var reader = ReplyReader(limits: limits)
    var isOutputOpen = true
    while true {
      if run.isCancelled() { throw .cancelled }
      if deadline.isOver {
        throw PluginFailure("it gave no result within \(PluginProcess.text(limits.seconds)) s, its time limit")
      }
      let ready = wait(for: line.isEmpty ? nil : process.input, deadline, readsOutput: isOutputOpen)
      if ready.input { send(&line) }
      if ready.errors { readLog(run) }
      if ready.output {
        let (replies, isOpen) = try readOutput(&reader)
        isOutputOpen = isOpen
        if let outcome = try outcome(of: replies, request, reader, run) { return outcome }
      }
      if !isOutputOpen { return try ended(reader, run) }
      // What it left behind may keep its output open for ever.
      if !ready.output, process.hasExited {
        process.kill()
        let (replies, _) = try readOutput(&reader, isLast: true)
        if let outcome = try outcome(of: replies, request, reader, run) { return outcome }
        return try ended(reader, run)
      }
    }
  }

  /// What replies amount to; nil while there is no result among them.
  private func outcome(
    of replies: [PluginReply], _ request: PluginRequest, _ reader: ReplyReader, _ run: StageRun
  ) throws(PluginFailure) -> Outcome? {
    var outcome: Outcome?
    for reply in replies {
      guard outcome == nil else { throw PluginFailure("it wrote more after its result") }
      switch reply {
      case .progress(let share): run.progress(share)
      case .log(let text): for line in LogTail.lines(of: text) { run.log(line) }
      case .error(let message, let id):
        if let id, id != request.id { throw PluginFailure("its error is for request \(id), not \(request.id)") }
        let lines = LogTail.lines(of: message).prefix(LogTail.lineCount)
        outcome = .error(lines.isEmpty ? "it gave up without a message" : lines.joined(separator: "\n    "))
      case .result(let result):
        guard result.id == request.id else {
          throw PluginFailure("its result is for request \(result.id), not \(request.id)")
        }
        outcome = .result(result)
      }
    }
    guard outcome != nil else { return nil }
    guard !reader.isInLine else { throw PluginFailure("it wrote more after its result") }
    readLog(run)
    answered += 1
    return outcome
  }

  /// What the end of its output means.
  private func ended(_ reader: ReplyReader, _ run: StageRun) throws(PluginFailure) -> Outcome {
    // It may close its output a moment before it ends.
    process.waitForExit(seconds: 0.5)
    readLog(run)
    guard process.hasExited else { throw PluginFailure("it closed its standard output without a result") }
    process.kill()
    _ = log.flush()
    let status = process.status ?? .unknown
    if answered > 0, !reader.hasRead { return .ended(status) }
    throw PluginFailure(
      reader.hasRead && status == .exited(0)
        ? "it ended without a result" : "it \(status.text)\(status == .exited(0) ? " without a result" : "")")
  }

  /// What a process does that has answered.
  enum State { case waiting, ended, speaking }

  /// Speaking is out of turn: it has said something since its last result.
  var state: State {
    var descriptor = pollfd(fd: process.output, events: Int16(POLLIN), revents: 0)
    if poll(&descriptor, 1, 0) > 0 { return descriptor.revents & Int16(POLLIN) != 0 ? .speaking : .ended }
    return process.hasExited ? .ended : .waiting
  }

  /// Ends it as it is asked to: no more requests will come.
  func close() { process.closeInput() }

  /// Ends it, after it has been asked to.
  func stop() {
    process.closeInput()
    process.stop(graceSeconds: limits.graceSeconds)
    drainLog()
  }

  /// Ends it at once where it does not end by itself within a moment.
  func finish() {
    process.closeInput()
    process.waitForExit(seconds: 0.1)
    process.stop(graceSeconds: 0.1)
  }

  static func text(_ seconds: Double) -> String { Int(exactly: seconds).map { String($0) } ?? String(seconds) }
}

// Reading and writing without waiting.
extension PluginProcess {
  private func wait(
    for input: Int32?, _ deadline: Deadline, readsOutput: Bool
  ) -> (input: Bool, output: Bool, errors: Bool) {
    var descriptors = [
      pollfd(fd: readsOutput ? process.output : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: isLogOpen ? process.errors : -1, events: Int16(POLLIN), revents: 0),
      // A negative one is left out.
      pollfd(fd: input ?? -1, events: Int16(POLLOUT), revents: 0),
    ]
    guard poll(&descriptors, nfds_t(descriptors.count), deadline.milliseconds(atMost: PluginProcess.tick)) > 0 else {
      return (false, false, false)
    }
    return (descriptors[2].revents != 0, descriptors[0].revents != 0, descriptors[1].revents != 0)
  }

  /// Sends as much as the pipe takes. A plugin that reads no further is seen by what it says, or does not.
  private func send(_ line: inout Bytes) {
    guard let input = process.input else { return line = Bytes() }
    let sent = line.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
    if sent > 0 {
      line = line[sent..<line.count]
    } else if sent < 0, errno != EAGAIN, errno != EINTR {
      line = Bytes()
    }
  }

  /// - Parameter isLast: nobody writes any more, so that what is there is all there will be.
  private func readOutput(
    _ reader: inout ReplyReader, isLast: Bool = false
  ) throws(PluginFailure) -> (replies: [PluginReply], isOpen: Bool) {
    var replies: [PluginReply] = []
    while true {
      let count = read(process.output, buffer.baseAddress, buffer.count)
      if count > 0 {
        replies += try reader.take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        // So that endless output does not keep the loop from looking at the clock.
        if !isLast { return (replies, true) }
      } else if count == 0 || errno != EINTR {
        let isOpen = count < 0 && errno == EAGAIN && !isLast
        if !isOpen, let reply = try reader.takeRest() { replies.append(reply) }
        return (replies, isOpen)
      }
    }
  }

  private func readLog(_ run: StageRun) {
    // As much as a pipe holds, so that an endless log does not keep the loop from looking at the clock.
    for _ in 0..<4 {
      let count = read(process.errors, buffer.baseAddress, buffer.count)
      guard count > 0 else {
        if count == 0 { isLogOpen = false }
        return
      }
      for line in log.add(buffer[..<count]) { run.log(line) }
    }
  }

  private func drainLog() {
    readLog(StageRun())
    _ = log.flush()
  }
}
