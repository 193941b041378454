import CondenseEngine
import CondenseFiles
import CondenseTensors
import Foundation
import TestSupport
import Testing

@testable import CondenseDaemon

@Suite("A daemon and changes to models") struct ModelChangeTests {
  /// A way in which a file gets other content.
  enum Way: CaseIterable {
    case renamedOver, rewrittenInPlace, hardLinkSwapped, removedAndMadeAgain

    func replace(_ path: String, with bytes: [UInt8]) throws {
      let data = Data(bytes)
      switch self {
      case .renamedOver: try data.write(to: URL(fileURLWithPath: path), options: .atomic)
      case .rewrittenInPlace: try data.write(to: URL(fileURLWithPath: path))
      case .hardLinkSwapped:
        let other = path + ".other"
        try data.write(to: URL(fileURLWithPath: other))
        try FileSystem.remove(path)
        try FileManager.default.linkItem(atPath: other, toPath: path)
      case .removedAndMadeAgain:
        try FileSystem.remove(path)
        try data.write(to: URL(fileURLWithPath: path))
      }
    }
  }

  @Test("A model that is replaced is built from, however it was", arguments: Way.allCases)
  func replaced(way: Way) async throws {
    let workspace = try DaemonWorkspace()
    try workspace.writePipeline("digits")
    try await withDaemon(workspace) { daemon in
      let before = try workspace.output("digits")
      try way.replace(workspace.path("model.safetensors"), with: workspace.modelBytes(1))
      try daemon.waitForCleanOutputs()
      #expect(try workspace.output("digits") != before)
      // Again, for watches that were put on what is gone.
      try way.replace(workspace.path("model.safetensors"), with: workspace.modelBytes(2))
      try daemon.waitForCleanOutputs()
      #expect(daemon.state("digits")?.report.error == nil)
    }
  }

  @Test("A link that is retargeted is followed, and so is what it leads to") func link() async throws {
    let workspace = try DaemonWorkspace()
    for variant in 0..<3 { try workspace.writeModel(variant, to: "versions/v\(variant)/model.safetensors") }
    @Sendable func retarget(_ variant: Int) throws {
      let link = workspace.path("current")
      try FileManager.default.createSymbolicLink(
        atPath: link + ".new", withDestinationPath: workspace.path("versions/v\(variant)"))
      #expect(rename(link + ".new", link) == 0)
    }
    try retarget(0)
    try workspace.writePipeline("digits", model: "../current/model.safetensors")
    try await withDaemon(workspace) { daemon in
      let before = try workspace.output("digits")
      try retarget(1)
      try daemon.waitForCleanOutputs()
      #expect(try workspace.output("digits") != before)
      try workspace.writeModel(5, to: "versions/v1/model.safetensors")
      try daemon.waitForCleanOutputs()
    }
  }

  @Test("A folder of models that is deleted and made again is built from, and so is a model that joins it")
  func folder() async throws {
    let workspace = try DaemonWorkspace()
    for variant in 0..<2 { try workspace.writeModel(variant, to: "models/m\(variant).safetensors") }
    try workspace.write(
      "model: ../models/*.safetensors\nstages: [{prune: {sparsity: 0.5}}]\noutputs: ['../build/${model}.condensed']\n",
      to: "pipelines/all.yaml")
    try await withDaemon(workspace) { daemon in
      #expect(daemon.service.pipelines.names.count == 2)
      let names = daemon.service.pipelines.names
      try workspace.writeModel(2, to: "models/m2.safetensors")
      try daemon.wait(for: "the third") { daemon.service.pipelines.names.count == 3 }
      try workspace.remove("models")
      try daemon.wait(for: "an error") { daemon.service.pipelines.byName.values.contains { $0.report.error != nil } }
      for variant in 0..<2 { try workspace.writeModel(variant + 7, to: "models/m\(variant).safetensors") }
      try daemon.wait(for: "the first two") {
        daemon.service.pipelines.names == names
          && daemon.service.pipelines.byName.values.allSatisfy { $0.report.error == nil }
      }
      try daemon.waitForCleanOutputs()
    }
  }

  @Test("A missing model is an error until it comes, also in a folder that is not there yet") func missing()
    async throws
  {
    let workspace = try DaemonWorkspace()
    try workspace.writePipeline("digits", model: "../later/deep/model.safetensors")
    try await withDaemon(workspace) { daemon in
      #expect(try #require(daemon.state("digits")?.report.error).contains("there is no model"))
      try workspace.writeModel(1, to: "later/deep/model.safetensors")
      try daemon.waitUntilWell("digits")
    }
  }

