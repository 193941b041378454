import ArgumentParser
import CondenseEngine
import CondensePipelines
import CondensePlugins
import CondenseReports
import CondenseStages
import Foundation

struct PluginsCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Tries a stage on many tensors: whether it keeps what the protocol asks for.",
    discussion: """
      Types and shapes are kept, metrics are those described, the same input gives the same bytes, also when several run \
      at a time, and the stage ends when nobody wants its result. Built-in stages can be checked too.
      """)

  @Argument(help: "A stage's name.")
  var name: String

  @Option(
    help: ArgumentHelp(
      "Set a parameter, such as a file that the stage cannot do without; repeatable.", valueName: "name=value"))
  var set: [String] = []

  @OptionGroup var location: WorkspaceOptions

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let console = Console()
    let workspace = try location.resolvedWorkspace()
    let stages = Toolbox.current.stages(of: workspace)
    console.show(stages.problems, workspace: workspace)
    guard let stage = stages.registry.stage(named: name) else {
      if stages.registry.unavailable[name] != nil { throw ExitCode.failure }
      throw ValidationError("unknown stage '\(name)'; there are \(stages.registry.names.joined(separator: ", "))")
    }
    let parameters = try parameters(of: stage.description)
    let checks =
      if let plugin = stage as? ProcessStage {
        plugin.conformance(parameters: parameters)
      } else {
        StageConformance(stage, parameters: parameters).checks()
      }
    let failed = checks.count { $0.problem != nil }
    if json {
      console.result(try JSONOutput.text(ConformanceDocument(stage: name, checks)))
    } else {
      for check in checks {
        let problem = check.problem.map { ": " + $0 } ?? ""
        console.result("\(check.problem == nil ? "passed" : "FAILED")  \(check.name)\(problem)")
      }
      console.result(
        "\(name): \(failed == 0 ? "all \(checks.count) checks passed" : "\(failed) of \(checks.count) checks failed")")
    }
    if failed > 0 { throw ExitCode.failure }
  }

  private func parameters(of description: StageDescription) throws -> StageParameters {
    var parameters: StageParameters = [:]
    for text in set {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let known = description.parameters.first(where: { $0.name == parts[0] }) else {
        let names = description.parameters.map(\.name).joined(separator: ", ")
        let expected = names.isEmpty ? "\(name) has no parameters" : "expected one of \(names), '=' and a value"
        throw ValidationError("--set \(text): \(expected)")
      }
      parameters[known.name] = PluginsCheckCommand.value(parts[1], known.type)
    }
    return parameters
  }

  /// What a text is for a parameter of a type.
  private static func value(_ text: String, _ type: ParameterType) -> ParameterValue {
    switch type {
    case .path: return .string(AbsolutePath.resolve(text, from: FileManager.default.currentDirectoryPath))
    case .text, .word: return .string(text)
    default: break
    }
    if let flag = ["true": true, "false": false][text] { return .bool(flag) }
    return Int(text).map { .integer($0) } ?? Double(text).map { .number($0) } ?? .string(text)
  }
}

/// What `condense plugins check --json` prints.
struct ConformanceDocument: Encodable {
  var stage: String
  var passed: Bool
  var checks: [Check]

  struct Check: Encodable {
    var name: String
    var passed: Bool
    var problem: Nullable<String>
  }

  init(stage: String, _ checks: [StageConformance.Check]) {
    self.stage = stage
    passed = checks.allSatisfy { $0.problem == nil }
    self.checks = checks.map { Check(name: $0.name, passed: $0.problem == nil, problem: Nullable($0.problem)) }
  }
}
