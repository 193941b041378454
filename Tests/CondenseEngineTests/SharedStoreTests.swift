import CondenseEngine
import CondenseFiles
import CondenseModels
import CondenseStages
import CondenseStore
import CondenseTensors
import Foundation
import GRDB
import TestSupport
import Testing

/// Several builds over one store at the same time, each as another process would see it, while it is being evicted from.
@Suite("Builds that share a store")
struct SharedStoreTests {
  private let workspace: TemporaryWorkspace

  init() throws {
    workspace = try TemporaryWorkspace()
    var random = SeededGenerator(seed: 40)
    try workspace.writeModel(
      try (0..<6).map { ("w\($0)", try Tensor.randomWeights([20, $0 == 0 ? 1200 : 30], using: &random)) })
    for number in 0..<8 {
      try workspace.writePipeline(
        "p\(number)", stages: "[prune: {sparsity: 0.\(5 + number / 4)}, cluster: {bits: \(2 + number % 4)}, huffman]")
    }
  }

  /// A workspace like it, over the same store, with some of the pipelines.
  private func copy(_ pipelines: [Int]) throws -> TemporaryWorkspace {
    let copy = try TemporaryWorkspace()
    for name in ["model.safetensors"] + pipelines.map({ "pipelines/p\($0).yaml" }) {
      try FileManager.default.copyItem(atPath: workspace.path(name), toPath: copy.path(name))
    }
    return copy
  }

  /// Calls `body` on a thread for each element, all at once; a test's own threads must not wait for each other.
  private func together<Element: Sendable, Value: Sendable>(
    _ elements: [Element], _ body: @escaping @Sendable (Element) throws -> Value
  ) throws -> [Value] {
    let results = Locked<[Int: Result<Value, any Error>]>([:])
    let group = DispatchGroup()
    for (place, element) in elements.enumerated() {
      group.enter()
      Thread {
        let result = Result { try body(element) }
        results.withLock { $0[place] = result }
        group.leave()
      }.start()
    }
    group.wait()
    return try elements.indices.compactMap { place in try results.withLock { $0[place] }?.get() }
  }

