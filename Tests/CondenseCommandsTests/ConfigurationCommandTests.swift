import Foundation
import Testing

@Suite("Commands in a configured workspace")
struct ConfigurationCommandTests {
  @Test("Pipelines are looked for where the configuration says, with its defaults, and artifacts kept where it says")
  func configured() throws {
    let runner = try CommandRunner()
    try runner.writeModel()
    for folder in ["apps/a/pipelines", "apps/b/pipelines/old", "other"] {
      try FileManager.default.createDirectory(atPath: runner.path(folder), withIntermediateDirectories: true)
    }
    try runner.write(
      """
      pipelines: apps/*/pipelines
      ignore: [old]
      jobs: 1
      cache: {folder: other/cache}
      defaults: {model: model.safetensors, checks: {ratio: {min: 1000}}}
      """, to: "condense.yaml")
    let text = "stages: [huffman]\noutputs: ['${name}.condensed']\n"
    try runner.write(text, to: "apps/a/pipelines/a.yaml")
    try runner.write(text + "checks: {ratio: {min: 0}}\n", to: "apps/b/pipelines/b.yaml")
    try runner.write("nonsense", to: "apps/b/pipelines/old/c.yaml")
    try runner.write("nonsense", to: "pipelines/d.yaml")
    let result = try runner.run("build", "--json", "--keep-going", environment: ["CONDENSE_CACHE_DIR": ""])
    #expect(result.status == 1)
    let pipelines = try result.json()["pipelines"] as? [[String: Any]]
    #expect(pipelines?.map { $0["name"] as? String } == ["a", "b"])
    #expect(pipelines?.map { $0["status"] as? String } == ["failed", "cached"])
    #expect(FileManager.default.fileExists(atPath: runner.path("other/cache")))
    #expect(FileManager.default.fileExists(atPath: runner.path("apps/b/pipelines/b.condensed")))
  }

  @Test("A configuration with errors is shown, and nothing is built")
  func invalid() throws {
    let runner = try CommandRunner()
    try runner.writeModel()
    try runner.writePipeline("p", "[huffman]")
    try runner.write("jobs: x\n", to: "condense.yaml")
    for command in ["build", "check"] {
      let result = try runner.run(command)
      #expect(result.status == 65)
      #expect(result.errors.contains("condense.yaml:1:7: error: expected a whole number"))
    }
    #expect(!FileManager.default.fileExists(atPath: runner.path("build")))
  }

  @Test("A folder of pipelines that is not there is told at its place, and the others are built")
  func missingFolder() throws {
    let runner = try CommandRunner()
    try runner.writeModel()
    try runner.writePipeline("p", "[huffman]")
    try runner.write("pipelines: [pipelines, apps/*/pipelines]\n", to: "condense.yaml")
    let result = try runner.run("build")
    #expect(result.status == 65)
    #expect(result.errors.contains("condense.yaml:1:24: error: there is no folder 'apps/*/pipelines'"))
    #expect(FileManager.default.fileExists(atPath: runner.path("build/p.condensed")))
  }

  @Test("Another workspace inside a pipeline folder is refused, and the rest is checked")
  func innerWorkspace() throws {
    let runner = try CommandRunner()
    try runner.writeModel()
    try runner.writePipeline("p", "[huffman]")
    try FileManager.default.createDirectory(atPath: runner.path("pipelines/inner"), withIntermediateDirectories: true)
    try runner.write("", to: "pipelines/inner/condense.yaml")
    let result = try runner.run("check")
    #expect(result.status == 65)
    #expect(result.errors.contains("pipelines/inner/condense.yaml: error: another workspace inside the pipelines of"))
    #expect(result.output == "1 of 1 pipeline file valid\n")
  }
}
