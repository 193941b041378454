import Foundation
import TestSupport
import Testing

@Suite("A daemon that was stopped")
struct StoppedDaemonTests {
  /// Pipelines in folders of their own, and so many other files first that the kernel's queue of events is full by then.
  private static func fill(_ runner: CommandRunner) throws {
    for number in 0..<9000 {
      try Data("x".utf8).write(to: URL(fileURLWithPath: runner.path("pipelines/\(number).txt")))
    }
    for number in 0..<30 {
      let folder = runner.path("pipelines/new\(number)/inner")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try runner.write(
        "model: ../../../model.safetensors\nstages: [{prune: {sparsity: 0.5}}, huffman]\n"
          + "outputs: [../../../build/p\(number).condensed]\n", to: "pipelines/new\(number)/inner/p\(number).yaml")
    }
  }

  @Test("Whatever appeared meanwhile, more than events tell of, is built as by a clean build") func overflow() throws {
    let (served, clean) = (try CommandRunner(), try CommandRunner())
    for runner in [served, clean] {
      try runner.writeModel()
      try runner.writePipeline("first", "[huffman]")
    }
    let daemon = try DaemonProcess(served)
    try wait(for: "the first", in: served) { $0 == ["first"] }
    daemon.signal(SIGSTOP)
    try StoppedDaemonTests.fill(served)
    daemon.signal(SIGCONT)
    let names = Set(["first"] + (0..<30).map { "p\($0)" })
    try wait(for: "all of them", in: served) { $0 == names }
    try StoppedDaemonTests.fill(clean)
    #expect(try clean.run("build", "--no-daemon").status == 0)
    for name in names {
      #expect(try served.data("build/\(name).condensed") == clean.data("build/\(name).condensed"), "\(name)")
    }
    let limit = (try? String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8)) ?? ""
    if let limit = Int(limit.trimmingCharacters(in: .whitespacesAndNewlines)), limit <= 16384 {
      #expect(daemon.log.contains("everything is looked at again"))
    }
    // New folders are watched like those that were there.
    try served.write(
      "model: ../../../model.safetensors\nstages: [huffman]\noutputs: [../../../build/late.condensed]\n",
      to: "pipelines/new7/inner/late.yaml")
    try wait(for: "one in a new folder", in: served) { $0 == names.union(["late"]) }
    daemon.signal(SIGTERM)
    #expect(daemon.end() == 0)
  }

  /// Asks the daemon again and again which pipelines it has built and is at rest with.
  private func wait(
    for what: String, in runner: CommandRunner, until holds: (Set<String>) -> Bool,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let deadline = Date(timeIntervalSinceNow: Double(longestWait))
    while Date() < deadline {
      let status = try runner.run("status", "--json").json()
      let pipelines = status["pipelines"] as? [[String: Any]] ?? []
      let built = pipelines.filter { !($0["error"] is String) && !($0["outputs"] as? [Any] ?? []).isEmpty }
      if status["building"] is NSNull, holds(Set(built.compactMap { $0["name"] as? String })) { return }
    }
    Issue.record("no end of waiting for \(what)", sourceLocation: location)
  }
}
