import CondenseEngine
import CondenseStore
import Foundation
import TestSupport
import Testing

/// How many edits are made, `CONDENSE_TEST_EDITS`, and from which seed on, `CONDENSE_TEST_SEED`.
private enum EditSeeds {
  static let editsEach = 25

  static var all: [UInt64] {
    let environment = ProcessInfo.processInfo.environment
    let edits = environment["CONDENSE_TEST_EDITS"].flatMap { Int($0) } ?? 150
    let first = environment["CONDENSE_TEST_SEED"].flatMap { UInt64($0) } ?? 1
    return (0..<UInt64(max(1, edits / editsEach))).map { first &+ $0 }
  }
}

/// Random workspaces, edited at random: what a build makes on top of what is there is what a clean build makes.
@Suite("Builds after builds")
struct IncrementalBuildTests {
  @Test(
    "After any edits a build gives the bytes of a clean one, and runs only what the store did not have",
    arguments: EditSeeds.all)
  func sameAsClean(seed: UInt64) throws {
    var pair = try WorkspacePair(seed: seed)
    try pair.buildBoth("seed \(seed), the first build")
    for number in 1...EditSeeds.editsEach where !pair.hasFailed { try pair.edit(number) }
    #expect(pair.goodBuilds > 0, "seed \(seed): nothing could be built")
  }
}

/// A workspace that is built again and again, and one with the same files that is always built from nothing.
private struct WorkspacePair {
  let seed: UInt64
  var description: RandomWorkspace
  let incremental: TemporaryWorkspace
  let clean: TemporaryWorkspace
  let store: WatchedStore
  private var written: [String: RandomWorkspace.Content] = [:]
  private(set) var goodBuilds = 0
  private(set) var hasFailed = false

  init(seed: UInt64) throws {
    self.seed = seed
    description = RandomWorkspace(seed: seed)
    incremental = try TemporaryWorkspace()
    // One process that goes on, or one for each build.
    incremental.warmState = seed.isMultiple(of: 2) ? WarmState() : nil
    clean = try TemporaryWorkspace()
    store = WatchedStore(incremental.store)
    for workspace in [incremental, clean] {
      try FileManager.default.createDirectory(atPath: workspace.path("models"), withIntermediateDirectories: true)
      workspace.jobs = 1 + Int(seed % 3)
    }
  }

  mutating func edit(_ number: Int) throws {
    let (name, disk) = description.edit()
    let outputs = (try? FileManager.default.contentsOfDirectory(atPath: incremental.path("build")))?.sorted() ?? []
    switch disk {
    case .none: break
    case .touch(let file): try incremental.setModificationTime(of: file, secondsFromNow: Double(number) - 12)
    case .swap(let a, let b):
      try incremental.move(a, to: "models/swapped")
      try incremental.move(b, to: a)
      try incremental.move("models/swapped", to: b)
      for file in [a, b] { try description.files[file]?.write(to: file, in: clean) }
      (written[a], written[b]) = (written[b], written[a])
    case .deleteOutput:
      if !outputs.isEmpty { try incremental.remove("build/" + description.random.pick(outputs)) }
    case .damageOutput:
      guard !outputs.isEmpty else { break }
      let output = "build/" + description.random.pick(outputs)
      var data = try incremental.data(output)
      data[Int.random(in: 0..<data.count, using: &description.random)] ^= 1
      try data.write(to: URL(fileURLWithPath: incremental.path(output)))
    case .loseArtifacts: store.lose(store.everKept.filter { _ in description.random.chance(30) })
    case .loseEverything: store.lose(store.everKept)
    case .forgetRecords: try incremental.remove(".condense")
    }
    try buildBoth("seed \(seed), edit \(number): \(name)")
  }

  /// Writes what has changed, builds in both and compares.
  mutating func buildBoth(_ edit: String) throws {
    let files = description.files
    for (file, content) in files where written[file] != content {
      for workspace in [incremental, clean] { try content.write(to: file, in: workspace) }
    }
    for file in written.keys where files[file] == nil {
      for workspace in [incremental, clean] { try workspace.remove(file) }
    }
    written = files
    for leftover in ["build", ".condense"] where FileManager.default.fileExists(atPath: clean.path(leftover)) {
      try clean.remove(leftover)
    }
    let memory = MemoryStore()
    let expected = try clean.build(keepGoing: true, store: memory, usesRecords: false)
    let result = try incremental.build(keepGoing: true, store: store)
    let runs = store.takeRuns()

    var isRight = true
    func check(_ condition: Bool, _ what: @autoclosure () -> String) {
      if !condition {
        isRight = false
        Issue.record("\(edit): \(what())")
      }
    }
    func plain(_ result: BuildResult, _ workspace: TemporaryWorkspace) -> [String] {
      result.report.pipelines.map {
        "\($0.name) \($0.status == .failed) \(($0.error ?? "").replacing(workspace.root, with: ""))"
      }
    }
    check(
      plain(result, incremental) == plain(expected, clean),
      "\(plain(result, incremental)), clean \(plain(expected, clean))")
    check(
      result.diagnostics.map(\.diagnostic.message.count) == expected.diagnostics.map(\.diagnostic.message.count),
      "other diagnostics")
    for (a, b) in zip(result.report.pipelines, expected.report.pipelines) where b.status != .failed {
      goodBuilds += 1
      check(a.outputs.map(\.sha256) == b.outputs.map(\.sha256), "\(a.name) reports other outputs than a clean build")
      check(a.metrics == b.metrics && a.checks.map(\.value) == b.checks.map(\.value), "\(a.name) reports other metrics")
      check(a.actions.total == b.actions.total, "\(a.name) has \(a.actions.total) actions, clean \(b.actions.total)")
      for output in b.outputs {
        let name = String(output.path.dropFirst(clean.root.count + 1))
        let bytes = try? incremental.data(name)
        let expected = try? clean.data(name)
        check(bytes == expected, "\(name) is not what a clean build makes")
      }
    }
    check(Set(runs.keys).count == runs.keys.count, "an action ran twice")
    check(runs.needless.isEmpty, "\(runs.needless.count) actions ran whose results were there")
    check(memory.keys.isSuperset(of: runs.keys), "an action ran that a clean build does not need")
    check(result.report.actions.ran == runs.keys.count, "\(runs.keys.count) ran, reported \(result.report.actions.ran)")
    hasFailed = !isRight
  }
}

extension RandomWorkspace.Content {
  func write(to file: String, in workspace: TemporaryWorkspace) throws {
    switch self {
    case .text(let text): try workspace.write(text, to: file)
    case .model(let model): try model.write(to: file, in: workspace)
    }
  }
}