  @Test("A model in shards that come one after the other is built when the last is there") func shards() async throws {
    let workspace = try DaemonWorkspace()
    let names = ["model-1.safetensors", "model-2.safetensors"]
    let index = """
      {"weight_map": {"a": "\(names[0])", "b": "\(names[1])"}}
      """
    @Sendable func shard(_ name: String) throws -> Data {
      let header = try SafetensorsHeader.laidOut([(name, .f32, try Shape([2, 2]))])
      return Data(header.encoded().array + [UInt8](repeating: 7, count: 16))
    }
    try workspace.writePipeline("digits", model: "../parts/model.safetensors.index.json")
    try await withDaemon(workspace, { $0.modelPatience = 0 }) { daemon in
      try workspace.write(index, to: "parts/model.safetensors.index.json")
      try daemon.wait(for: "the error") { daemon.errors("digits").last?.contains("is missing") ?? false }
      try daemon.settle()
      try shard("a").write(to: URL(fileURLWithPath: workspace.path("parts/" + names[0])), options: .atomic)
      try daemon.wait(for: "the error") { daemon.errors("digits").last?.contains(names[1]) ?? false }
      try daemon.settle()
      try shard("b").write(to: URL(fileURLWithPath: workspace.path("parts/" + names[1])), options: .atomic)
      try daemon.waitUntilWell("digits")
    }
  }
}

@Suite("A daemon and models that are being written") struct UnfinishedModelTests {
  /// Has the daemon look at everything, whatever it waits for.
  private static func lookAround(_ daemon: RunningDaemon) throws {
    try daemon.workspace.writePipeline("marker", model: "../small.safetensors")
    try daemon.wait(for: "the other pipeline") { daemon.builtCount("marker") == 1 }
    daemon.service.sweep()
    try daemon.wait(for: "the end of what runs") { daemon.service.queueDepth == 0 }
  }

  /// How a model gets there.
  struct Arrival: Sendable {
    /// Whether the file is closed after the first half and opened again, rather than held open.
    var isClosedBetween: Bool
    /// Whether there was no model before, nor a pipeline.
    var isNew: Bool
    var side: Int
  }

  static let arrivals = [
    Arrival(isClosedBetween: false, isNew: false, side: 2500),
    Arrival(isClosedBetween: true, isNew: false, side: 200),
    Arrival(isClosedBetween: false, isNew: true, side: 200),
    Arrival(isClosedBetween: true, isNew: true, side: 200),
  ]

  @Test("Of a model that is written in halves, 50 MB or small, there is one build, of the whole", arguments: arrivals)
  func halves(arrival: Arrival) async throws {
    let gate = Gate()
    gate.open()
    let workspace = try DaemonWorkspace(stages: .withGate(gate))
    let (isClosedBetween, isNew) = (arrival.isClosedBetween, arrival.isNew)
    @Sendable func writePipeline() throws {
      try workspace.writePipeline("digits", "[{gate: {}}]", output: "safetensors")
    }
    try workspace.writeModel(3, to: "small.safetensors")
    if isNew { try workspace.remove("model.safetensors") } else { try writePipeline() }
    let bytes = try workspace.modelBytes(1, side: arrival.side)
    try await withDaemon(workspace) { daemon in
      let before = daemon.builtCount("digits")
      let path = workspace.path("model.safetensors")
      if isNew { try Data().write(to: URL(fileURLWithPath: path)) }
      var file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try file.truncate(atOffset: 0)
      try file.write(contentsOf: bytes[..<(bytes.count / 2)])
      if isClosedBetween { try file.close() }
      if isNew { try writePipeline() }
      try UnfinishedModelTests.lookAround(daemon)
      #expect(daemon.errors("digits") == [])
      #expect(daemon.state("marker")?.report.error == nil)
      if isClosedBetween {
        file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.seekToEnd()
      }
      try file.write(contentsOf: bytes[(bytes.count / 2)...])
      try file.close()
      try daemon.wait(for: "the build") { daemon.builtCount("digits") == before + 1 }
      try daemon.settle()
      #expect(daemon.builtCount("digits") == before + 1)
      #expect(daemon.errors("digits") == [])
      let logged = workspace.builds().flatMap(\.pipelines).filter { $0.name == "digits" }
      #expect(logged.count { $0.status == .built } == before + 1)
      #expect(logged.allSatisfy { $0.error == nil })
      #expect(try workspace.data("build/digits.safetensors") == workspace.cleanOutputs()["digits.safetensors"])
    }
  }

