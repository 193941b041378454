import CondenseStages
import CondenseStore
import Foundation

/// A plugin's processes: as many as requests at a time, kept for the next ones, ended when nobody needs them.
final class PluginPool: Sendable {
  private let command: PluginCommand
  let limits: PluginLimits
  private let state = Locked(State())

  private struct State {
    var idle: [Idle] = []
    var isSweeping = false
    var nextID = 1
  }

  private struct Idle {
    var process: PluginProcess
    var end: Deadline
  }

  init(_ command: PluginCommand, limits: PluginLimits) {
    self.command = command
    self.limits = limits
  }

  deinit { endIdle() }

  /// Asks a process, a new one if none waits, and reads its result.
  ///
  /// - Parameters:
  ///   - make: the request with its number.
  ///   - read: makes something of the result, and throws what is wrong with it.
  /// - Throws: ``PluginFailure`` with the process's last log lines in it; the process is gone then.
  func perform<T>(
    run: StageRun, _ make: (Int) -> PluginRequest, read: (PluginResult) throws(PluginFailure) -> T
  ) throws(PluginFailure) -> T {
    let request = make(
      state.withLock { state in
        defer { state.nextID += 1 }
        return state.nextID
      })
    while true {
      let idle = takeIdle(run)
      let process = if let idle { idle } else { try PluginProcess(command, limits: limits) }
      let answer: Result<T, PluginFailure>?
      do throws(PluginFailure) {
        answer = try self.answer(of: process, request, run, read)
      } catch {
        process.stop()
        throw error.isCancellation ? error : error.with(lastLines: process.lastLines)
      }
      guard let answer else {
        // It takes one request only, or did not last; the new process has to answer.
        process.finish()
        continue
      }
      let lines = process.lastLines
      put(process)
      switch answer {
      case .success(let value): return value
      case .failure(let failure): throw failure.with(lastLines: lines)
      }
    }
  }

  /// What a process that is well after it says of a request: something, or that it cannot. Nil where it ended before.
  private func answer<T>(
    of process: PluginProcess, _ request: PluginRequest, _ run: StageRun,
    _ read: (PluginResult) throws(PluginFailure) -> T
  ) throws(PluginFailure) -> Result<T, PluginFailure>? {
    switch try process.ask(request, run: run) {
    case .result(let result):
      let value = try read(result)
      if process.state == .speaking { throw PluginFailure("it wrote more after its result") }
      return .success(value)
    case .error(let message): return .failure(PluginFailure(message))
    case .ended: return nil
    }
  }

  private func takeIdle(_ run: StageRun) -> PluginProcess? {
    while let process = state.withLock({ $0.idle.popLast()?.process }) {
      switch process.state {
      case .waiting: return process
      case .ended: break
      case .speaking: run.log("the plugin wrote more after its result, so it is started again")
      }
      process.finish()
    }
    return nil
  }

  private func put(_ process: PluginProcess) {
    let sweeps = state.withLock { state in
      state.idle.append(Idle(process: process, end: Deadline(seconds: limits.idleSeconds)))
      defer { state.isSweeping = true }
      return !state.isSweeping
    }
    if sweeps { sweepLater() }
  }

  private func sweepLater() {
    DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(200)) { [weak self] in self?.sweep() }
  }

  /// Ends processes that have nothing to do for long, and clears up after those that have ended.
  private func sweep() {
    let (over, isDone) = state.withLock { state in
      let over = state.idle.filter { $0.end.isOver || $0.process.state == .ended }
      state.idle.removeAll { idle in over.contains { $0.process === idle.process } }
      state.isSweeping = !state.idle.isEmpty
      return (over.map(\.process), state.idle.isEmpty)
    }
    if !isDone { sweepLater() }
    for process in over { process.finish() }
  }

  /// Ends the processes that wait.
  func endIdle() {
    let processes = state.withLock { state in
      defer { state.idle.removeAll() }
      return state.idle.map(\.process)
    }
    // All of them at once, so that they end side by side.
    for process in processes { process.close() }
    for process in processes { process.finish() }
  }
}
