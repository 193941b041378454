import Foundation
import Testing

@Suite("Beginning")
struct InitCommandTests {
  @Test("A starter pipeline is made from the model that is there, passes its check and builds")
  func starter() throws {
    let runner = try CommandRunner()
    try FileManager.default.createDirectory(atPath: runner.path("new"), withIntermediateDirectories: true)
    try runner.writeModel((0..<8192).map { Float($0 * $0 % 17) - 8.25 })
    try FileManager.default.moveItem(
      atPath: runner.path("model.safetensors"), toPath: runner.path("new/model.safetensors"))
    let result = try runner.run("init", "new")
    #expect(result.status == 0)
    #expect(result.output == "wrote new/pipelines/starter.yaml\nwrote new/pipelines/pipeline.schema.json\n")
    let check = try runner.run("check", "new/pipelines")
    #expect(check.status == 0 && check.errors.isEmpty, "\(check.errors)")
    let schema = try runner.run("schema")
    #expect(try String(decoding: runner.data("new/pipelines/pipeline.schema.json"), as: UTF8.self) == schema.output)
    let build = try runner.run("build", "new/pipelines")
    #expect(build.output.contains("new/build/model.condensed"))
  }

  @Test("Nothing is overwritten")
  func existing() throws {
    let runner = try CommandRunner()
    try runner.write("mine", to: "pipelines/starter.yaml")
    let result = try runner.run("init")
    #expect(result.status == 1)
    #expect(result.errors.contains("pipelines/starter.yaml' is there already"))
    #expect(try runner.data("pipelines/starter.yaml") == Data("mine".utf8))
    #expect(!FileManager.default.fileExists(atPath: runner.path("pipelines/pipeline.schema.json")))
  }

  @Test("The schema knows what the workspace gives all pipelines")
  func schema() throws {
    let runner = try CommandRunner()
    let plain = try runner.run("schema")
    #expect(plain.status == 0)
    try runner.write("defaults: {model: m.safetensors, stages: [huffman]}\n", to: "condense.yaml")
    #expect(try runner.run("schema").output != plain.output)
  }
}
