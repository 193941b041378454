import Foundation

/// Whether a process of this number is there, a zombie left out.
public func isRunning(_ id: Int32) -> Bool {
  #if os(Linux)
    processState(id).map { $0.state != "Z" } ?? false
  #else
    kill(id, 0) == 0
  #endif
}

/// How many processes are in the groups whose numbers are in a text, one in a line, zombies left out.
///
/// One that was killed takes a moment to go, which is waited for: more than `count` are counted for as long as a test waits.
public func runningCount(inGroups text: String, expected count: Int = 0) -> Int {
  let groups = Set(text.split(separator: "\n").compactMap { pid_t($0) })
  var left = longestWait * 100
  while left > 0, countNow(groups) > count {
    left -= 1
    usleep(10_000)
  }
  return countNow(groups)
}

private func countNow(_ groups: Set<pid_t>) -> Int {
  #if os(Linux)
    let ids = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
    return ids.count { id in processState(id).map { $0.state != "Z" && groups.contains($0.group) } ?? false }
  #else
    return groups.count { kill(-$0, 0) == 0 }
  #endif
}

#if os(Linux)
  /// From proc(5); nil where there is no such process.
  private func processState(_ id: pid_t) -> (state: Substring, group: pid_t)? {
    guard let status = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return nil }
    let fields = (status.split(separator: ")").last ?? "").split(separator: " ")
    guard fields.count > 2, let group = pid_t(fields[2]) else { return nil }
    return (fields[0], group)
  }
#endif
