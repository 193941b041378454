import Foundation

/// How a process ended.
enum ProcessStatus: Equatable {
  case exited(Int32)
  case signalled(Int32)
  /// Another part of the program has taken the status.
  case unknown

  /// From what `waitpid` gives (POSIX.1, `<sys/wait.h>`); its macros are not there in Swift.
  init(raw: Int32) {
    let signal = raw & 0x7F
    self = signal == 0 ? .exited(raw >> 8 & 0xFF) : .signalled(signal)
  }

  var text: String {
    switch self {
    case .exited(let code): "ended with exit code \(code)"
    case .signalled(let number): "was killed by signal \(number) (\(String(cString: strsignal(number))))"
    case .unknown: "ended"
    }
  }
}