  @Test("Each action runs in one of them, and all are right")
  func coordinated() throws {
    let clean = try copy(Array(0..<8))
    let total = try clean.build().report.actions.total
    let folder = workspace.root + "/shared"
    _ = try LocalStore(folder: folder)
    let copies = try [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7], [6, 7, 0, 1]].map { Pipelines(workspace: try copy($0)) }
    let reports = try together(copies) { copy in
      try copy.workspace.build(store: LocalStore(folder: folder)).report
    }
    #expect(reports.map(\.actions.ran).reduce(0, +) == total)
    #expect(reports.allSatisfy { $0.pipelines.allSatisfy { $0.error == nil } })
    for copy in copies {
      for file in try FileSystem.names(in: copy.workspace.path("build")) {
        #expect(try copy.workspace.data("build/\(file)") == clean.data("build/\(file)"))
      }
    }
    // Each workspace has told what its outputs are made of.
    let known = try LocalStore(folder: folder).workspaces()
    // An index that was found damaged has another name.
    let files = try FileSystem.names(in: folder).sorted()
    #expect(known.map(\.root) == copies.map(\.workspace.root).sorted(), "\(files)")
    #expect(known.allSatisfy { $0.builds.count == 4 && $0.builds.allSatisfy { $0.artifacts.count == 6 } })
  }

  private struct Pipelines: @unchecked Sendable {
    // Each is one thread's.
    var workspace: TemporaryWorkspace
  }

  /// Rounds of the race: `CONDENSE_RACE_ROUNDS`, else a few dozen.
  static let rounds = ProcessInfo.processInfo.environment["CONDENSE_RACE_ROUNDS"].flatMap { Int($0) } ?? 24

  @Test("Evicting everything while builds run takes nothing that they need")
  func race() throws {
    let clean = try copy([0, 4])
    _ = try clean.build()
    let names = try FileSystem.names(in: clean.path("build"))
    let expected = try names.map { try clean.data("build/\($0)") }
    let copies = try [[0, 4], [4, 0]].map { Pipelines(workspace: try copy($0)) }
    let folder = workspace.root + "/raced"
    let clock = Locked(500_000)
    let open: @Sendable () throws -> LocalStore = {
      try LocalStore(folder: folder, hour: { clock.withLock { $0 } }, removesAbandoned: true)
    }
    var random = SeededGenerator(seed: 41)
    var evicted = 0
    for round in 0..<Self.rounds {
      for copy in copies {
        try? FileManager.default.removeItem(atPath: copy.workspace.path("build"))
        try? FileManager.default.removeItem(atPath: copy.workspace.path(".condense"))
      }
      // So long that workspaces are forgotten, and everything may go that is not in use.
      let jumps = (0..<8).map { _ in Bool.random(using: &random) ? 24 * 40 : 0 }
      let build: @Sendable (Pipelines) throws -> Int = { copy in
        let store = CountedStore(try open())
        let report = try copy.workspace.build(store: store).report
        return store.misses + report.pipelines.count { $0.error != nil }
      }
      let evict: @Sendable () throws -> Int = {
        let store = try open()
        return try jumps.reduce(0) { count, hours in
          clock.withLock { $0 += hours }
          return count + (try store.evict(EvictionRequest(limit: 0)).artifacts)
        }
      }
      let tasks: [@Sendable () throws -> Int] = copies.map { copy in { try build(copy) } } + [evict]
      let results = try together(tasks) { try $0() }
      #expect(results[0] == 0 && results[1] == 0, "round \(round)")
      evicted += results[2]
      for copy in copies {
        #expect(try names.map { try copy.workspace.data("build/\($0)") } == expected, "round \(round)")
      }
    }
    #expect(evicted > 0)
    #expect(try LocalStore(folder: folder).verify(drops: false).problems == [])
  }

  @Test("An artifact that is evicted after its hit was decided is made again", arguments: [0, 1, 2, 5, 11])
  func evictedAfterHit(hits: Int) throws {
    let clean = try copy([0])
    _ = try clean.build()
    _ = try workspace.build("p0")
    try FileManager.default.removeItem(atPath: workspace.path("build"))
    let store = CountedStore(workspace.store) { [store = workspace.store] number in
      // As if no build held anything.
      guard number == hits else { return }
      for table in ["artifacts", "objects"] {
        let queue = try? DatabaseQueue(path: store.root + "/index.sqlite")
        try? queue?.write { try $0.execute(sql: "DELETE FROM \(table)") }
      }
      try? FileManager.default.removeItem(atPath: store.root + "/objects")
    }
    let report = try workspace.build("p0", store: store, usesRecords: false).report
    #expect(report.pipelines.map(\.error) == [nil])
    #expect(try workspace.data("build/p0.condensed") == clean.data("build/p0.condensed"))
  }

  /// Builds everything; returns how often the store was opened for it, and what came of it.
  private func countedBuild(
    throwing error: StoreError? = nil
  ) -> (opened: Int, result: BuildResult) {
    let request = BuildRequest(
      workspace: Workspace(root: workspace.root), files: Workspace(root: workspace.root).allPipelines().files, jobs: 2)
    let (store, opened) = (workspace.store, Locked(0))
    @Sendable func open() throws -> any ArtifactStore {
      opened.withLock { $0 += 1 }
      if let error { throw error }
      return store
    }
    let result = Engine(stages: .builtIn, formats: .builtIn, store: try open()).build(request)
    return (opened.withLock { $0 }, result)
  }

  @Test("The store hears of a workspace in which nothing was to do once a day")
  func seen() throws {
    _ = try workspace.build()
    let state = try Workspace(root: workspace.root).makeStateFolder()
    #expect(countedBuild().opened == 0)
    for age in [-86_500.0, 5000] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: age)], ofItemAtPath: state + "/seen")
      let due = countedBuild()
      #expect(due.opened == 1 && due.result.report.actions.ran == 0)
      #expect(countedBuild().opened == 0)
    }
  }

  @Test("However many pipelines have changed, and whatever is wrong with one, the store is opened once")
  func openedOnce() throws {
    _ = try workspace.build()
    for name in ["p0", "p1"] { try workspace.writePipeline(name, stages: "[prune: {sparsity: 0.25}]") }
    let changed = countedBuild()
    #expect(changed.opened == 1 && changed.result.report.actions.ran > 0)
    try workspace.write("model: [\n", to: "pipelines/p0.yaml")
    let invalid = countedBuild()
    #expect(invalid.opened <= 1 && invalid.result.hasInvalidInput)
  }

  @Test("A store that cannot be opened is an error of each pipeline that needs it, and of no other")
  func unusable() throws {
    _ = try workspace.build()
    try workspace.writePipeline("p1", stages: "[prune: {sparsity: 0.25}]")
    let (opened, result) = countedBuild(throwing: StoreError("the store: it is not for you"))
    #expect(opened == 1)
    let errors = result.report.pipelines.filter { $0.error != nil }
    #expect(errors.map(\.name) == ["p1"] && errors.first?.error == "the store: it is not for you")
  }

  @Test("A build evicts by the workspace's limit when it has ended")
  func evictsItself() throws {
    try workspace.write("cache: {limit: 1 kB}\n", to: "condense.yaml")
    _ = try workspace.build()
    let statistics = workspace.store.statistics()
    let left = statistics.inline.count + statistics.objects.count
    #expect(left == statistics.roots.count && left > 0, "what the outputs are made of is left")
  }
}
