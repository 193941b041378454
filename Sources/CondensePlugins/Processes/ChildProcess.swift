import CProcesses
import Foundation

/// A program that was started in a process group of its own, with pipes to it.
///
/// Unchecked: it is used by one thread at a time, which whoever keeps it sees to.
final class ChildProcess: @unchecked Sendable {
  let id: pid_t
  /// The process's standard input; nil once it is closed, or where there is none.
  private(set) var input: Int32?
  let output: Int32
  let errors: Int32
  /// How it ended; nil while it may run.
  private(set) var status: ProcessStatus?

  init(id: pid_t, input: Int32?, output: Int32, errors: Int32) {
    self.id = id
    self.input = input
    self.output = output
    self.errors = errors
  }

  deinit {
    kill()
    closeInput()
    close(output)
    close(errors)
  }

  func closeInput() {
    if let input { close(input) }
    input = nil
  }

  /// Whether the process itself has ended, whatever it may have left behind. It stays a zombie, so that the number of its
  /// group is nobody else's.
  var hasExited: Bool {
    guard status == nil else { return true }
    var info = siginfo_t()
    while true {
      if waitid(P_PID, id_t(id), &info, WEXITED | WNOHANG | WNOWAIT) == 0 { return info.si_signo != 0 }
      guard errno != EINTR else { continue }
      // Somebody else has waited for it: its number may be another's by now, which must not be killed.
      cprocesses_remove(id)
      status = .unknown
      return true
    }
  }

  /// Kills the process and all in its group, and waits for its end.
  func kill() {
    guard status == nil else { return }
    signal(SIGKILL)
    cprocesses_remove(id)
    var raw: Int32 = 0
    while true {
      let result = waitpid(id, &raw, 0)
      if result == id { return status = ProcessStatus(raw: raw) }
      if errno != EINTR { return status = .unknown }
    }
  }

  /// Asks the process and all in its group to end (SIGTERM), and kills what is left after some seconds.
  func stop(graceSeconds: Double) {
    guard status == nil else { return }
    signal(SIGTERM)
    waitForExit(seconds: graceSeconds)
    kill()
  }

  /// Returns when the process has ended, or after some seconds.
  func waitForExit(seconds: Double) {
    let end = Deadline(seconds: seconds)
    var pause: UInt32 = 200
    while !hasExited && !end.isOver {
      usleep(pause)
      pause = min(pause * 2, 20_000)
    }
  }

  private func signal(_ number: Int32) {
    Foundation.kill(-id, number)
    // It may have left its group.
    Foundation.kill(id, number)
  }
}

/// A moment on a clock that nobody sets.
struct Deadline {
  private let moment: UInt64

  init(seconds: Double) {
    moment = DispatchTime.now().uptimeNanoseconds &+ UInt64(min(max(0, seconds), 1e9) * 1e9)
  }

  var isOver: Bool { DispatchTime.now().uptimeNanoseconds >= moment }

  /// Milliseconds until then, at most `limit`.
  func milliseconds(atMost limit: Int32) -> Int32 {
    let now = DispatchTime.now().uptimeNanoseconds
    guard now < moment else { return 0 }
    return Int32(min(UInt64(limit), (moment - now) / 1_000_000 + 1))
  }
}
