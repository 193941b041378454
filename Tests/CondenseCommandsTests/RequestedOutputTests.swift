import Foundation
import Testing

@Suite("condense build --output")
struct RequestedOutputTests {
  private let runner: CommandRunner

  init() throws {
    runner = try CommandRunner()
    try runner.writeModel()
    try runner.writePipeline("p", "[{prune: {sparsity: 0.5}}, huffman]")
  }

  private func build(_ more: String..., to output: String = "elsewhere/x.condensed") throws -> CommandRunner.Result {
    try runner.run(["build", "pipelines/p.yaml", "--output", output] + more)
  }

  @Test("The output goes where the caller says, with its state beside it, and the workspace is left alone")
  func elsewhere() throws {
    let first = try build()
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.output.contains("→ elsewhere/x.condensed"))
    for name in ["build", ".condense"] { #expect(!FileManager.default.fileExists(atPath: runner.path(name))) }
    #expect(FileManager.default.fileExists(atPath: runner.path("elsewhere/.condense")))
    #expect(try build().output.contains("1 pipeline, all cached"))
    let usual = try runner.run("build")
    #expect(usual.output.contains("→ build/p.condensed") && usual.output.contains("0 ran"))
    #expect(try runner.data("build/p.condensed") == runner.data("elsewhere/x.condensed"))
  }

  @Test("Another name in the same folder is another output, and one that is gone is written again")
  func names() throws {
    _ = try build()
    let other = try build(to: "elsewhere/y.condensed")
    #expect(other.output.contains("→ elsewhere/y.condensed"), "\(other.output)")
    try FileManager.default.removeItem(atPath: runner.path("elsewhere/y.condensed"))
    _ = try build(to: "elsewhere/y.condensed")
    #expect(try runner.data("elsewhere/x.condensed") == runner.data("elsewhere/y.condensed"))
  }

  @Test("An input that was not named is an error where it is written, also when the output is up to date")
  func untrackedInputs() throws {
    _ = try build()
    let none = try build("--input", "pipelines/p.yaml")
    #expect(none.status == 65)
    #expect(
      none.errors.hasPrefix("pipelines/p.yaml:1:8: error: '\(runner.root)/model.safetensors' decides what is built"),
      "\(none.errors)")
    let all = try build("--input", "pipelines/p.yaml", "--input", "pipelines/../model.safetensors")
    #expect(all.status == 0, "\(all.errors)")
    try runner.write("", to: "condense.yaml")
    let configured = try build("--input", "pipelines/p.yaml", "--input", "model.safetensors")
    #expect(configured.status == 65 && configured.errors.contains("/condense.yaml' decides"))
  }

  @Test("An input that was not named is listed where the caller asks for that, in every build, and all is built")
  func listedInputs() throws {
    func build() throws -> CommandRunner.Result { try self.build("--input", "pipelines/p.yaml", "--unlisted", "list") }
    try runner.write("", to: "list")
    for _ in 0..<2 {
      let result = try build()
      #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
      #expect(FileManager.default.fileExists(atPath: runner.path("elsewhere/x.condensed")))
      #expect(try runner.data("list") == Data("\(runner.root)/model.safetensors\n".utf8))
      // A build that would be passed over lists it again: the caller asks because the list changes.
      try runner.write("", to: "list")
    }
    let all = try self.build("--input", "pipelines/p.yaml", "--input", "model.safetensors", "--unlisted", "list")
    #expect(all.status == 0, "\(all.errors)")
    #expect(try runner.data("list").isEmpty)
    let nowhere = try self.build("--input", "pipelines/p.yaml", "--unlisted", "nowhere/list")
    #expect(nowhere.status == 65 && nowhere.errors.contains("nowhere/list"), "\(nowhere.errors)")
  }

  @Test(
    "What has not one output is refused where it stands",
    arguments: [
      ("outputs: [../a.condensed, ../b.condensed]", "p.yaml:3:27: error: '"),
      ("outputs: [\"../a-${bits}.condensed\"]\nmatrix: {bits: [3, 4]}", "p.yaml:3:11: error: '"),
      ("", "p.yaml:1:1: error: a base has no output"),
      ("outputs: [../a.safetensors]", "p.yaml:3:11: error: the output is safetensors"),
    ])
  func refusals(outputs: String, message: String) throws {
    try runner.write("model: ../model.safetensors\nstages: [huffman]\n\(outputs)\n", to: "pipelines/p.yaml")
    let result = try build()
    #expect(result.status == 65)
    #expect(result.errors.hasPrefix("pipelines/" + message), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: runner.path("elsewhere/x.condensed")))
  }

  @Test("The model is never replaced")
  func model() throws {
    _ = try build(to: "model.condensed")
    let before = try runner.data("model.condensed")
    try runner.write(
      "model: ../model.condensed\nstages: [{quantize: {dtype: int8}}]\noutputs: [../build/p.condensed]\n",
      to: "pipelines/p.yaml")
    let result = try build(to: "model.condensed")
    #expect(result.status == 65 && result.errors.contains("p.yaml:1:8: error: "), "\(result.errors)")
    #expect(try runner.data("model.condensed") == before)
  }

  @Test(
    "It takes one pipeline file",
    arguments: [
      ["build", "-o", "x.condensed"], ["build", "-o", "x", "pipelines"], ["build", "--input", "x"],
      ["build", "p", "-o", "x", "--unlisted", "y"],
    ])
  func usage(arguments: [String]) throws {
    let result = try runner.run(arguments)
    #expect(result.status == 64, "\(result.errors)")
  }
}
