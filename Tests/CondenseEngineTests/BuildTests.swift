import CondenseEngine
import CondensePipelines
import CondenseTensors
import Foundation
import TestSupport
import Testing

@Suite("A build")
struct BuildTests {
  private static let chain = "[{prune: {sparsity: 0.75}}, {cluster: {bits: 3}}, {quantize: {dtype: int8}}, huffman]"

  /// Two weights and a bias.
  private static func layers(seed: UInt64 = 1) throws -> [(String, Tensor)] {
    var generator = SeededGenerator(seed: seed)
    return [
      ("a.weight", try .randomWeights([12, 20], using: &generator)),
      ("a.bias", try .randomWeights([12], using: &generator)),
      ("b.weight", try .randomWeights([5, 12], using: &generator)),
    ]
  }

  private static func workspace(_ stages: String = chain) throws -> TemporaryWorkspace {
    let workspace = try TemporaryWorkspace()
    try workspace.writeModel(layers())
    try workspace.writePipeline("p", stages: stages)
    return workspace
  }

  @Test("Everything runs once, and a second build runs nothing")
  func nothingTwice() throws {
    let workspace = try Self.workspace()
    let first = try workspace.build()
    #expect(first.report.pipelines.map(\.status) == [.built])
    // Three lossy stages on two weights, packing on all three tensors.
    #expect(first.report.actions.total == 9)
    #expect(first.report.actions.ran == 9)
    let second = try workspace.build()
    #expect(second.report.pipelines.map(\.status) == [.cached])
    #expect(second.report.actions.ran == 0)
    #expect(second.report.actions.cached == 9)
    #expect(second.report.pipelines[0].outputs.map(\.wasWritten) == [false])
    #expect(second.report.pipelines[0].outputs.map(\.sha256) == first.report.pipelines[0].outputs.map(\.sha256))
  }

  @Test("A deleted or edited output is published again, and nothing runs", arguments: ["deleted", "edited", "grown"])
  func outputRestored(what: String) throws {
    let workspace = try Self.workspace()
    _ = try workspace.build()
    let url = URL(fileURLWithPath: workspace.path("build/p.condensed"))
    let before = try Data(contentsOf: url)
    var edited = before
    switch what {
    case "deleted": try FileManager.default.removeItem(at: url)
    case "edited":
      edited[edited.count / 2] ^= 1
      try edited.write(to: url)
    default: try (before + Data([0])).write(to: url)
    }
    let again = try workspace.build()
    #expect(again.report.actions.ran == 0)
    #expect(again.report.pipelines[0].outputs.map(\.wasWritten) == [true])
    #expect(try Data(contentsOf: url) == before)
  }

