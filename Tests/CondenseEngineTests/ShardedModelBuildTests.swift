import CondenseModels
import CondenseTensors
import TestSupport
import Testing

@Suite("A sharded model")
struct ShardedModelBuildTests {
  @Test("Of a sharded model only the shard that changed is read again")
  func touchedShard() throws {
    let workspace = try TemporaryWorkspace()
    var random = SeededGenerator(seed: 7)
    let shards = [["a", "b"], ["c"], ["d", "e"]]
    for (number, names) in shards.enumerated() {
      try workspace.writeModel(
        names.map { ($0, try Tensor.randomWeights([8, 16], using: &random)) }, to: "m-\(number).safetensors")
    }
    let map = shards.enumerated().flatMap { number, names in names.map { "\"\($0)\": \"m-\(number).safetensors\"" } }
    try workspace.write("{\"weight_map\": {\(map.joined(separator: ", "))}}", to: "m.safetensors.index.json")
    try workspace.write(
      "model: ../m.safetensors.index.json\nstages: [prune: {sparsity: 0.5}]\noutputs: [../out.condensed]",
      to: "pipelines/p.yaml")
    let format = CountingFormat()
    let formats = ModelFormats([format, CondensedFormat()])

    #expect(try workspace.build(formats: formats).report.actions.ran == 5)
    #expect(format.takeRead() == ["a", "b", "c", "d", "e"])
    #expect(try workspace.build(formats: formats).report.actions.ran == 0)
    #expect(format.takeRead() == [])

    try workspace.writeModel([("c", try Tensor.randomWeights([8, 16], using: &random))], to: "m-1.safetensors")
    let result = try workspace.build(formats: formats)
    #expect(result.report.actions.ran == 1 && result.report.actions.total == 5)
    #expect(format.takeRead() == ["c"])
    #expect(try workspace.tensors(of: "out.condensed").count == 5)
    #expect(try workspace.build(formats: formats).report.actions.ran == 0)
    #expect(format.takeRead() == [], "the new shard is known now, the others still are")
  }
}
