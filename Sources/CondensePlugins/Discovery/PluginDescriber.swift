import CondenseFiles
import CondenseStages
import CondenseStore
import CondenseTensors
import Foundation

/// Has plugins describe themselves, or remembers what they said as long as nothing of it can have changed.
struct PluginDescriber {
  let cache: PluginCache
  let limits: PluginLimits

  /// A plugin's description and all that decides what it does.
  func describe(_ location: PluginLocation) throws(PluginFailure) -> (PluginDescription, SourceSet) {
    var sources = try location.sources(cache)
    let key = sources.digest
    if let known = cache.description(key),
      let description = try? PluginDescription(Bytes(known.text.utf8)),
      let named = try? location.sources(namedBy: description, cache), named.digest == known.dependencies
    {
      sources.formUnion(named)
      return (description, sources)
    }
    let text = try PluginDescriber.ask(location.command, limits: limits)
    let description = try PluginDescription(text)
    if let expected = location.expectedName, description.name != expected {
      throw PluginFailure("it calls itself '\(description.name)', but its file's name says '\(expected)'")
    }
    let named = try location.sources(namedBy: description, cache)
    cache.keep(
      PluginCache.KnownDescription(text: String(decoding: text.array, as: UTF8.self), dependencies: named.digest),
      for: key)
    sources.formUnion(named)
    return (description, sources)
  }

  /// What `PLUGIN describe` prints, twice the same: else it would be another stage whenever it has been forgotten.
  static func ask(_ command: PluginCommand, limits: PluginLimits) throws(PluginFailure) -> Bytes {
    let text = try askOnce(command, limits: limits)
    guard try askOnce(command, limits: limits) == text else {
      throw PluginFailure("describe: it prints another description the second time")
    }
    return text
  }

  private static func askOnce(_ command: PluginCommand, limits: PluginLimits) throws(PluginFailure) -> Bytes {
    let process = try ChildProcess.start(
      command.words + ["describe"], in: command.workingFolder, memory: limits.memory, hasInput: false)
    var reading = DescribeReading(process: process)
    do throws(PluginFailure) {
      return try reading.finish(limits)
    } catch {
      process.stop(graceSeconds: limits.graceSeconds)
      throw PluginFailure("describe: \(error)").with(lastLines: reading.log.lines)
    }
  }
}

/// Reads what a process prints until it ends.
private struct DescribeReading {
  let process: ChildProcess
  var log = LogTail()
  private var output: [UInt8] = []
  private var isOutputOpen = true
  private var isLogOpen = true

  init(process: ChildProcess) { self.process = process }

  mutating func finish(_ limits: PluginLimits) throws(PluginFailure) -> Bytes {
    let deadline = Deadline(seconds: limits.describeSeconds)
    while !process.hasExited {
      guard !deadline.isOver else {
        throw PluginFailure("it did not end within \(PluginProcess.text(limits.describeSeconds)) s")
      }
      var descriptors = [
        pollfd(fd: isOutputOpen ? process.output : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isLogOpen ? process.errors : -1, events: Int16(POLLIN), revents: 0),
      ]
      // A closed output is no reason to wait less for the end.
      _ = poll(&descriptors, 2, deadline.milliseconds(atMost: isOutputOpen ? 25 : 5))
      try readWhatIsThere()
    }
    // What it has left behind goes with it, and cannot write any more.
    process.kill()
    try readWhatIsThere()
    _ = log.flush()
    let status = process.status ?? .unknown
    guard status == .exited(0) else { throw PluginFailure("it \(status.text)") }
    return Bytes(output)
  }

  private mutating func readWhatIsThere() throws(PluginFailure) {
    if isLogOpen {
      let (bytes, isOpen) = DescribeReading.read(process.errors, atMost: 1 << 18)
      isLogOpen = isOpen
      _ = log.add(bytes)
    }
    guard isOutputOpen else { return }
    let (bytes, isOpen) = DescribeReading.read(process.output, atMost: PluginDescription.byteCount + 1)
    isOutputOpen = isOpen
    output += bytes
    guard output.count <= PluginDescription.byteCount else {
      throw PluginFailure("it printed more than \(PluginDescription.byteCount) bytes")
    }
  }

  private static func read(_ descriptor: Int32, atMost limit: Int) -> (bytes: [UInt8], isOpen: Bool) {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count < limit {
      let count = Foundation.read(descriptor, &buffer, buffer.count)
      if count > 0 {
        bytes += buffer[..<count]
      } else if count == 0 || errno != EINTR {
        return (bytes, count < 0 && errno == EAGAIN)
      }
    }
    return (bytes, true)
  }
}
