import CProcesses
import Foundation

extension ChildProcess {
  /// Once, before the first process.
  private static let isWatching: Bool = {
    cprocesses_watch_for_the_end()
    return true
  }()

  /// Starts a program: in a group of its own, with every signal as the system has it, no descriptor but the three
  /// standard ones, and the environment of this process.
  ///
  /// - Parameters:
  ///   - words: the program, as an absolute path, and its arguments.
  ///   - memory: bytes of address space that it may have.
  ///   - hasInput: whether its standard input is a pipe; else there is nothing on it.
  /// - Throws: ``PluginFailure`` where the system does not start it.
  static func start(
    _ words: [String], in folder: String, memory: Int?, hasInput: Bool
  ) throws(PluginFailure) -> ChildProcess {
    _ = isWatching
    var pipes = Pipes()
    do throws(PluginFailure) {
      let input = hasInput ? try pipes.make() : nil
      let output = try pipes.make()
      let errors = try pipes.make()
      let id = try spawn(
        words, in: folder, memory: memory, input: input?.reading, output: output.writing, errors: errors.writing)
      if cprocesses_add(id) == 0 {
        Foundation.kill(-id, SIGKILL)
        waitpid(id, nil, 0)
        throw PluginFailure("too many plugins run already")
      }
      for end in [input?.reading, output.writing, errors.writing] { if let end { close(end) } }
      for end in [input?.writing, output.reading, errors.reading] { if let end { setNonblocking(end) } }
      return ChildProcess(id: id, input: input?.writing, output: output.reading, errors: errors.reading)
    } catch {
      pipes.close()
      throw error
    }
  }

  private static func setNonblocking(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
  }

  /// The pipes that have been made so far, to close them where the next step fails.
  private struct Pipes {
    private var ends: [Int32] = []

    mutating func make() throws(PluginFailure) -> (reading: Int32, writing: Int32) {
      var pair: [Int32] = [-1, -1]
      guard cprocesses_pipe(&pair) == 0 else {
        throw PluginFailure("cannot make a pipe: \(String(cString: strerror(errno)))")
      }
      ends += pair
      return (pair[0], pair[1])
    }

    func close() { for end in ends { Foundation.close(end) } }
  }

  private static func spawn(
    _ words: [String], in folder: String, memory: Int?, input: Int32?, output: Int32, errors: Int32
  ) throws(PluginFailure) -> pid_t {
    let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    let variables: [UnsafeMutablePointer<CChar>?] =
      ProcessInfo.processInfo.environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    let memory = memory.map { UInt64(max(1, $0)) } ?? 0
    var id: pid_t = 0
    func attempt() -> Int32 {
      cprocesses_spawn(&id, words[0], arguments, variables, folder, input ?? -1, output, errors, memory)
    }
    var code = attempt()
    // Somebody may still be closing the file after writing it.
    for _ in 0..<100 where code == ETXTBSY {
      usleep(10_000)
      code = attempt()
    }
    guard code == 0 else {
      let hint = code == ENOEXEC ? "; a script begins with a line such as #!/bin/sh" : ""
      throw PluginFailure("cannot start '\(words[0])': \(String(cString: strerror(code)))\(hint)")
    }
    return id
  }
}