  @Test("A comment, another order of keys, a touched or rewritten model run nothing")
  func harmlessEdits() throws {
    let workspace = try Self.workspace("[{prune: {sparsity: 0.5, scope: model}}, {cluster: {bits: 2}}, huffman]")
    _ = try workspace.build()
    try workspace.write(
      """
      # the same, said another way
      outputs:
        - ../build/p.condensed
      stages:
        - prune: {scope: model, sparsity: 50%}
        - cluster: {count: 4, scope: tensor}
        - huffman: {layout: auto}
      model: ../model.safetensors
      """, to: "pipelines/p.yaml")
    #expect(try workspace.build().report.actions.ran == 0)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1_000_000_000)], ofItemAtPath: workspace.path("model.safetensors")
    )
    #expect(try workspace.build().report.actions.ran == 0)
    try workspace.writeModel(Self.layers())
    #expect(try workspace.build().report.actions.ran == 0)
    // Names are no part of what a tensor is.
    try workspace.writeModel(Self.layers().map { ("renamed." + $0.0, $0.1) })
    let renamed = try workspace.build()
    #expect(renamed.report.actions.ran == 0)
    #expect(renamed.report.pipelines[0].outputs.map(\.wasWritten) == [true])
  }

  @Test("A change to the last stage runs only that")
  func lastStage() throws {
    let workspace = try Self.workspace()
    _ = try workspace.build()
    try workspace.writePipeline(
      "p", stages: Self.chain.replacingOccurrences(of: "huffman", with: "{huffman: {layout: dense}}"))
    let changed = try workspace.build().report
    #expect(changed.actions.ran == 3)
    #expect(changed.pipelines[0].stages.map(\.actions.ran) == [0, 0, 0, 3])
  }

  @Test("One changed tensor runs exactly that tensor's actions")
  func oneTensor() throws {
    let workspace = try Self.workspace()
    _ = try workspace.build()
    var layers = try Self.layers()
    layers[2].1 = try Self.layers(seed: 2)[2].1
    try workspace.writeModel(layers)
    let changed = try workspace.build().report.pipelines[0]
    let ran = changed.tensors.map { tensor in tensor.steps.filter(\.ran).map(\.stage) }
    #expect(ran == [[], [], ["prune", "cluster", "quantize", "huffman"]])
  }

  @Test("Pipelines that share a prefix run it once, in one command and in two", arguments: [true, false])
  func sharedPrefix(together: Bool) throws {
    let workspace = try Self.workspace()
    try workspace.writePipeline("q", stages: "[{prune: {sparsity: 0.75}}, {cluster: {bits: 3}}, huffman]")
    if together {
      let report = try workspace.build("p", "q").report
      #expect(report.pipelines.map(\.actions.ran) == [9, 2])
      // The bias is packed alike in both.
      #expect(report.pipelines.map(\.actions.cached) == [0, 5])
      #expect(report.actions.total == 11)
    } else {
      #expect(try workspace.build("p").report.actions.ran == 9)
      #expect(try workspace.build("q").report.actions.ran == 2)
    }
  }

  @Test(
    "A tensor that a lossy stage cannot take is named with the element",
    arguments: ["prune: {sparsity: 0.5}", "cluster: {bits: 2}", "quantize: {}"])
  func notFinite(stage: String) throws {
    let workspace = try Self.workspace("[{\(stage)}]")
    var values = [Float](repeating: 1, count: 6)
    values[4] = .nan
    try workspace.writeModel([("good", Tensor([1, 2, 3, 4], shape: [2, 2])), ("bad", Tensor(values, shape: [2, 3]))])
    let report = try workspace.build().report.pipelines[0]
    #expect(report.status == .failed)
    #expect(report.error?.contains("tensor 'bad'") == true)
    #expect(report.error?.contains("element 4") == true)
    #expect(!FileManager.default.fileExists(atPath: workspace.path("build/p.condensed")))
  }

  @Test("Where a check fails, the previous output stays and the report tells the value")
  func failingCheck() throws {
    let workspace = try Self.workspace()
    _ = try workspace.build()
    let before = try workspace.data("build/p.condensed")
    try workspace.writePipeline(
      "p", stages: "[{prune: {sparsity: 0.5}}, huffman]", more: "checks: {density: {max: 10%}}")
    let report = try workspace.build().report.pipelines[0]
    #expect(report.status == .failed)
    #expect(report.checks.map(\.held) == [false])
    #expect(report.error?.contains("density is 0.5") == true)
    #expect(report.outputs.isEmpty)
    #expect(try workspace.data("build/p.condensed") == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: workspace.path("build")) == ["p.condensed"])
  }

  @Test("Other pipelines are built although one file is invalid or one tensor is refused")
  func independentPipelines() throws {
    let workspace = try Self.workspace()
    try workspace.write("model: [", to: "pipelines/broken.yaml")
    try workspace.write(
      "model: ../none.safetensors\nstages: [huffman]\noutputs: [../x.condensed]\n", to: "pipelines/gone.yaml")
    let result = try workspace.build(keepGoing: true)
    #expect(result.hasInvalidInput)
    #expect(result.report.pipelines.map(\.name) == ["broken", "gone", "p"])
    #expect(result.report.pipelines.map(\.status) == [.failed, .failed, .built])
    let missing = result.diagnostics.first { $0.diagnostic.file.hasSuffix("gone.yaml") }?.diagnostic
    #expect(missing?.range?.start.line == 1)
    #expect(missing?.message.contains("there is no model '../none.safetensors'") == true)
  }

  @Test("Outputs and store are the same for any number of jobs and any order")
  func anyOrder() throws {
    var outputs: [[Data]] = []
    var stores: [[String]] = []
    for (jobs, names) in [(1, ["p", "q"]), (8, ["p", "q"]), (3, ["q", "p"])] {
      let workspace = try Self.workspace()
      workspace.jobs = jobs
      try workspace.writePipeline("q", stages: "[{prune: {sparsity: 0.9, scope: model}}, huffman]")
      for name in names { #expect(try workspace.build(name).report.pipelines[0].status == .built) }
      outputs.append(try ["build/p.condensed", "build/q.condensed"].map { try workspace.data($0) })
      stores.append(
        workspace.store.allActions().map { "\($0.key) \($0.artifact.digest)" }
          + workspace.store.allArtifacts().map(\.hex))
    }
    #expect(outputs[0] == outputs[1] && outputs[0] == outputs[2])
    #expect(stores[0] == stores[1] && stores[0] == stores[2])
  }

  @Test("Artifacts that vanish from the store are made again")
  func lostArtifacts() throws {
    let workspace = try TemporaryWorkspace()
    var generator = SeededGenerator(seed: 3)
    // Large enough to be files of their own.
    try workspace.writeModel([("w", .randomWeights([200, 300], using: &generator))])
    try workspace.writePipeline("p", stages: "[{prune: {sparsity: 0.1}}, huffman]")
    _ = try workspace.build()
    try FileManager.default.removeItem(atPath: workspace.store.root + "/objects")
    try workspace.writePipeline("p", stages: "[{prune: {sparsity: 0.1}}, {quantize: {dtype: int4}}, huffman]")
    let report = try workspace.build().report
    #expect(report.pipelines[0].status == .built)
    // The pruning again, for the sake of what follows.
    #expect(report.actions.ran == 3)
  }

  @Test("The state folder ignores itself in Git and keeps nothing of a finished build")
  func stateFolder() throws {
    let workspace = try Self.workspace()
    _ = try workspace.build()
    #expect(try String(contentsOfFile: workspace.path(".condense/.gitignore"), encoding: .utf8) == "*\n")
    #expect(try FileManager.default.contentsOfDirectory(atPath: workspace.path(".condense/v1/staging")).isEmpty)
  }

  @Test("State of another version is told of once, and left as it is")
  func otherState() throws {
    let workspace = try TemporaryWorkspace()
    try workspace.writeModel([("w", Tensor([1, 2, 3, 4], shape: [2, 2]))])
    try workspace.writePipeline("p", stages: "[huffman]")
    try FileManager.default.createDirectory(atPath: workspace.path(".condense/v9"), withIntermediateDirectories: true)
    try workspace.write("future", to: ".condense/v9/history")
    #expect(Workspace(root: workspace.root).otherStateVersions == ["v9"])
    #expect(try workspace.build().report.pipelines[0].status == .built)
    #expect(try workspace.data(".condense/v9/history") == Data("future".utf8))
    #expect(Workspace(root: workspace.root).otherStateVersions == [])
  }

  @Test("A stage may stand twice for different tensors; where one tensor would pass both, it is named")
  func stageForSomeTensors() throws {
    let workspace = try TemporaryWorkspace()
    try workspace.writeModel([
      ("a.weight", Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])),
      ("b.weight", Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])),
    ])
    try workspace.writePipeline(
      "apart", stages: "[{cluster: {bits: 1, only: a*}}, {cluster: {id: finer, bits: 2, only: b*}}, huffman]")
    try workspace.writePipeline(
      "both", stages: "[{cluster: {bits: 1, only: a*}}, {cluster: {id: finer, bits: 2, skip: b*}}, huffman]")
    let result = try workspace.build()
    #expect(result.report.pipelines.map(\.status) == [.built, .failed])
    let tensors = try workspace.tensors(of: "build/apart.condensed")
    #expect(tensors.mapValues { Set($0.floats ?? []).count } == ["a.weight": 2, "b.weight": 4])
    #expect(
      result.diagnostics.map(\.diagnostic.message) == [
        "tensor 'a.weight': cluster cannot follow cluster: the weights share values already"
      ])
    #expect(result.diagnostics.first?.diagnostic.range?.start == SourcePosition(line: 2, column: 43))
  }

  @Test("An artifact that is missing when first looked for, and then there, is no loss", arguments: [1, 4])
  func forgetfulStore(jobs: Int) throws {
    let workspace = try TemporaryWorkspace()
    workspace.jobs = jobs
    try workspace.writeModel(Self.layers())
    try workspace.writePipeline("p", stages: Self.chain)
    try workspace.writePipeline("q", stages: Self.chain)
    _ = try workspace.build()
    let published = try workspace.data("build/p.condensed")
    try FileManager.default.removeItem(atPath: workspace.path("build"))
    let result = try workspace.build(store: ForgetfulStore(workspace.store))
    #expect(result.report.pipelines.allSatisfy { $0.error == nil })
    #expect(try workspace.data("build/p.condensed") == published)
  }
}
