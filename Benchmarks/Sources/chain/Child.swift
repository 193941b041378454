import Foundation

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What running a program took.
struct Child {
  /// User and system time of all its threads.
  var seconds: Double
  var peakByteCount: Int
  /// What it asked the system to read, from wherever; nil where the system does not say.
  var readByteCount: Int?

  /// Runs a program to its end; what it prints is dropped.
  ///
  /// - Throws: an error where it does not start, or fails.
  static func run(_ program: String, _ arguments: [String], environment: [String: String]) throws -> Child {
    var process = pid_t()
    var pointers = ([program] + arguments).map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in pointers + variables { free(pointer) } }
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    guard posix_spawn(&process, program, &actions, nil, &pointers, &variables) == 0 else {
      throw ChainError(description: "\(program): cannot be started")
    }
    // Waits without reaping, so that its counters can be read. The peak that `wait4` tells begins with that of this
    // process on Linux; what /proc says while it runs does not.
    var info = siginfo_t()
    var peak: Int?
    while true {
      peak = counter("VmHWM", of: process, in: "status").map { $0 * 1024 } ?? peak
      info.si_signo = 0
      guard waitid(P_PID, id_t(process), &info, WEXITED | WNOWAIT | WNOHANG) == 0, info.si_signo == 0 else { break }
      usleep(2000)
    }
    let read = counter("rchar", of: process, in: "io")
    var usage = rusage()
    var status: Int32 = 0
    while wait4(process, &status, 0, &usage) < 0, errno == EINTR {}
    guard status == 0 else { throw ChainError(description: "\(program) \(arguments): failed") }
    #if canImport(Darwin)
      let unit = 1
    #else
      let unit = 1024
    #endif
    return Child(
      seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime), peakByteCount: peak ?? Int(usage.ru_maxrss) * unit,
      readByteCount: read)
  }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }

  /// A number of Linux's /proc/PID.
  private static func counter(_ name: String, of process: pid_t, in file: String) -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/\(file)", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name + ":") })
    else { return nil }
    return line.dropFirst(name.count + 1).split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
  }
}