  @Test("A model that stays half is an error in the end, though nothing happens any more") func staysHalf() async throws
  {
    let workspace = try DaemonWorkspace()
    try workspace.writePipeline("digits")
    try await withDaemon(workspace, { $0.modelPatience = 0.2 }) { daemon in
      let output = try workspace.output("digits")
      let bytes = try workspace.modelBytes(1)
      try Data(bytes.dropLast(5)).write(to: URL(fileURLWithPath: workspace.path("model.safetensors")), options: .atomic)
      try daemon.waitForError("digits")
      #expect(try #require(daemon.state("digits")?.report.error).contains("the model cannot be read"))
      #expect(try workspace.output("digits") == output)
      try workspace.writeModel(2)
      try daemon.waitUntilWell("digits")
    }
  }

  @Test("A file that is held open and written to no more is taken as it is after a while") func heldOpen() async throws
  {
    let workspace = try DaemonWorkspace()
    try workspace.writePipeline("digits")
    try await withDaemon(
      workspace,
      {
        $0.settling.stillness = .milliseconds(50)
        $0.modelPatience = 0.1
      }
    ) { daemon in
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: workspace.path("model.safetensors")))
      try file.truncate(atOffset: 0)
      try file.write(contentsOf: workspace.modelBytes(4))
      try daemon.waitForCleanOutputs()
      try file.truncate(atOffset: 100)
      try daemon.waitForError("digits")
      try file.close()
    }
  }

  @Test("New pipelines are served, and gone ones are not, while a model is being written") func othersMeanwhile()
    async throws
  {
    let workspace = try DaemonWorkspace()
    try workspace.writeModel(3, to: "small.safetensors")
    try workspace.writePipeline("digits")
    try workspace.writePipeline("gone", model: "../small.safetensors")
    // So long that the file stays held until it is closed.
    try await withDaemon(
      workspace,
      {
        $0.settling.stillness = .seconds(2 * longestWait)
        $0.settling.longestStillness = .seconds(2 * longestWait)
        $0.modelPatience = 0
      }
    ) { daemon in
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: workspace.path("model.safetensors")))
      try file.truncate(atOffset: 100)
      daemon.daemon.watcher.flush()
      try workspace.writePipeline("fresh", model: "../small.safetensors")
      try daemon.wait(for: "the new one") { daemon.builtCount("fresh") > 0 }
      #expect(daemon.builtCount("fresh") == 1)
      try workspace.remove("pipelines/gone.yaml")
      try daemon.wait(for: "the other to be gone") { daemon.removals() == ["gone"] }
      #expect(daemon.service.pipelines.names == ["digits", "fresh"])
      #expect(daemon.errors("digits") == [])
      // Whatever is looked at, and however often, the file stays held.
      daemon.service.sweep()
      try daemon.wait(for: "the end of it") { daemon.service.queueDepth == 0 }
      #expect(daemon.errors("digits") == [])
      try file.truncate(atOffset: 0)
      try file.seek(toOffset: 0)
      try file.write(contentsOf: workspace.modelBytes(6))
      try file.close()
      try daemon.waitForCleanOutputs()
      #expect(daemon.errors("digits") == [])
    }
  }

  @Test("A file that comes to rest together with a call to look at everything is no longer held") func rescan()
    async throws
  {
    let workspace = try DaemonWorkspace()
    try workspace.writeModel(3, to: "small.safetensors")
    try workspace.writePipeline("digits")
    try await withDaemon(
      workspace,
      {
        $0.settling.stillness = .seconds(2 * longestWait)
        $0.settling.longestStillness = .seconds(2 * longestWait)
      }
    ) { daemon in
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: workspace.path("model.safetensors")))
      try file.truncate(atOffset: 100)
      daemon.daemon.watcher.flush()
      try workspace.writePipeline("fresh", model: "../small.safetensors")
      try daemon.wait(for: "the other") { daemon.builtCount("fresh") > 0 }
      try file.truncate(atOffset: 0)
      try file.seek(toOffset: 0)
      try file.write(contentsOf: workspace.modelBytes(6))
      daemon.daemon.settler.insertRescan()
      try file.close()
      try daemon.waitForCleanOutputs()
    }
  }
}
